"""Trying out what a run is about to do, for a fraction of a second: on a copy of its search, told made-up fitness.

Nothing of it counts: the run's own search is not asked and told nothing, its ledger stays as it is, and its results are
those of a run that was not tried out, bit for bit.

**Evaluating.** The genomes that the search asks next are simulated for 1, 4, 16, ... steps, as far as time allows: the
steps that they live now. Then the one that lived longest takes all places of the batch: with every lane of a
kernel busy, that is the time of a step in full episodes.

**Searching.** Some generations of ask and tell, and of what the run notes of each. A search may ask for fitness,
gradients, or mini-batches by turns: each kind is measured once, and counts as often as the copy asked for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evornn.experiment.driver import Driver
from evornn.experiment.storage.records import crc, summarise

if TYPE_CHECKING:
    from evornn.problem import Problem
    from evornn.search.core.search import Search
    from evornn.search.core.types import EvaluationLike
    from evornn.spec.budget import Noise

LARGEST = 2**28  # bytes of a search that is still copied
REPLAYED = 5_000  # evaluations that it may have to be told again for that: some 30 us each
GENES = 2**22  # in a batch that is measured
LANES = 16  # a smaller part of a batch might be given another kernel, which would have to be compiled
GENERATIONS = 64  # of ask and tell at most
ONCE, REPEATS = 0.01, 8  # seconds that one measurement should take, and how often it is repeated for that at most
QUICK = 0.02  # and what may always be measured: calls alone take a part of what is quicker
BUSY = 200_000  # steps simulated to see how long a step takes

Evaluator = Callable[["Problem", np.ndarray], "EvaluationLike"]  # of a problem and genomes


class Pace(NamedTuple):
    """Seconds and simulated steps of one evaluation: with episodes as short as now, and with full ones."""

    seconds: float
    steps: float
    full_seconds: float
    full_steps: float


class PilotRun(NamedTuple):
    """Means over evaluations, genomes in a generation, and seconds of a generation besides evaluating; NaN: unknown."""

    pace: Pace
    size: float
    overhead: float


def pilot_run(
    problem: Problem, search: Search, noise: Noise, allowed: Callable[[float, int], float]
) -> PilotRun | None:
    """Try out `search` on `problem`. `allowed(seconds of an evaluation, genomes in a generation)` is the time that
    measuring may take, told what is known of the pace. None if nothing is asked any more.
    """
    if search.memory > LARGEST or search.replayed > REPLAYED:
        return _evaluating(problem, search, allowed)
    copied = search.copied()
    copied.prepare(problem)
    driver = Driver(copied, problem, type(noise)(fresh_episodes=noise.fresh_episodes))
    paces: dict[tuple[bool, bool], Pace] = {}
    asked: dict[tuple[bool, bool], int] = {}
    taken: list[float] = []
    sizes: list[int] = []
    rng = np.random.default_rng(0)
    while len(taken) < GENERATIONS and sum(taken[1:]) < _room(paces, sizes, allowed):
        begun = time.perf_counter()
        genomes = driver.ask(None)
        asking = time.perf_counter() - begun
        if not len(genomes):
            break
        kind = (copied.wants_gradients, copied.provisional)
        if kind not in paces:
            paces[kind] = _pace(problem, genomes, driver.evaluate_on, allowed)
        asked[kind] = asked.get(kind, 0) + len(genomes)
        sizes.append(len(genomes))
        fitness = rng.standard_normal(len(genomes))
        evaluation = SimpleNamespace(gradients=rng.standard_normal(genomes.shape)) if kind[0] else None
        begun = time.perf_counter()
        driver.tell(genomes, fitness, evaluation)
        summarise(fitness), crc(genomes), crc(fitness)
        taken.append(asking + time.perf_counter() - begun)
    if hasattr(copied, "close"):
        copied.close()
    if not taken:
        return None
    shares = np.array([asked[kind] for kind in paces]) / sum(asked.values())
    later = slice(1 if len(taken) > 1 else 0, None)  # the first one imports, and draws afresh
    pace = Pace(*(shares @ np.array(list(paces.values()))))
    return PilotRun(pace, float(np.mean(sizes[later])), float(np.mean(taken[later])))


def _evaluating(problem: Problem, search: Search, allowed: Callable[[float, int], float]) -> PilotRun:
    """Of a search that is too large to copy: evaluations alone, of genomes as networks are drawn at first."""
    count = min(search.largest, max(LANES, GENES // search.dimension))
    genomes = search.space.sample(np.random.default_rng(0), count)
    pace = _pace(problem, genomes, lambda where, batch: where.evaluate(batch), allowed)
    return PilotRun(pace, search.population, np.nan)


def _room(paces: Mapping[tuple[bool, bool], Pace], sizes: list[int], allowed: Callable[[float, int], float]) -> float:
    """Seconds for asking and telling: a third of what is allowed."""
    return allowed(max(pace.seconds for pace in paces.values()), sizes[-1]) / 3 if sizes else 1.0


def _pace(
    problem: Problem, genomes: np.ndarray, evaluate_with: Evaluator, allowed: Callable[[float, int], float]
) -> Pace:
    """The pace of evaluating a generation like `genomes` [P, D]."""
    whole = problem.checked_steps(None) if hasattr(problem, "checked_steps") else 1
    shorten = problem.shortened if hasattr(problem, "shortened") else lambda steps: problem
    evaluate_with(shorten(1), genomes)  # compiles, and settles what evaluates batches of this size
    batch = _part(genomes, GENES // genomes.shape[1])
    seconds, lived = _timed(shorten(1), batch, evaluate_with)
    room, spent, steps = allowed(seconds / len(batch), len(genomes)), seconds, 1
    slots = float(lived.mean())  # episodes of an evaluation
    going = True
    while going and steps < whole:
        longer = min(4 * steps, whole)
        expected = seconds * longer / steps
        left = max(room - spent, QUICK)
        if expected > left:  # a smaller part may go on
            smaller = _part(batch, int(len(batch) * left / expected))
            if expected * len(smaller) > left * len(batch):
                break
            batch = smaller
        seconds, lived = _timed(shorten(longer), batch, evaluate_with)
        spent, steps, going = spent + seconds, longer, bool(lived.max() >= slots * longer)
    if not going:
        steps = whole  # more of them change nothing
    each, length, full = seconds / len(batch), float(lived.mean()), slots * whole
    if length >= 0.99 * slots * steps:  # none has ended, or none ever does
        each *= max(1.0, full / max(length, 1.0))
        return Pace(each, full, each, full)
    batches = min(BUSY / max(lived.sum(), 1.0), room / max(seconds, 1e-9), GENES / batch.size)
    whole_batches = max(1, int(batches)) if len(batch) >= LANES else 1  # a few genomes leave lanes idle: so they do
    many = np.repeat(batch[[int(np.argmax(lived))]], whole_batches * len(batch), axis=0)
    seconds, lived = _timed(shorten(steps), many, evaluate_with)
    return Pace(each, length, max(each, full * seconds / max(lived.sum(), 1.0)), full)


def _part(genomes: np.ndarray, count: int) -> np.ndarray:
    """The first `count` genomes or a few less, in whole lanes."""
    return genomes if count >= len(genomes) else genomes[: max(LANES, count // LANES * LANES)]


def _timed(problem: Problem, genomes: np.ndarray, evaluate_with: Evaluator) -> tuple[float, np.ndarray]:
    """Seconds that evaluating the genomes takes, and steps of each [P]. What is quick is repeated: the first times
    settle how many threads it is worth.
    """
    times: list[float] = []
    while len(times) < 2 or (sum(times) < ONCE and len(times) < REPEATS):
        begun = time.perf_counter()
        steps = np.asarray(evaluate_with(problem, genomes).steps, dtype=np.float64)
        times.append(time.perf_counter() - begun)
    return float(np.median(times[len(times) // 2 :])), steps
