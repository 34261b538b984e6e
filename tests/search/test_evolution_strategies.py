"""Natural and mutative evolution strategies, differential evolution: each against its paper's equations."""

import functools
import itertools
import math

import numpy as np
import pytest
from scipy import linalg, stats

from evornn.errors import EvornnError
from evornn.genome import Space
from evornn.search import PGPE, SNES, XNES, DifferentialEvolution, EvolutionStrategy, OpenAIES
from evornn.search.core.optimizers import Optimizer
from evornn.search.core.shaping import by_rank, natural_utilities, normal_quantiles, normal_steps
from evornn.search.distribution.pgpe import rewards
from evornn.search.evolution.differential_evolution import others
from evornn.search.evolution.success_history import ParameterMemory
from tests.search.search_checks import box, sphere, steps

N = 5


def unit(dimension: int = N) -> Space:
    return Space(np.zeros(dimension), np.ones(dimension))


@pytest.mark.parametrize("shape", [(30, 5), (20_001, 21)])
def test_normal_steps(shape: tuple[int, int]) -> None:
    """Few and many draws, an odd number of them: normal, and so are the sums of the two that share a radius."""
    steps_taken = normal_steps(np.random.default_rng(3), *shape)
    assert steps_taken.shape == shape
    flat = steps_taken.ravel().astype(float)
    half = (flat.size + 1) // 2
    together = (flat[: flat.size - half] + flat[half:]) / math.sqrt(2.0)
    for sample in (flat, together):
        assert stats.kstest(sample, "norm").pvalue > 1e-3
    quantiles = normal_quantiles(2**16)
    assert (quantiles.mean(), quantiles.var()) == pytest.approx((0.0, 1.0), abs=1e-4)


def one_step(search, fitness=lambda points: -np.square(points - 0.6).sum(axis=1)):
    """Mean and samples [P, D] before, and the fitness that was told."""
    search.ask()
    mean, points = search.mean.copy(), search._points.copy()
    told = fitness(points)
    search.tell(search._genomes, told)
    return mean, points, told


def ranked(fitness: np.ndarray, best_first: np.ndarray) -> np.ndarray:
    return best_first[np.argsort(np.argsort(-fitness))]


# -- natural evolution strategies ------------------------------------------------------------------------------------


def test_utilities_are_the_papers() -> None:
    for size in (2, 7, 40):
        raw = [max(0.0, math.log(size / 2 + 1) - math.log(k)) for k in range(1, size + 1)]
        np.testing.assert_allclose(natural_utilities(size), [u / sum(raw) - 1 / size for u in raw])
        assert natural_utilities(size).sum() == pytest.approx(0.0, abs=1e-15)
    assert by_rank(np.array([1.0, 3.0, 3.0, -np.inf]), np.array([4.0, 2.0, 1.0, 0.5])).tolist() == [1.0, 3.0, 3.0, 0.5]


def test_snes_is_algorithm_6() -> None:
    search = SNES(unit(), 8, seed=1)
    for _ in range(5):
        sigma = search.sigma.copy()
        mean, points, fitness = one_step(search)
        u = ranked(fitness, natural_utilities(8))
        slope_mean = sum(u[k] * (points[k] - mean) / sigma for k in range(8))
        slope_sigma = sum(u[k] * (((points[k] - mean) / sigma) ** 2 - 1) for k in range(8))
        np.testing.assert_allclose(search.mean, mean + sigma * slope_mean)
        np.testing.assert_allclose(
            search.sigma, sigma * np.exp(0.5 * (3 + math.log(N)) / (5 * math.sqrt(N)) * slope_sigma)
        )


def test_xnes_is_algorithm_5() -> None:
    search, rate = XNES(unit(), 8, seed=1), 3 * (3 + math.log(N)) / (5 * N * math.sqrt(N))
    for _ in range(5):
        sigma, shape = search.sigma, search._shape.copy()
        mean, points, fitness = one_step(search)
        u = ranked(fitness, natural_utilities(8))
        s = [np.linalg.solve(shape, points[k] - mean) / sigma for k in range(8)]
        slope = sum(u[k] * (np.outer(s[k], s[k]) - np.eye(N)) for k in range(8))
        size = np.trace(slope) / N
        np.testing.assert_allclose(search.mean, mean + sigma * shape @ sum(u[k] * s[k] for k in range(8)))
        assert search.sigma == pytest.approx(sigma * math.exp(0.5 * rate * size))
        np.testing.assert_allclose(search._shape, shape @ linalg.expm(0.5 * rate * (slope - size * np.eye(N))))


@pytest.mark.parametrize("cls", [SNES, XNES, OpenAIES, PGPE])
def test_a_flat_fitness_teaches_nothing(cls) -> None:
    search = cls(unit(), 12, seed=2)
    steps(search, 20, lambda genomes: np.full(len(genomes), 0.5))
    np.testing.assert_allclose(search.mean, 0.5, atol=1e-12)
    np.testing.assert_allclose(search.sigma, search.first_sigma, rtol=1e-12)


# -- mirrored samples ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [OpenAIES, PGPE])
@pytest.mark.parametrize("population", [10, 11])
def test_samples_are_mirrored(cls, population: int) -> None:
    search = cls(unit(), population, seed=3)
    one_step(search)
    mean, points, _ = one_step(search)
    np.testing.assert_allclose(points[:5] + points[5:10], 2 * np.tile(mean, (5, 1)))
    assert (points[10:] == mean).all()
    assert len(points) == population
    spread = np.concatenate([cls(unit(50), 200, seed=seed, sigma=0.1).ask() for seed in range(5)]) - 0.5
    assert spread.std() == pytest.approx(0.1, rel=0.02)


def test_openai_es_follows_the_ranked_gradient() -> None:
    """Algorithm 2 of the paper, with plain steps; then with Adam as its own code has it."""
    plain = OpenAIES(unit(), 10, seed=4, optimizer="sgd", momentum=0.0, rate=0.01, weight_decay=0.3, sigma=0.05)
    adam = OpenAIES(unit(), 10, seed=4, rate=0.01, sigma=0.05)
    first, second = np.zeros(N), np.zeros(N)
    for t in range(1, 6):
        for search in (plain, adam):
            mean, points, fitness = one_step(search)
            e = (points - mean) / 0.05
            slope = sum(u * e[k] for k, u in enumerate(ranked(fitness, np.linspace(0.5, -0.5, 10)))) / (10 * 0.05)
            if search is plain:
                np.testing.assert_allclose(search.mean, mean + 0.01 * (slope - 0.3 * (mean - 0.5)))
                continue
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            step = 0.01 * (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
            np.testing.assert_allclose(search.mean, mean + step)


def test_pgpe_is_symmetric_sampling_with_a_baseline() -> None:
    """Sehnke et al. (2010), equations 15 and 16, for rewards over half their spread."""
    search = PGPE(unit(), 10, seed=5, shaping="rewards", optimizer="sgd", rate=0.2, sigma_rate=0.1)
    for _ in range(5):
        sigma = search.sigma.copy()
        mean, points, fitness = one_step(search)
        r = 2 * (fitness - fitness.min()) / np.ptp(fitness) - 1
        e, plus, minus = points[:5] - mean, r[:5], r[5:]
        np.testing.assert_allclose(search.mean, mean + 0.2 * np.mean((plus - minus)[:, None] / 2 * e, axis=0))
        slope = np.mean(((plus + minus) / 2 - r.mean())[:, None] * (e**2 - sigma**2) / sigma, axis=0)
        change = np.clip(0.1 * slope, -0.2 * sigma, 0.2 * sigma)
        np.testing.assert_allclose(search.sigma, sigma + change)
    assert rewards(np.array([-np.inf, 0.0, 2.0, np.inf])).tolist() == [-1.0, -1.0, 1.0, 1.0]
    assert not rewards(np.full(3, -np.inf)).any()


def test_clipup_never_goes_faster_than_allowed() -> None:
    step_rule, rng, velocity = Optimizer("clipup", 0.1, 0.9, N), np.random.default_rng(0), np.zeros(N)
    for _ in range(50):
        uphill = rng.standard_normal(N) + 2.0
        velocity = 0.9 * velocity + 0.1 * uphill / np.linalg.norm(uphill)
        velocity *= min(1.0, 0.2 / np.linalg.norm(velocity))
        np.testing.assert_allclose(step_rule.step(uphill), velocity)
    assert np.linalg.norm(velocity) == pytest.approx(0.2)
    assert np.linalg.norm(step_rule.step(np.zeros(N))) == pytest.approx(0.18)


# -- differential evolution ------------------------------------------------------------------------------------------


def test_mutants_are_those_of_the_strategy() -> None:
    """With CR = 1 each trial is base + F (difference) of members that are all different."""
    for strategy in ("rand/1/bin", "best/1/bin"):
        search = DifferentialEvolution(unit(), 6, 3, strategy=strategy, adapt="none", weight=0.4, crossover=1.0)
        pool = search.ask()
        fitness = -np.square(pool - 0.5).sum(axis=1)
        search.tell(pool, fitness)
        best = int(np.argmax(fitness))
        for i, trial in enumerate(search.ask()):
            made = [
                (j, k, m)
                for j, k, m in itertools.product(range(6), repeat=3)
                if np.allclose(repaired(pool[j] + 0.4 * (pool[k] - pool[m]), pool[i]), trial)
                and (j == best and len({i, k, m}) == 3 if strategy == "best/1/bin" else len({i, j, k, m}) == 4)
            ]
            assert made, f"{strategy}: trial {i}"


def repaired(mutant: np.ndarray, parent: np.ndarray) -> np.ndarray:
    return np.where(mutant < 0, parent / 2, np.where(mutant > 1, (1 + parent) / 2, mutant))


def test_a_gene_outside_is_put_halfway_to_the_bound() -> None:
    search = DifferentialEvolution(box(), 30, 4, strategy="rand/1/bin", adapt="none", weight=2.0, crossover=1.0)
    pool = steps(search, 1)[0]
    trials, halfway = search.ask(), [0.5 * (bound + pool) for bound in (search.lower, search.upper)]
    low, high = (np.isclose(trials, half) for half in halfway)
    assert low.sum() > 10
    assert high.sum() > 10
    assert (trials > search.lower).all()
    assert (trials < search.upper).all()


def test_members_never_get_worse_and_known_trials_are_not_asked() -> None:
    search = DifferentialEvolution(unit(2), 12, 5, adapt="none", strategy="rand/1/bin", crossover=0.0)
    held = None
    for _ in range(40):
        genomes = search.ask()
        if held is not None:
            parents = search._pool[search._targets]
            assert (genomes != parents).sum(axis=1).tolist() == [1] * len(genomes), "CR = 0: one gene is crossed"
        search.tell(genomes, sphere(unit(2), genomes))
        assert held is None or (search._pool_fitness >= held).all()
        held = search._pool_fitness.copy()
    twins = DifferentialEvolution(unit(2), 8, 6)
    twins.tell(twins.ask(), np.zeros(8))
    twins._pool[:] = 0.25  # all alike: no trial is new, so all are drawn anew
    assert len(np.unique(twins.ask(), axis=0)) == 8
    assert twins.restarts == 1


def test_others_are_others_and_all_alike() -> None:
    rng, own = np.random.default_rng(0), np.repeat(np.arange(5), 4000)
    one = others(rng, 5, own)
    two = others(rng, 5, own, one)
    assert not ((one == own) | (two == own) | (two == one)).any()
    pairs = np.unique(np.stack((own, one, two)), axis=1, return_counts=True)[1]
    assert pairs.size == 60
    assert stats.chisquare(pairs).pvalue > 1e-3


def test_weights_and_rates_adapt_as_published() -> None:
    f, cr, gain = np.array([0.2, 0.6, 0.9]), np.array([0.1, 0.5, 0.0]), np.array([1.0, 3.0, np.inf])
    jade, shade = (ParameterMemory(name, 0.5, 0.5) for name in ("jade", "shade"))
    jade.learn(f, cr, gain)
    assert jade.weights == pytest.approx(0.9 * 0.5 + 0.1 * (0.04 + 0.36 + 0.81) / 1.7)
    assert jade.rates == pytest.approx(0.9 * 0.5 + 0.1 * 0.2)
    shade.learn(f, cr, gain)
    w = np.array([1.0, 3.0, 3.0]) / 7
    assert shade.weights[:2] == pytest.approx([(w @ f**2) / (w @ f), 0.5])
    assert shade.rates[:2] == pytest.approx([(w @ cr**2) / (w @ cr), 0.5])
    shade.learn(f[:1], np.zeros(1), gain[:1])
    assert np.isnan(shade.rates[1])
    shade.place = 1
    shade.learn(f, cr, gain)
    assert np.isnan(shade.rates[1]), "a rate that died out stays so"
    weights, rates = shade.draw(np.random.default_rng(0), 5000)
    assert ((weights > 0) & (weights <= 1) & (rates >= 0) & (rates <= 1)).all()
    assert (rates == 0).mean() == pytest.approx(1 / 6, abs=0.03)


def test_the_population_shrinks_to_four() -> None:
    search = DifferentialEvolution(unit(), 40, 7, shrink_over=600)
    sizes = []
    while search.evaluations < 700:
        steps(search, 1)
        sizes.append((search.evaluations, len(search._pool)))
    assert all(size == max(4, round(4 + 36 * (1 - spent / 600))) for spent, size in sizes[1:])
    assert sizes[-1][1] == 4
    assert len(search._archive) <= round(2.6 * 4)


# -- evolution strategies --------------------------------------------------------------------------------------------


def test_one_plus_one_follows_the_fifth_rule() -> None:
    search, factor = EvolutionStrategy(unit(), 1, seed=8), math.exp(1 / math.sqrt(N + 1))
    steps(search, 1)
    for _ in range(400):
        sigma, parent, held = search._steps[0, 0], search._parents[0].copy(), search._parent_fitness[0]
        genome = search.ask()
        fitness = sphere(unit(), genome)
        search.tell(genome, fitness)
        if fitness[0] >= held:
            assert (search._parents[0] == genome[0]).all()
            assert search._steps[0, 0] == pytest.approx(min(0.5, sigma * factor))
        else:
            assert (search._parents[0] == parent).all()
            assert search._steps[0, 0] == pytest.approx(sigma * factor**-0.25)
    assert search.best.fitness > -1e-6


def test_comma_forgets_and_plus_keeps() -> None:
    fitness = iter([np.arange(8.0), -np.arange(8.0), -10 - np.arange(8.0)])
    comma, plus = (EvolutionStrategy(unit(), 8, seed=9, parents=2, plus=p) for p in (False, True))
    for told in fitness:
        for search in (comma, plus):
            search.tell(search.ask(), told)
    assert comma._parent_fitness.tolist() == [-10.0, -11.0]
    assert plus._parent_fitness.tolist() == [7.0, 6.0]


def test_log_normal_mutation_is_deaps() -> None:
    """Step sizes and genes spread alike (Kolmogorov-Smirnov); with DEAP's names its own operators do the work."""
    space, ours, theirs = Space(np.full(3, -100.0), np.full(3, 100.0)), [], []
    for mutate, found in (("log_normal", ours), ("mutESLogNormal", theirs)):
        search = EvolutionStrategy(space, 4000, 10, parents=1, mutate=mutate, mate="none", sigma=0.01)
        steps(search, 1)
        parent = search._parents[0].copy()
        found += [np.log(search._open_steps / 0.01) for search in [search] if search.ask().size]
        found += [search._genomes - parent]
    for one, two in zip(ours, theirs, strict=True):
        for gene in range(3):
            assert stats.ks_2samp(one[:, gene], two[:, gene]).pvalue > 1e-3
    together = [np.corrcoef(steps_taken.T)[0, 1] for steps_taken in (ours[0], theirs[0])]
    assert together == pytest.approx([1 / (1 + math.sqrt(3))] * 2, abs=0.05), "one factor is common to all genes"


def spied(function, called: list[str]):
    @functools.wraps(function)
    def call(*arguments, **options):
        called.append(function.__name__)
        return function(*arguments, **options)

    return call


@pytest.mark.parametrize("mate", ["cxESBlend", "cxESTwoPoint"])
def test_deaps_operators_are_called(mate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from deap import tools

    called = []
    for name in (mate, "mutESLogNormal"):
        monkeypatch.setattr(tools, name, spied(getattr(tools, name), called))
    search = EvolutionStrategy(box(), 10, 11, mutate="mutESLogNormal", mate=mate)
    steps(search, 3)
    assert called.count("mutESLogNormal") == 20
    assert called.count(mate) == 10


def test_recombination() -> None:
    parents, sizes = np.random.default_rng(0).random((4, N)), np.random.default_rng(1).random((4, N))
    for mate in ("global", "intermediate", "discrete", "none"):
        search = EvolutionStrategy(unit(), 200, 12, parents=4, mate=mate)
        search._parents, search._steps = parents, sizes
        genomes, steps_of = (np.broadcast_to(part, (200, N)) for part in search._recombined())
        pairs = [(i, j) for i in range(4) for j in range(4)]
        for genome, size in zip(genomes[:50], steps_of[:50], strict=True):
            if mate == "global":
                made = np.allclose(genome, parents.mean(axis=0)) and np.allclose(size, sizes.mean(axis=0))
            elif mate == "intermediate":
                made = any(
                    np.allclose(2 * genome, parents[i] + parents[j]) and np.allclose(2 * size, sizes[i] + sizes[j])
                    for i, j in pairs
                )
            else:
                from_whom = [[int(np.flatnonzero(parents[:, g] == genome[g])[0])] for g in range(N)]
                owners = [who for (who,) in from_whom]
                made = len(set(owners)) <= (2 if mate == "discrete" else 1) and all(
                    sizes[who, g] == size[g] for g, who in enumerate(owners)
                )
            assert made, mate


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"parents": 8}, r"parents is 8.*\[1, 7\]"),
        ({"adapt": "fith"}, "fifth"),
        ({"adapt": "fifth", "mutate": "mutESLogNormal"}, "one step size"),
        ({"mate": "cxESBlend"}, "mutESLogNormal"),
        ({"mate": "discrete", "mutate": "mutESLogNormal"}, "cxESTwoPoint"),
        ({"sigma": 0.7}, r"0.7.*0.5"),
        ({"sigma": 0.01, "sigma_floor": 0.02}, r"sigma_floor.*0.01"),
    ],
)
def test_wrong_options_are_named(options: dict, said: str) -> None:
    with pytest.raises(EvornnError, match=said):
        EvolutionStrategy(unit(), 8, **options)
