"""CMA-ES against the package of its author, step by step, and what it promises about bounds, memory and restarts."""

import numpy as np
import pytest

from evornn import memory
from evornn.errors import EvornnError
from evornn.genome import Space
from evornn.search import CMAES, XNES
from evornn.search.core import shaping
from evornn.search.distribution.cmaes import rates
from evornn.search.distribution.convergence import Convergence
from evornn.search.distribution.covariance import DiagonalCovariance, FullCovariance
from evornn.search.distribution.restart_schedules import RestartSchedule
from tests.search.search_checks import box, steps


def unit(dimension: int) -> Space:
    return Space(np.zeros(dimension), np.ones(dimension))


@pytest.mark.parametrize(("n", "population", "active"), [(10, 10, True), (10, 10, False), (5, 40, True), (12, 6, True)])
def test_agrees_with_pycma_step_by_step(n: int, population: int, active: bool) -> None:
    """Told the same points and values for 60 generations, mean, step size and covariance stay the same."""
    import cma  # pulls pyplot in

    search = CMAES(unit(n), population, sigma=0.01, active=active, restart="none")
    rng, tuned = np.random.default_rng(3), search.rates._replace(gap=1)
    options = {"popsize": population, "seed": np.nan, "randn": lambda *shape: rng.standard_normal(shape)}
    options |= {"verbose": -9, "updatecovwait": 0, "CMA_active": active}
    theirs = cma.CMAEvolutionStrategy(np.full(n, 0.5), 0.01, options)
    theirs.adapt_sigma.cs, theirs.adapt_sigma.damps = tuned.c_sigma, tuned.d_sigma  # newer than the tutorial's
    search.ask()
    search.rates, search.covariance.C = tuned, theirs.sm.C.copy()  # pycma starts a little off the unit matrix
    search.covariance.renew()
    mix = np.random.default_rng(0).standard_normal((n, n)) * np.logspace(0, 2, n)
    for _ in range(60):
        points = np.array(theirs.ask())
        values = np.square((points - 0.47) @ mix).sum(axis=1)
        search._squares = np.square(search.covariance.whiten((points - search.mean) / search.sigma)).sum(axis=1)
        search._learn(search.mean, points, -values)
        theirs.tell(list(points), values.tolist())
        assert search.sigma == pytest.approx(theirs.sigma, rel=1e-7)
        np.testing.assert_allclose(search.mean, theirs.mean, atol=1e-7 * search.sigma)
        np.testing.assert_allclose(search.covariance.C, theirs.sm.C, atol=1e-7 * np.abs(theirs.sm.C).max())
    assert search.sigma != pytest.approx(0.01, rel=0.1), "nothing was adapted"


@pytest.mark.parametrize(("n", "population"), [(2, 6), (10, 10), (40, 15), (100, 1024)])
def test_weights_and_rates_are_pycmas(n: int, population: int) -> None:
    import cma

    ours = rates(n, population)
    theirs = cma.CMAEvolutionStrategy(np.zeros(n), 1.0, {"popsize": population, "verbose": -9}).sp
    np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-10)
    for name, value in {"c_c": theirs.cc, "c_1": theirs.c1, "c_mu": theirs.cmu}.items():
        assert getattr(ours, name) == pytest.approx(value, rel=1e-10), name


def test_the_covariance_is_what_samples_have() -> None:
    """C^(1/2) and its inverse belong to C; the diagonal form is the full one's diagonal."""
    rng, n = np.random.default_rng(0), 6
    full, diagonal = FullCovariance(n), DiagonalCovariance(n)
    for _ in range(20):
        y, path, weights = rng.standard_normal((9, n)), rng.standard_normal(n), np.linspace(0.05, -0.01, 9)
        naive = 0.8 * full.C + 0.1 * np.outer(path, path) + sum(w * np.outer(v, v) for w, v in zip(weights, y))  # noqa: B905
        diagonal.C = np.diag(full.C).copy()
        for covariance in (full, diagonal):
            covariance.adapt(0.8, 0.1, path, weights, y)
            covariance.renew()
        np.testing.assert_allclose(full.C, naive, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(diagonal.C, np.diag(naive), rtol=1e-10)
        assert np.array_equal(full.C, full.C.T)
        z = rng.standard_normal((4, n))
        root = full.stretch(np.eye(n))
        np.testing.assert_allclose(root.T @ root, full.C, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(full.whiten(full.stretch(z)), z, atol=1e-9)
        np.testing.assert_allclose(full.inverse_root(full.inverse_root(z)), z @ np.linalg.inv(full.C), rtol=1e-7)
        np.testing.assert_allclose(diagonal.inverse_root(diagonal.stretch(z)), z)
    assert rates(9, 10, separable=True).c_1 == pytest.approx(11 / 3 * rates(9, 10).c_1)


def test_only_ranks_count_and_ranges_do_not() -> None:
    """Any increasing function of fitness, and any box, leads the same way."""
    wide = Space(np.full(4, -7.0), np.array([13.0, 1.0, 0.0, 99.0]))
    searches = [CMAES(unit(4), seed=1), CMAES(unit(4), seed=1), CMAES(wide, seed=1)]
    for _ in range(40):
        asked = [search.ask() for search in searches]
        np.testing.assert_array_equal(asked[0], asked[1])
        np.testing.assert_allclose(asked[0], (asked[2] - wide.lower) / (wide.upper - wide.lower), atol=1e-9)
        fitness = -np.square(asked[0] - 0.3).sum(axis=1)
        for search, genomes, told in zip(searches, asked, (fitness, np.exp(fitness) * 1e9, fitness), strict=True):
            search.tell(genomes, told)


@pytest.mark.parametrize("separable", [False, True])
def test_an_optimum_on_the_bounds_is_found(separable: bool) -> None:
    space = box(5)
    search = CMAES(space, seed=2, separable=separable, restart="none")
    steps(search, 150, lambda genomes: genomes @ [1.0, -1.0, 1.0, -1.0, 1.0])
    ends = np.where([True, False, True, False, True], space.upper, space.lower)
    np.testing.assert_allclose(search.best.genome, ends, atol=1e-4)


def test_mirroring_at_the_bounds() -> None:
    u = np.array([-2.25, -1.0, -0.25, 0.0, 0.3, 1.0, 1.25, 2.0, 2.75])
    np.testing.assert_allclose(shaping.folded(u), [0.25, 1.0, 0.25, 0.0, 0.3, 1.0, 0.75, 0.0, 0.75])
    inside = np.random.default_rng(0).random(1000)
    assert shaping.folded(inside).tobytes() == inside.tobytes()
    interior = np.array([-2.25, -0.25, 0.3, 1.25, 2.75])
    slope = (shaping.folded(interior + 1e-6) - shaping.folded(interior - 1e-6)) / 2e-6
    np.testing.assert_allclose(shaping.fold_slope(interior), slope, rtol=1e-6)


def test_the_step_size_stays_above_its_floor_and_within_half_the_range() -> None:
    low, high = (CMAES(unit(3), seed=3, sigma_floor=floor, restart="none") for floor in (0.02, 0.0))
    steps(low, 80)
    steps(high, 80)
    assert low.sigma == 0.02
    assert high.sigma < 0.02
    wild = CMAES(unit(3), seed=3, sigma=0.5, restart="none")
    steps(wild, 60, lambda genomes: np.abs(genomes[:, 0] - 0.5))
    assert wild.sigma * wild.covariance.d.max() <= 0.5 * (1 + 1e-12)


def test_impossible_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "physical_memory", lambda: 64 * 2**30)
    space = unit(100_000)
    with pytest.raises(EvornnError, match=r"560,\d+,\d+,\d+ bytes.*separable=True"):
        CMAES(space)
    with pytest.raises(EvornnError, match=r"bytes.*SNES"):
        XNES(space)
    assert CMAES(space, separable=True).ask().shape == (38, 100_000)


def test_what_learned_moves_its_sample_and_no_farther_than_samples_go() -> None:
    search = CMAES(unit(4), 8, seed=5)
    genomes = search.ask()
    points = search._points.copy()
    learned = genomes.copy()
    learned[2] += 1e-3
    learned[5] = 1.0
    search.replace(learned)
    np.testing.assert_allclose(search._points[2], points[2] + 1e-3, atol=1e-12)
    lengths = np.linalg.norm(search.covariance.whiten((search._points - search.mean) / search.sigma), axis=1)
    assert lengths[5] == pytest.approx(2.0 + 8 / 6)
    np.testing.assert_allclose(np.square(lengths), search._squares)
    untouched = [0, 1, 3, 4, 6, 7]
    np.testing.assert_array_equal(search._points[untouched], points[untouched])


# -- restarts --------------------------------------------------------------------------------------------------------


def test_ipop_doubles_the_population() -> None:
    """Flat fitness ends each run after 10 + 30 D / lambda generations."""
    search = CMAES(unit(3), 6, seed=1, restart="ipop")
    sizes = [len(genomes) for genomes in steps(search, 70, lambda genomes: np.zeros(len(genomes)))]
    runs = [(6, 10 + 15), (12, 10 + 8), (24, 10 + 4), (48, 12), (96, 1)]
    assert sizes == [size for size, generations in runs for _ in range(generations)]
    assert search.restarts == 4
    assert search.largest == 96


def test_bipop_takes_turns() -> None:
    rng, schedule = np.random.default_rng(0), RestartSchedule("bipop", 10, 0.2)
    kinds, larges, smalls = [], [], []
    for _ in range(200):
        for _ in range(30):
            if schedule.over(schedule.population):
                assert schedule.kind == 1
                assert schedule.run >= schedule.last_large / 2 > schedule.run - schedule.population
                break
        schedule.restart(rng)
        kinds.append(schedule.kind)
        (smalls if schedule.kind else larges).append((schedule.population, schedule.sigma))
        assert schedule.kind == (schedule.spent[1] < schedule.spent[0])
    assert [population for population, _ in larges] == [10 * 2 ** (k + 1) for k in range(len(larges))]
    assert {sigma for _, sigma in larges} == {0.2}
    populations, sigmas = np.array(smalls).T
    assert populations.min() == 10
    assert populations.max() <= larges[-1][0] / 2
    assert 0.002 <= sigmas.min() < 0.004
    assert 0.15 < sigmas.max() <= 0.2
    assert 0 < kinds.count(0) < kinds.count(1)


def test_runs_end_when_they_stagnate_and_not_before() -> None:
    rng, rising, noisy = np.random.default_rng(0), Convergence(4, 10), Convergence(4, 10)
    ended = [noisy.reached(rng.standard_normal(10)) for _ in range(2000)]
    assert 132 <= np.argmax(ended) + 1 < 500
    for generation in range(500):
        assert not rising.reached(rng.standard_normal(10) + 0.05 * generation)
    failing = Convergence(4, 10)
    assert [failing.reached(np.full(10, -np.inf)) for _ in range(22)] == [False] * 21 + [True]
