"""The array operators against DEAP's own, in distribution: the slow loop is the definition."""

import random

import numpy as np
import pytest
from deap import base, tools
from scipy import stats

from evornn.search.core import operators

LOW, UP = np.array([-2.0, -1.0, 0.0, -4.0]), np.array([3.0, 4.0, 1.0, 4.0])
A, B = np.array([0.5, 3.9, 0.25, -3.0]), np.array([2.5, -0.5, 0.75, -2.0])
DRAWS = 4000
STRICT = 1e-4  # each test is a certain number of draws from fixed seeds; a wrong operator fails far below this


class Maximised(base.Fitness):
    weights = (1.0,)


class Individual(list):
    pass


def individuals(fitness: np.ndarray) -> list:
    made = []
    for i, value in enumerate(fitness):
        one = Individual([float(i)])
        one.fitness = Maximised((float(value),))
        made.append(one)
    return made


def same_distribution(ours: np.ndarray, deaps: np.ndarray) -> None:
    """Kolmogorov and Smirnov's two-sample test for each column; counts of ties (unchanged genes) agree as well."""
    for mine, theirs in zip(ours.T, deaps.T, strict=True):
        assert stats.ks_2samp(mine, theirs, method="asymp").pvalue > STRICT


MATING = {
    "blend": ("cxBlend", {"alpha": 0.3}),
    "uniform": ("cxUniform", {"indpb": 0.3}),
    "one_point": ("cxOnePoint", {}),
    "two_point": ("cxTwoPoint", {}),
    "sbx": ("cxSimulatedBinary", {"eta": 3.0}),
    "sbx_bounded": ("cxSimulatedBinaryBounded", {"eta": 3.0, "low": LOW, "up": UP}),
}


@pytest.mark.parametrize("name", operators.MATE)
def test_crossover_agrees_with_deap(name: str) -> None:
    """Each child's genes, and each gene's two children together, are distributed as DEAP's."""
    deap_name, options = MATING[name]
    listed = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in options.items()}
    random.seed(1)
    pairs = [getattr(tools, deap_name)(A.tolist(), B.tolist(), **listed) for _ in range(DRAWS)]
    theirs = np.array(pairs).reshape(DRAWS, 8)
    rng = np.random.default_rng(1)
    ours = np.hstack(operators.MATE[name](rng, np.tile(A, (DRAWS, 1)), np.tile(B, (DRAWS, 1)), **options))
    same_distribution(ours, theirs)
    same_distribution(ours[:, :4] - ours[:, 4:], theirs[:, :4] - theirs[:, 4:])
    # genes that are exchanged together: the pattern of which genes stayed with the first child
    if name in ("uniform", "one_point", "two_point"):
        patterns = [(side[:, :4] == A) @ (1 << np.arange(4)) for side in (ours, theirs)]
        table = np.array([np.bincount(pattern, minlength=16) for pattern in patterns])
        assert stats.chi2_contingency(table[:, table.sum(axis=0) > 0]).pvalue > STRICT


MUTATION = {
    "gaussian": ("mutGaussian", {"mu": 0.1, "sigma": UP - LOW}),
    "polynomial": ("mutPolynomialBounded", {"eta": 4.0, "low": LOW, "up": UP}),
}


@pytest.mark.parametrize("name", MUTATION)
def test_mutation_agrees_with_deap(name: str) -> None:
    deap_name, options = MUTATION[name]
    listed = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in options.items()}
    random.seed(2)
    theirs = np.array([getattr(tools, deap_name)(A.tolist(), indpb=0.4, **listed)[0] for _ in range(DRAWS)])
    rng = np.random.default_rng(2)

    def step(rng: np.random.Generator, genes: np.ndarray, column: np.ndarray) -> np.ndarray:
        return operators.MUTATE[name](rng, genes, column, **options)

    ours = operators.mutate_rows(rng, np.tile(A, (DRAWS, 1)), 0.4, step)
    same_distribution(ours, theirs)
    changed = [(side != A).sum(axis=1) for side in (ours, theirs)]
    table = np.array([np.bincount(count, minlength=5) for count in changed])
    assert stats.chi2_contingency(table).pvalue > STRICT


def test_mutations_without_a_deap_counterpart() -> None:
    """Cauchy steps and uniform resets follow their distributions; a rate of 1 hits every gene, 0 none."""
    rows, rng = np.tile(A, (DRAWS, 1)), np.random.default_rng(3)
    scale = np.array([1.0, 0.5, 2.0, 0.1])
    moved = operators.mutate_rows(rng, rows.copy(), 1.0, lambda r, g, c: operators.cauchy(r, g, c, sigma=scale))
    fresh = operators.mutate_rows(rng, rows.copy(), 1.0, lambda r, g, c: operators.reset(r, g, c, low=LOW, up=UP))
    for i in range(4):
        assert stats.kstest((moved[:, i] - A[i]) / scale[i], "cauchy").pvalue > STRICT
        assert stats.kstest((fresh[:, i] - LOW[i]) / (UP[i] - LOW[i]), "uniform").pvalue > STRICT
    still = operators.mutate_rows(rng, rows.copy(), 0.0, lambda r, g, c: operators.reset(r, g, c, low=LOW, up=UP))
    assert np.array_equal(still, rows)


def test_quick_draws_are_what_they_stand_for() -> None:
    """Masks have their rate, far finer ones than 16 bits in the mean; cotangents of random angles are Cauchy's."""
    rng = np.random.default_rng(4)
    for shape in ((20, 30), (400, 250)):
        size = shape[0] * shape[1]
        for rate in (0.3, 1e-6):
            count = sum(int(operators.hits(rng, shape, rate).sum()) for _ in range(200))
            assert stats.binomtest(count, 200 * size, rate).pvalue > STRICT / 10  # rounding adds a little spread
        assert operators.hits(rng, shape, 1.0).all()
        assert not operators.hits(rng, shape, 0.0).any()
        rows = operators.hits(rng, shape, np.linspace(0.0, 1.0, shape[0])[:, None]).mean(axis=1)
        assert np.corrcoef(rows, np.arange(shape[0]))[0, 1] > 0.95
    many = np.zeros(operators.MANY, dtype=int)
    for draws in (operators.cotangents(rng, 100_000), operators.cauchy(rng, 1.0 * many, many, sigma=np.ones(1))):
        assert stats.kstest(draws, "cauchy").pvalue > STRICT


def test_mixing_bits_is_choosing_numbers() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.standard_cauchy((2, 30, 7))
    a[0, :3], b[1, :3] = [np.nan, np.inf, -0.0], [np.nan, -np.inf, -0.0]
    mask = rng.random(a.shape) < 0.5
    assert operators.mixed(a, b, mask).tobytes() == np.where(mask, b, a).tobytes()


def test_reflection_is_a_walk_between_mirrors() -> None:
    rng = np.random.default_rng(6)
    genomes = LOW + (UP - LOW) * rng.standard_t(2.0, (500, 4))
    genomes[0], genomes[1] = LOW, UP
    mirrored = genomes.copy()
    while ((mirrored < LOW) | (mirrored > UP)).any():
        mirrored = np.where(mirrored < LOW, 2.0 * LOW - mirrored, mirrored)
        mirrored = np.where(mirrored > UP, 2.0 * UP - mirrored, mirrored)
    np.testing.assert_allclose(operators.reflected(genomes, LOW, UP), mirrored, atol=1e-9)


FITNESS = np.array([0.5, 3.0, 1.0, 2.0, 0.1, 2.5])
SELECTING = {
    "tournament": ("selTournament", {"tournsize": 2}),
    "roulette": ("selRoulette", {}),
    "universal": ("selStochasticUniversalSampling", {}),
}


@pytest.mark.parametrize("name", SELECTING)
def test_selection_agrees_with_deap(name: str) -> None:
    """How often each individual is chosen, and how much that varies from one generation to the next."""
    deap_name, options = SELECTING[name]
    random.seed(4)
    pool, rng, k = individuals(FITNESS), np.random.default_rng(4), 6
    theirs = np.array(
        [
            np.bincount([int(one[0]) for one in getattr(tools, deap_name)(pool, k, **options)], minlength=6)
            for _ in range(DRAWS // 2)
        ]
    )
    ours = np.array(
        [np.bincount(operators.SELECT[name](rng, FITNESS, k, **options), minlength=6) for _ in range(DRAWS // 2)]
    )
    same_distribution(ours, theirs)
    table = np.array([ours.sum(axis=0), theirs.sum(axis=0)])
    assert stats.chi2_contingency(table).pvalue > STRICT


def test_ranking_and_truncation() -> None:
    """Baker's expected copies by rank whatever the scale of fitness; truncation takes only the best share."""
    rng, k = np.random.default_rng(5), 60_000
    order = np.argsort(np.argsort(FITNESS))
    expected = (2.0 - 1.6 + 2.0 * 0.6 * order / 5) / 6
    for scale in (1.0, 1e-9):
        counts = np.bincount(operators.rank(rng, FITNESS * scale - 7.0, k, pressure=1.6), minlength=6)
        assert stats.chisquare(counts, expected * k).pvalue > STRICT
    counts = np.bincount(operators.truncation(rng, FITNESS, k, share=0.5), minlength=6)
    assert stats.chisquare(counts[[1, 3, 5]]).pvalue > STRICT
    assert counts[[0, 2, 4]].sum() == 0


@pytest.mark.parametrize("name", operators.SELECT)
@pytest.mark.parametrize(
    "fitness",
    [
        np.full(5, -np.inf),
        np.full(5, 3.0),
        np.zeros(5),
        np.array([-np.inf, -2.0, -np.inf, -1.0, -3.0]),
        np.array([np.inf, 1.0, 2.0, -np.inf, 0.0]),
        np.array([1e308, 1e308, 1e308, 0.0, 1.0]),
        np.array([7.0]),
    ],
    ids=["all failed", "flat", "zero", "some failed", "infinite", "huge", "one"],
)
def test_selection_survives(name: str, fitness: np.ndarray) -> None:
    """Any fitness that a search may be told gives valid indices, and failed members do not win against others."""
    rng = np.random.default_rng(6)
    chosen = operators.SELECT[name](rng, fitness, 400)
    assert chosen.shape == (400,)
    assert ((chosen >= 0) & (chosen < fitness.size)).all()
    if fitness.size == 5 and np.isfinite(fitness).any() and np.isneginf(fitness).any():
        share_failed = np.isneginf(fitness[chosen]).mean()
        assert share_failed < np.isneginf(fitness).mean()
