"""What every search and trainer must do, as functions of `make(space, population, seed) -> Search`; each raises if not.

Trainers get the slopes of the same fitness functions, by central differences, in a problem of four episodes.
"""

import copy
import inspect
import json
import pickle
import random
import tracemalloc
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

import numpy as np
import pytest
from scipy import stats

from evornn.errors import EvornnError
from evornn.genome import Space
from evornn.search.core.search import Search

WILD = (
    np.inf,
    -np.inf,
    np.nan,
    0.0,
    1.0,
    np.finfo(float).max,
    np.finfo(float).min,
)  # fitness that is hard to reckon with


class Make(Protocol):
    def __call__(self, space: Space, population: int, seed: int) -> Search: ...


def box(dimension: int = 5) -> Space:
    """A box of unequal sides, off centre."""
    lower = -1.0 - np.arange(dimension)
    return Space(lower, lower + 3.0 + np.arange(dimension) / 2)


def sphere(space: Space, genomes: np.ndarray, at: float = 0.7) -> np.ndarray:
    """Highest, 0, at the fraction `at` of every range; each range counts as 1."""
    return -np.square((genomes - space.lower) / (space.upper - space.lower) - at).sum(axis=1)


class Fake:
    """A problem whose fitness is `fitness(genomes)`, in four episodes that are tilted this way and that."""

    episodes = 4

    def __init__(self, space: Space, fitness: Callable[[np.ndarray], np.ndarray] | None = None) -> None:
        self.space = space
        self.fitness = fitness or (lambda genomes: sphere(space, genomes))
        directions = np.random.default_rng(0).normal(0.0, 0.01, (self.episodes, space.dimension))
        self.tilts = directions - directions.mean(axis=0)

    def evaluate(self, genomes: np.ndarray) -> SimpleNamespace:
        return SimpleNamespace(fitness=self.fitness(genomes), steps=np.full(len(genomes), 4))

    def check_smooth(self) -> None:
        pass

    def gradient(self, genomes: np.ndarray, episodes: Any = None) -> SimpleNamespace:
        tilt = 0.0 if episodes is None else self.tilts[np.asarray(episodes)].mean(axis=0)
        there = genomes[:, None] + 1e-5 * np.stack((-np.eye(genomes.shape[1]), np.eye(genomes.shape[1])))[:, None]
        low, high = self.fitness(there.reshape(-1, genomes.shape[1])).reshape(2, len(genomes), -1)
        with np.errstate(invalid="ignore", over="ignore"):
            slopes = (high - low) / 2e-5 + tilt
        return SimpleNamespace(
            fitness=self.fitness(genomes) + genomes @ (tilt + np.zeros(genomes.shape[1])),
            steps=np.full(len(genomes), 4 if episodes is None else len(episodes)),
            gradients=slopes,
        )


class Walk(NamedTuple):
    """Generations asked, what was told, and which of it may count as best."""

    asked: list[np.ndarray]
    fitness: np.ndarray
    believed: np.ndarray


def walk(search: Search, generations: int, fitness: Any = None, limit: int | None = None) -> Walk:
    """Run some generations (of pieces, with a limit)."""
    problem, asked, told, believed = Fake(search.space, fitness), [], [], []
    for _ in range(generations):
        genomes = search.ask(limit)
        asked.append(genomes.copy())
        found = search.evaluate_with(problem, genomes)
        told.append(found.fitness)
        believed.append(np.full(len(genomes), not search.provisional))
        tell(search, genomes, found.fitness, getattr(found, "gradients", None))
    return Walk(asked, np.concatenate([[], *told]), np.concatenate([np.empty(0, bool), *believed]))


def tell(search: Search, genomes: Any, fitness: Any, gradients: Any = None) -> None:
    """Tell a search, gradients too if there are any."""
    if gradients is None:
        search.tell(genomes, fitness)
    else:
        search.tell(genomes, fitness, gradients)


def steps(search: Search, generations: int, fitness: Any = None, limit: int | None = None) -> list[np.ndarray]:
    """Run some generations (of pieces, with a limit); returns what was asked."""
    return walk(search, generations, fitness, limit).asked


def identical(one: list[np.ndarray], two: list[np.ndarray]) -> bool:
    return len(one) == len(two) and all(a.tobytes() == b.tobytes() for a, b in zip(one, two, strict=True))


def sizes(search_class: type[Search]) -> list[int]:
    """Populations to check: the smallest allowed, and an odd one."""
    return [search_class.MIN_POPULATION, 17]


def check_bounds_and_shapes(make: Make, population: int) -> None:
    """Finite float64 [k, D] inside the bounds, 1 <= k <= largest, even when the optimum lies far outside."""
    space = box()
    for at in (3.0, -2.0):
        search = make(space, population, 1)
        assert search.largest <= max(population, 1)
        for genomes in steps(search, 30, lambda g, at=at: sphere(space, g, at)):
            assert genomes.dtype == np.float64
            assert genomes.ndim == 2
            assert genomes.shape[1] == 5
            assert 1 <= len(genomes) <= search.largest
            assert np.isfinite(genomes).all()
            assert (genomes >= space.lower).all()
            assert (genomes <= space.upper).all()
    few = make(Space(np.ones(2), np.nextafter(np.ones(2), 2.0)), population, 1)  # four genomes in all
    for genomes in steps(few, 6):
        assert 1 <= len(genomes) <= few.largest
        assert ((genomes >= few.lower) & (genomes <= few.upper)).all()


def check_counts(make: Make, population: int) -> None:
    """Evaluations are what was told, one by one; `best` is the first best of them."""
    space = box()
    search = make(space, population, 2)
    assert search.best is None
    assert (search.evaluations, search.generation) == (0, 0)
    walked = walk(search, 12)
    asked = np.concatenate(walked.asked)
    fitness = np.where(walked.believed, walked.fitness, -np.inf)
    assert search.evaluations == len(asked)
    assert search.generation == 12
    first = int(np.argmax(fitness))
    assert search.best is not None
    assert search.best.evaluation == first + 1
    assert search.best.fitness == fitness[first]
    assert np.array_equal(search.best.genome, asked[first])


def check_repeatable(make: Make, population: int) -> None:
    """The same seed asks the same, another seed something else; later changes to what was asked do no harm."""
    one, two = (steps(make(box(), population, 3), 10) for _ in range(2))
    assert identical(one, two)
    assert not identical(one, steps(make(box(), population, 4), 10))
    search, asked = make(box(), population, 3), []
    for _ in range(10):
        genomes = search.ask()
        asked.append(genomes.copy())
        found = search.evaluate_with(Fake(search.space), genomes)
        tell(search, genomes, found.fitness, getattr(found, "gradients", None))
        for array in vars(found).values():
            array[:] = 0
        genomes[:] = 0.0
    assert identical(one, asked)


def through_text(state: dict[str, Any]) -> dict[str, Any]:
    """A state after being written as text: only plain numbers, strings, lists, dicts and arrays survive."""

    def pack(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            assert value.dtype.kind in "iufb"
            return {"array": value.tobytes().hex(), "dtype": value.dtype.str, "shape": list(value.shape)}
        if isinstance(value, dict):
            assert all(type(key) is str for key in value)
            return {key: pack(item) for key, item in value.items()}
        if isinstance(value, list):
            return [pack(item) for item in value]
        assert type(value) in (bool, int, float, str), f"{value!r} is a {type(value)}"
        assert type(value) is not int or abs(value) < 2**63
        return value

    def unpack(value: Any) -> Any:
        if isinstance(value, dict) and "array" in value:
            flat = np.frombuffer(bytes.fromhex(value["array"]), dtype=value["dtype"])
            return flat.reshape(value["shape"])  # read-only, as from a file
        if isinstance(value, dict):
            return {key: unpack(item) for key, item in value.items()}
        return [unpack(item) for item in value] if isinstance(value, list) else value

    return unpack(json.loads(json.dumps(pack(state), allow_nan=False)))


def check_resume(make: Make, population: int) -> None:
    """A new search with the saved state continues bit for bit: at the start, between and inside generations."""
    for done, piece in ((0, None), (1, None), (7, None), (9, 3)):
        whole = make(box(), population, 5)
        steps(whole, done, limit=piece)
        between = through_text(whole.state_dict())
        genomes = whole.ask()
        asked_and_not_told = through_text(whole.state_dict())
        found = whole.evaluate_with(Fake(whole.space), genomes)
        tell(whole, genomes, found.fitness, getattr(found, "gradients", None))
        expected = [genomes, *steps(whole, 8)]
        for state in (between, asked_and_not_told):
            resumed = make(box(), population, 5)
            resumed.load_state_dict(state)
            assert identical(steps(resumed, 9), expected)
            assert (resumed.evaluations, resumed.generation) == (whole.evaluations, whole.generation)
            assert resumed.best is not None
            assert whole.best is not None
            assert resumed.best.genome.tobytes() == whole.best.genome.tobytes()
            assert resumed.best[1:] == whole.best[1:]


def check_flat_fitness(make: Make, population: int) -> None:
    """A fitness that is the same everywhere is survived, and the search does not stop asking."""
    search = make(box(), population, 6)
    asked = steps(search, 50, lambda g: np.full(len(g), 0.25))
    assert len(np.unique(np.concatenate(asked[-20:]), axis=0)) >= 10  # every second one may be asked once more
    assert search.best is not None
    assert search.best.evaluation == 1


def check_failures(make: Make, population: int) -> None:
    """NaN and infinite fitness is survived, counts as the worst, and never ends the search."""
    nothing = make(box(), population, 7)
    steps(nothing, 25, lambda g: np.full(len(g), np.nan))
    assert nothing.best is not None
    assert nothing.best.fitness == -np.inf
    walked = walk(nothing, 25)  # it recovers
    assert nothing.best.fitness == walked.fitness[walked.believed].max()
    space = box()
    search = make(space, population, 8)

    def half(genomes: np.ndarray) -> np.ndarray:
        fitness = sphere(space, genomes)
        fitness[genomes[:, 0] > space.lower[0] + 1.8] = np.nan
        fitness[genomes[:, 1] > space.upper[1] - 0.2] = -np.inf
        return fitness

    walked = walk(search, 40, half)
    assert search.best is not None
    assert search.best.fitness == np.nan_to_num(walked.fitness[walked.believed], nan=-np.inf, neginf=-np.inf).max()
    jackpot = make(box(), population, 9)
    steps(jackpot, 10, lambda g: np.where(g[:, 0] > 0, np.inf, 0.0))
    wild, draws = make(box(), population, 9), np.random.default_rng(9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        steps(wild, 25, lambda g: draws.choice(WILD, len(g)))
        after = walk(wild, 5)  # nothing that was kept of it spoils what comes
    assert np.isfinite(after.fitness).all()


def check_exact_budget(make: Make, population: int) -> None:
    """`ask(limit)` never gives more, and cutting generations changes nothing of what is asked."""
    uncut = np.concatenate(steps(make(box(), population, 10), 12))
    for budget in (1, population + 1, min(len(uncut), 3 * population + 2)):
        search, asked = make(box(), population, 10), []
        while search.evaluations < budget:
            asked += steps(search, 1, limit=budget - search.evaluations)
        assert search.evaluations == budget
        assert np.concatenate(asked).tobytes() == uncut[:budget].tobytes()
    rng, search, asked = np.random.default_rng(0), make(box(), population, 10), []
    while search.evaluations < len(uncut):
        asked += steps(search, 1, limit=int(rng.integers(1, 1 + min(7, len(uncut) - search.evaluations))))
    assert np.concatenate(asked).tobytes() == uncut.tobytes()


def check_global_streams(make: Make, population: int) -> None:
    """`random` and `numpy.random` are neither moved nor listened to."""
    before = None
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        states = random.getstate(), np.random.get_state()  # noqa: NPY002
        search = make(box(), population, 11)
        asked = steps(search, 10)
        make(box(), population, 11).load_state_dict(search.state_dict())
        assert random.getstate() == states[0]
        after = np.random.get_state()  # noqa: NPY002
        assert all(np.array_equal(a, b) for a, b in zip(after, states[1], strict=True))
        assert before is None or identical(before, asked)
        before = asked


def check_copies(make: Make, population: int) -> None:
    """Pickled and copied before the first ask, between ask and tell, and after tell, it goes on bit for bit, and
    nothing that becomes of the copy changes the original.
    """
    ways: list[Callable[[Search], Search]] = [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy]
    search, problem = make(box(), population, 15), Fake(box())
    search.prepare(problem)
    for limit in (None, None, 3, None):  # before, after and within a generation
        before = [way(search) for way in ways]
        genomes = search.ask(limit)
        told = search.evaluate_with(problem, genomes)
        between = [way(search) for way in ways]
        for one in before:
            assert type(one) is type(search)
            assert identical([one.ask(limit)], [genomes])
        for one in (*between, search):
            assert (one.evaluations, one._asked) == (search.evaluations, len(genomes))
            tell(one, genomes, told.fitness, getattr(told, "gradients", None))
        asked = steps(search.copied(), 3)
        assert all(identical(steps(one, 3), asked) for one in between)


def check_order(make: Make, population: int) -> None:
    """Telling what was not asked, or asking twice, is an error and changes nothing."""
    search = make(box(), population, 12)
    search.prepare(Fake(search.space))
    with pytest.raises(EvornnError, match="before ask"):
        search.tell(np.zeros((population, 5)), np.zeros(population))
    genomes = search.ask()
    with pytest.raises(EvornnError, match="before tell"):
        search.ask()
    for wrong in (genomes[:, :-1], genomes + 1.0, genomes[:-1], None):
        with pytest.raises(EvornnError, match="not the ones"):
            search.tell(wrong, np.zeros(len(genomes)))
    for wrong in (np.zeros(len(genomes) + 1), 0.0, np.zeros((len(genomes), 1)), ["x"] * len(genomes)):
        with pytest.raises(EvornnError, match="fitness"):
            search.tell(genomes, wrong)
    slopes = None
    if search.wants_gradients:
        slopes = np.zeros_like(genomes)
        for wrong in (None, slopes[:, :-1], slopes[:-1], slopes[0]):
            with pytest.raises(EvornnError, match="gradients"):
                search.tell(genomes, np.zeros(len(genomes)), wrong)
    assert search.evaluations == 0
    tell(search, genomes.tolist(), [0.0] * len(genomes), slopes)
    assert search.evaluations == len(genomes)
    for limit in (0, -1, 1.5):
        with pytest.raises(EvornnError, match="limit"):
            search.ask(limit)


def check_foreign_states(make: Make, population: int) -> None:
    """A state of another search, dimension or option is refused by name."""
    search = make(box(), population, 13)
    steps(search, 2)
    state = search.state_dict()
    with pytest.raises(EvornnError, match="search"):
        make(box(), population, 13).load_state_dict({**state, "search": "Other"})
    with pytest.raises(EvornnError, match="dimension"):
        make(box(4), population, 13).load_state_dict(state)
    with pytest.raises(EvornnError, match="seed"):
        make(box(), population, 14).load_state_dict(state)
    with pytest.raises(EvornnError, match="population"):
        make(box(), population + 1, 13).load_state_dict(state)
    with pytest.raises(EvornnError, match="vigour"):
        make(box(), population, 13).load_state_dict({**state, "options": {**state["options"], "vigour": 3}})


def bests(make: Make, seeds: int, budget: int, population: int, dimension: int) -> np.ndarray:
    """Best fitness [seeds] on spheres with optima here and there; what is next to the optimum is as good as there."""
    found = []
    for seed in range(seeds):
        space, at = box(dimension), 0.2 + 0.6 * np.random.default_rng(seed).random(dimension)
        search = make(space, population, seed)
        while search.evaluations < budget and (search.best is None or search.best.fitness < -1e-6):
            steps(search, 1, lambda g, at=at, space=space: sphere(space, g, at), budget - search.evaluations)
        found.append(search.best.fitness)
    return np.array(found)


def check_learning(make: Make, population: int) -> None:
    """Better than guessing on a sphere in its default population: one chance in 10,000 that guessing itself passes.

    A search that says it does not learn must do exactly as well as guessing.
    """
    seeds, budget, dimension = 8, 2000, 6
    population = inspect.signature(make).parameters["population"].default
    own = bests(make, seeds, budget, population, dimension)
    guessed = []
    for seed in range(seeds):
        space, at = box(dimension), 0.2 + 0.6 * np.random.default_rng(seed).random(dimension)
        draws = space.sample(np.random.default_rng(1000 + seed), budget)
        guessed.append(sphere(space, draws, at).max())  # type: ignore[arg-type]
    better = stats.mannwhitneyu(own, guessed, alternative="greater").pvalue
    if make(box(), population, 0).LEARNS:
        assert better < 1e-4, f"no better than guessing: p = {better:.3g}"
    else:
        assert 1e-4 < better < 1 - 1e-4, f"does not guess: p = {better:.3g}"


class Slope(Fake):
    """A problem that takes next to no memory: a plane's fitness, and its gradient."""

    def gradient(self, genomes: np.ndarray, episodes: Any = None) -> SimpleNamespace:
        slopes = np.zeros_like(genomes)
        slopes[:, 0] = 1.0
        return SimpleNamespace(fitness=genomes[:, 0].copy(), steps=np.full(len(genomes), 4), gradients=slopes)


def check_memory(make: Make, population: int) -> None:
    """What a search allocates over some generations, at most what it predicts and not much less."""
    steps(make(box(), population, 14), 3)  # imports
    for dimension, size in ((5, population), (3, 120), (200, 50)):
        problem = Slope(box(dimension), lambda genomes: genomes[:, 0].copy())
        tracemalloc.start()
        try:
            search = make(problem.space, size, 14)
            tracemalloc.reset_peak()
            for _ in range(7):
                genomes = search.ask()
                found = search.evaluate_with(problem, genomes)
                tell(search, genomes, found.fitness, getattr(found, "gradients", None))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak <= search.memory <= 3 * peak + 1_000_000, (peak, search.memory)


def check_twin(make: Make, population: int) -> None:
    """A copy is asked the same, and neither of the two knows what the other is told."""
    for done in (0, 6):
        search = make(box(), population, 15)
        steps(search, done)
        told = search.evaluations
        copied = search.copied()
        asked = steps(copied, 4)
        assert search.evaluations == told
        steps(copied, 3, lambda genomes: np.full(len(genomes), np.nan))
        assert identical(steps(search, 4), asked)


CHECKS = (
    check_bounds_and_shapes,
    check_counts,
    check_repeatable,
    check_resume,
    check_flat_fitness,
    check_failures,
    check_exact_budget,
    check_global_streams,
    check_copies,
    check_order,
    check_foreign_states,
    check_learning,
    check_memory,
    check_twin,
)
