"""Annealing: Metropolis' rule samples Boltzmann's distribution; dual annealing is SciPy's, and leaves no threads."""

import gc
import threading
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import dual_annealing

from evornn.errors import EvornnError
from evornn.genome import Space
from evornn.search import DualAnnealing, ParallelTempering, SimulatedAnnealing
from evornn.search.core.inversion import Ended, Inverted
from tests.search.search_checks import box, sphere, steps


@pytest.mark.parametrize("proposal", ["gaussian", "cauchy"])
def test_chains_sample_boltzmann(proposal: str) -> None:
    """At constant temperature T the chains' stationary density is exp(f / T), cut at the bounds where they reflect."""
    space = Space(np.array([-1.0, -4.0]), np.array([5.0, 4.0]))
    search = SimulatedAnnealing(
        space, population=1500, seed=1, schedule="constant", temperature=0.5, normalise=False, proposal=proposal,
        sigma=0.15, rate=1.0, return_after=0,
    )  # fmt: skip
    steps(search, 150, lambda g: -np.square(g).sum(axis=1))  # exp(-x^2 / 0.5): normal with standard deviation 0.5
    held = search._genome
    assert held is not None
    assert stats.kstest(held[:, 0], stats.truncnorm(-2.0, 10.0, scale=0.5).cdf).pvalue > 1e-4
    assert stats.kstest(held[:, 1], stats.norm(scale=0.5).cdf).pvalue > 1e-4


WIDTHS = np.array([1.0, 2.0, 1.0, 3.0, 1.0, 2.0])  # of the cells of a landscape of steps
HEIGHTS = np.array([0.0, 2.0, -1.0, 0.5, 2.5, -2.0])


def stairs(genomes: np.ndarray) -> np.ndarray:
    """Fitness of x in [0, 10]: the height of the cell that it lies in."""
    return HEIGHTS[cells(genomes)]


def cells(genomes: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.cumsum(WIDTHS)[:-1], genomes[:, 0], side="right")


def boltzmann(temperature: float) -> np.ndarray:
    """Chance of each cell."""
    weights = WIDTHS * np.exp(HEIGHTS / temperature)
    return weights / weights.sum()


def tempered(cls: type[ParallelTempering], ladders: int, seed: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Smallest p-value of the levels' distributions over the cells; swaps made and swaps tried in one last generation.

    Every ladder is independent of the others, so one look at all of them is a sample.
    """
    search = cls(
        Space(np.zeros(1), np.full(1, 10.0)), population=4 * ladders, seed=seed, levels=4, temperature=4.0,
        final_temperature=0.5, normalise=False, proposal="gaussian", sigma=0.15, rate=1.0,
    )  # fmt: skip
    steps(search, 80, stairs)
    assert search._genome is not None
    assert np.array_equal(search._fitness_held, stairs(search._genome))
    found = []
    for level, temperature in enumerate(search.ladder):
        counts = np.bincount(cells(search._genome[search.level == level]), minlength=6)
        found.append(stats.chisquare(counts, boltzmann(temperature) * ladders).pvalue)
    before = search.swaps_made.copy(), search.swaps_tried.copy()
    steps(search, 2, stairs)
    return min(found), search.swaps_made - before[0], search.swaps_tried - before[1]


def test_replica_exchange_keeps_detailed_balance() -> None:
    """Each level samples its own Boltzmann distribution, and swaps are made as often as detailed balance has it."""
    smallest, made, tried = tempered(ParallelTempering, 2500, 1)
    assert smallest > 1e-4
    assert tried.tolist() == [2500] * 3
    ladder = np.geomspace(4.0, 0.5, 4)
    for level in range(3):
        hot, cold = ladder[level : level + 2]
        gain = (1.0 / hot - 1.0 / cold) * (HEIGHTS[None, :] - HEIGHTS[:, None])  # [hot cell, cold cell]
        rate = float(boltzmann(hot) @ np.minimum(1.0, np.exp(gain)) @ boltzmann(cold))
        assert 0.5 < rate < 0.95
        assert stats.binomtest(int(made[level]), 2500, rate).pvalue > 1e-4


def test_a_wrong_swap_is_caught() -> None:
    class Eager(ParallelTempering):
        """Swaps as if the temperatures of neighbours were nearer to each other than they are."""

        def _swap(self, held: np.ndarray, parity: int) -> None:
            true, self.ladder = self.ladder, self.ladder**0.6
            super()._swap(held, parity)
            self.ladder = true

    assert tempered(Eager, 2500, 1)[0] < 1e-8


def test_ladders() -> None:
    """Equal factors from hot to cold; a ladder after the other; pairs take turns; the best is not lost in swaps."""
    search = ParallelTempering(box(), population=7, seed=1, levels=3, temperature=1.0, final_temperature=0.01)
    np.testing.assert_allclose(search.ladder, [1.0, 0.1, 0.01])
    assert search.level.tolist() == [0, 1, 2, 0, 1, 2, 0]
    steps(search, 1)
    assert search.swaps_tried.tolist() == [0, 0]
    steps(search, 2)
    assert search.swaps_tried.tolist() == [2, 2]  # (0, 1), (3, 4); (1, 2), (4, 5)
    assert search._genome is not None
    np.testing.assert_allclose(search._fitness_held, sphere(search.space, search._genome), rtol=1e-12)


def temperatures(generations: int, **options) -> list[float]:
    search = SimulatedAnnealing(box(), population=2, **options)
    found = []
    for _ in range(generations):
        steps(search, 1)
        found.append(search.temperature)
    return found


def test_schedules() -> None:
    """Start, end and shape of each; annealing starts again after `steps`, or stays cold."""
    common = {"temperature": 2.0, "final_temperature": 0.02, "steps": 10}
    np.testing.assert_allclose(temperatures(10, **common), 2.0 * 0.01 ** (np.arange(10) / 10))
    np.testing.assert_allclose(temperatures(10, schedule="linear", **common), np.linspace(2.0, 0.02, 11)[:10])
    np.testing.assert_allclose(
        temperatures(9, schedule="logarithmic", **common), 2.0 / np.log2(2.0 + np.arange(9)), rtol=1e-12
    )
    assert temperatures(4, schedule="constant", **common) == [2.0] * 4
    assert temperatures(12, **common)[10] == 2.0
    np.testing.assert_allclose(temperatures(14, reanneal=False, **common)[10:], 0.02)


def test_temperature_follows_the_scale_of_fitness() -> None:
    """Multiplying fitness by a million changes nothing of the search."""
    one, other = (SimulatedAnnealing(box(), population=8, seed=2) for _ in range(2))
    small = steps(one, 60)
    big = steps(other, 60, lambda g: 2.0**20 * sphere(other.space, g))
    assert all(np.array_equal(a, b) for a, b in zip(small, big, strict=True))


def test_lost_chains_return_to_their_best() -> None:
    space = box()
    search = SimulatedAnnealing(space, population=4, seed=3, temperature=1e6, final_temperature=1e6, return_after=10)
    for generation in range(80):
        steps(search, 1)
        if generation:
            returned = search._since == 0
            assert search._genome is not None
            np.testing.assert_array_equal(search._genome[returned], search._best_genome[returned])
    assert (search._best_fitness >= search._fitness_held).all()


def scipys(space: Space, seed: int, start: np.ndarray, count: int, **options) -> np.ndarray:
    """The first points that SciPy itself evaluates."""
    points: list[np.ndarray] = []

    class Enough(Exception):
        pass

    def cost(x: np.ndarray) -> float:
        if len(points) == count:
            raise Enough
        points.append(np.array(x))
        return float(-sphere(space, points[-1][None])[0])

    bounds = list(zip(space.lower, space.upper, strict=True))
    with pytest.raises(Enough):
        dual_annealing(cost, bounds, x0=start, rng=np.random.default_rng((seed, 0)), **options)
    return np.array(points)


@pytest.mark.parametrize("options", [{"no_local_search": True}, {"no_local_search": False, "visit": 2.2}], ids=str)
def test_dual_annealing_is_scipys(options: dict) -> None:
    """One chain asks exactly what SciPy evaluates, with and without local search, whatever the limit."""
    space, count = box(), 300
    search = DualAnnealing(space, population=1, seed=7, **options)
    asked = np.concatenate(steps(search, count))
    np.testing.assert_array_equal(asked, scipys(space, 7, asked[0], count, **options))
    search.close()


def test_chains_are_independent() -> None:
    """Each chain asks the same alone and in company."""
    alone = DualAnnealing(box(), population=1, seed=8)
    company = DualAnnealing(box(), population=5, seed=8)
    company._starts[0] = alone._starts[0]
    one = np.concatenate(steps(alone, 40))
    many = np.stack(steps(company, 40))
    np.testing.assert_array_equal(one, many[:, 0])
    assert len(np.unique(many[20], axis=0)) == 5


@pytest.fixture
def minimisers() -> Callable[[], int]:
    """Counts the minimisers' threads that the test has started: searches of other tests may still be there."""
    gc.collect()
    others = set(threading.enumerate())
    return lambda: sum(t.name == "evornn-minimiser" for t in threading.enumerate() if t not in others)


def test_no_threads_are_left(minimisers: Callable[[], int]) -> None:
    """Closed, collected, loaded over or failed: the threads end; after close() it continues where it was."""
    search = DualAnnealing(box(), population=3, seed=9)
    reference = DualAnnealing(box(), population=3, seed=9)
    assert minimisers() == 0
    first = steps(search, 5)
    assert minimisers() == 3
    search.close()
    search.close()
    assert minimisers() == 0
    both = first + steps(search, 5)
    assert all(np.array_equal(a, b) for a, b in zip(both, steps(reference, 10), strict=True))
    search.load_state_dict(search.state_dict())
    assert minimisers() == 3
    del reference
    gc.collect()
    assert minimisers() == 0
    steps(search, 1)
    genomes = search.ask()
    assert len(genomes) == 3
    del search
    gc.collect()
    assert minimisers() == 0


def test_a_failing_minimiser_is_reported_and_ends(minimisers: Callable[[], int]) -> None:
    def bad(function) -> None:
        function(np.zeros(2))
        raise ZeroDivisionError("oh")

    running = Inverted(bad)
    assert running.point().tolist() == [0.0, 0.0]
    running.answer(1.0)
    with pytest.raises(EvornnError, match="oh"):
        running.point()
    assert minimisers() == 0
    ending = Inverted(lambda function: function(np.zeros(1)), replay=[3.0])
    with pytest.raises(Ended, match="ended by itself"):
        ending.point()


def test_interrupted_waiting_does_not_block_the_next_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while some chains have answered: the next ask() gives the whole generation, unchanged."""
    search, reference = (DualAnnealing(box(), population=3, seed=10) for _ in range(2))
    steps(search, 4)
    expected = steps(reference, 5)[-1]
    point, calls = Inverted.point, []

    def interrupted(self: Inverted) -> np.ndarray:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return point(self)

    monkeypatch.setattr(Inverted, "point", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search.ask()
    np.testing.assert_array_equal(search.ask(), expected)


@pytest.mark.parametrize(
    ("search", "options", "message"),
    [
        (SimulatedAnnealing, {"schedule": "exponentail"}, "did you mean 'exponential'"),
        (SimulatedAnnealing, {"proposal": "normal"}, "valid: gaussian, cauchy"),
        (SimulatedAnnealing, {"temperature": 0.0}, "temperature is 0.0"),
        (SimulatedAnnealing, {"final_temperature": 2.0, "temperature": 1.0}, r"final_temperature is 2.0; .* \(0, 1\]"),
        (SimulatedAnnealing, {"steps": 0}, "steps is 0"),
        (ParallelTempering, {"levels": 3}, r"levels is 3; .* \[2, 2\]"),
        (ParallelTempering, {"temperature": 0.1, "final_temperature": 0.1}, "needs different ends"),
        (ParallelTempering, {"swap_every": 0}, "swap_every is 0"),
        (DualAnnealing, {"visit": 3.0}, "visit is 3.0"),
        (DualAnnealing, {"accept": -1.0}, "accept is -1.0"),
        (DualAnnealing, {"initial_temp": 1e6}, "initial_temp is 1000000.0"),
        (DualAnnealing, {"restart_temp_ratio": 0.0}, "restart_temp_ratio is 0.0"),
        (DualAnnealing, {"population": 2000}, "population is 2000"),
    ],
)
def test_mistakes_are_named(search, options: dict, message: str) -> None:
    with pytest.raises(EvornnError, match=message):
        search(box(), **{"population": 2, **options})


def test_failures_raise_no_warnings() -> None:
    """NaN, infinities and flat fitness pass through SciPy and Metropolis without a numerical warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for search in (DualAnnealing(box(), population=4, seed=11), SimulatedAnnealing(box(), population=4, seed=11)):
            for value in (np.nan, -np.inf, np.inf, 1e308, 0.0):
                steps(search, 15, lambda g, value=value: np.where(np.arange(len(g)) % 2, value, -1.0))
