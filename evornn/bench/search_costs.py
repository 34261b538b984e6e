"""Cost of a generation of each search beside DEAP's loop and the generations of other libraries, all in turns.

A shared machine runs now faster, now slower: DEAP's loop runs a generation, a search as many as it makes in a moment,
and so on in turns; what is quoted beside the milliseconds is the median of these ratios.
"""

from __future__ import annotations

import functools
import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from evornn.bench.function_rivals import evosax_class, evosax_state
from evornn.bench.measure import Row, one_thread
from evornn.bench.search_overhead import REFERENCE, generation_step, names

TITLE = (
    "Milliseconds a generation, fitness excluded, on one core (population 1,024, 100 genes); (%) of DEAP's loop in the "
    "same run; evosax compiled by JAX, on as many cores as that takes"
)
POPULATION, DIMENSION = 1024, 100
ROUNDS = 9
MOMENT = 0.02  # seconds that a contender has in a round
SCANNED = 20  # generations that evosax runs in one call
EVOSAX = ("PSO", "SimpleGA", "Open_ES", "CMA_ES")

Step = Callable[[], float]  # seconds of one generation


def measure_search_costs(only: str) -> list[Row]:
    """One row for each search, and for each rival that is installed, whose name contains `only`."""
    with one_thread():
        ours = {name: functools.partial(generation_step, name, POPULATION, DIMENSION, 0) for name in names()}
        reference = ours.pop(REFERENCE)
        made: dict[str, Callable[[], Step]] = {**ours, **rivals()}
        return table({name: make for name, make in made.items() if only.lower() in name.lower()}, reference())


def table(made: dict[str, Callable[[], Step]], reference: Step, rounds: int = ROUNDS) -> list[Row]:
    """A row for each contender, made and measured in turns with `reference`, and one for that."""
    rows, deap = [], []
    for name, make in made.items():
        step = make()
        step()
        turns = [(reference(), _moment(step)) for _ in range(rounds)]
        deap += [theirs for theirs, _ in turns]
        rows.append(_row(name, [own for _, own in turns], [own / theirs for theirs, own in turns]))
    return [*rows, _row(REFERENCE, deap, [1.0])]


def _row(name: str, seconds: list[float], ratios: list[float]) -> Row:
    return {
        "search": name,
        "ms": f"{1e3 * statistics.median(seconds):.3g}",
        "of DEAP's": f"{statistics.median(ratios):.2%}",
    }


def _moment(step: Step) -> float:
    """Median seconds of the generations that fit in a moment, one at least."""
    seconds: list[float] = []
    while sum(seconds) < MOMENT:
        seconds.append(step())
    return statistics.median(seconds)


def rivals() -> dict[str, Callable[[], Step]]:
    """The other libraries' searches that can be imported here, each with its name."""
    found: dict[str, Callable[[], Step]] = {}
    if importlib.util.find_spec("cma"):
        found["pycma CMA-ES"] = pycma_step
    if importlib.util.find_spec("evosax"):
        found |= {f"evosax {name}": functools.partial(evosax_step, name) for name in EVOSAX}
    return found


def pycma_step() -> Step:
    """A generation of `cma.CMAEvolutionStrategy`, fitness excluded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import cma

        options = {"popsize": POPULATION, "verbose": -9, "seed": 1, "tolfun": 0, "tolflatfitness": 10**9}
        evolution = cma.CMAEvolutionStrategy(np.zeros(DIMENSION), 0.1, options)

    def step() -> float:
        start = time.perf_counter()
        points = evolution.ask()
        asked = time.perf_counter()
        cost = np.square(np.array(points) - 0.5).sum(axis=1).tolist()
        told = time.perf_counter()
        evolution.tell(points, cost)
        return time.perf_counter() - told + asked - start

    return step


def evosax_step(name: str) -> Step:
    """A generation of an evosax algorithm, of `SCANNED` in one compiled loop, a sphere's fitness included."""
    import jax

    draws = np.random.default_rng(0)
    algorithm = evosax_class(name)(population_size=POPULATION, solution=np.zeros(DIMENSION, dtype=np.float32))
    params, key = algorithm.default_params, jax.random.key(0)
    drawn = lambda *shape: np.asarray(draws.uniform(-1.0, 1.0, shape), dtype=np.float32)  # noqa: E731
    state = evosax_state(algorithm, params, key, drawn, _sphere)

    def generation(state: Any, key: Any) -> tuple[Any, None]:
        one, two = jax.random.split(key)
        points, state = algorithm.ask(one, state, params)
        return algorithm.tell(two, points, _sphere(points), state, params)[0], None

    scan = jax.jit(lambda state, keys: jax.lax.scan(generation, state, keys)[0])
    keys = jax.random.split(key, SCANNED)
    jax.block_until_ready(scan(state, keys))

    def step() -> float:
        start = time.perf_counter()
        jax.block_until_ready(scan(state, keys))
        return (time.perf_counter() - start) / SCANNED

    return step


def _sphere(points: Any) -> Any:
    return ((points - 0.5) ** 2).sum(axis=1)
