"""Estimate of a run before it begins: its memory by plan, its time by a short pilot run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evornn.experiment.arguments import check_pair
from evornn.memory import check_memory
from evornn.spec.budget import Limits, Noise

if TYPE_CHECKING:
    from evornn.experiment.storage.records import Record
    from evornn.problem import Problem
    from evornn.search.core.search import Search

RECORD, LINE = 800, 450  # bytes of a generation's record in memory, and in the history on the disk
REMEMBERED, DIGEST = 2**14, 150  # genomes remembered to count re-evaluations, and bytes of each
SECONDS, SHARE = 0.3, 0.03  # that a pilot run may take: at most, and of the run's time
LEAST = 0.005  # seconds that it may take of however short a run


@dataclass(frozen=True)
class Prediction:
    """What a run needs.

    memory: bytes, besides Python and its libraries. disk: bytes of its directory's fitness and history, if it has one.
    seconds, evaluations: (least, most) wall time and evaluations until a budget is spent, if the run does not end
    earlier; compiling apart. One end is that of episodes as short as at present, the other that of episodes of full
    length. None if that was not measured. apart: the time leaves out the search's own, which is too large to try out.
    """

    memory: int
    disk: int = 0
    seconds: tuple[float, float] | None = None
    evaluations: tuple[int, int] | None = None
    apart: bool = False

    def describe(self) -> str:
        """One line: "needs about 41 MB; 8 s to 1.6 min for 200,000 evaluations if it does not end earlier"."""
        needs = f"needs about {in_bytes(self.memory)}" + (f", {in_bytes(self.disk)} on disk" if self.disk else "")
        if self.seconds is None or self.evaluations is None:
            return needs
        least, most = self.evaluations
        count = f"{most:,}" if least == most else between(f"{rounded(least):,.0f}", f"{rounded(most):,.0f}")
        besides = " besides the search's own time" if self.apart else ""
        return f"{needs}; {in_time(*self.seconds)} for {count} evaluations{besides} if it does not end earlier"


def predict(
    problem: Problem,
    search: Search,
    *,
    evaluations: int | None = None,
    steps: int | None = None,
    seconds: float | None = None,
    generations: int | None = None,
    fresh_episodes: bool = False,
) -> Prediction:
    """What `run(problem, search, ...)` with the same budgets will take from where the search is now.

    Memory is computed; an impossible one is an EvornnError. Time is measured: the genomes that come next are simulated
    for a copy of the search, which is told made-up fitness, for 3 % of the run's time and some 0.3 s at most, after
    compiling. These evaluations are no part of any run: the search is not told of them, nothing is counted, and a run
    ends bit for bit as without them.
    """
    limits = Limits(evaluations=evaluations, steps=steps, seconds=seconds, generations=generations)
    limits.check_bounded()
    check_pair(problem, search)
    noise = Noise(fresh_episodes=fresh_episodes)
    noise.check(problem)
    search.prepare(problem)
    check_fits(problem, search)
    return foretell(problem, search, limits, noise)


def check_fits(problem: Problem, search: Search) -> int:
    """Bytes that problem and search take, predicted; EvornnError, with what could be done, if there are fewer."""
    own, theirs = memory_of(problem, search)
    advice = "a smaller population, fewer episodes or a smaller network need less"
    if own > theirs:
        advice = "a smaller population or network, or a search that keeps less, needs less"
    method, genes = type(search).__name__, len(problem.space.lower)
    check_memory(f"{method} with D = {genes:,} genes and population {largest(search):,}", own + theirs, advice)
    return own + theirs


def memory_of(problem: Problem, search: Search) -> tuple[int, int]:
    """Bytes that a search and a problem take; 0 for one of one's own that does not say."""
    from evornn.training.trainer import Trainer

    own, predicted = getattr(search, "memory", 0), getattr(problem, "memory", None)
    if predicted is None:
        return own, 0
    size = largest(search)
    return own, max(predicted(size), predicted(size, gradients=True) if isinstance(search, Trainer) else 0)


def largest(search: Search) -> int:
    """The most genomes that a search asks at once, as far as it says so."""
    return int(getattr(search, "largest", getattr(search, "population", 1)))


def foretell(
    problem: Problem,
    search: Search,
    limits: Limits,
    noise: Noise,
    last: Record | None = None,
    elapsed: float = 0.0,
    stored: bool = False,
) -> Prediction:
    """What the rest of a run takes that is at record `last` after `elapsed` seconds; `stored`: in a directory."""
    from evornn.experiment.pilot import pilot_run

    left = limits.left_over(last, elapsed)

    def allowed(seconds: float, size: int) -> float:
        return min(SECONDS, max(LEAST, SHARE * _end(left, seconds, 1.0, size)[1]))

    memory = sum(memory_of(problem, search))
    found = pilot_run(problem, search, noise, allowed) if hasattr(search, "copied") else None
    if found is None:
        return Prediction(memory)
    pace, apart = found.pace, math.isnan(found.overhead)
    own = 0.0 if apart else found.overhead / found.size
    ends = [
        _end(left, pace.seconds + own, pace.steps, found.size),
        _end(left, pace.full_seconds + own, pace.full_steps, found.size),
    ]
    counts, times = zip(*ends, strict=True)
    most, generations = int(max(counts)), max(counts) / found.size
    memory += search.replay_memory(most) + int(RECORD * generations) + DIGEST * min(most, REMEMBERED)
    disk = int(8 * most + LINE * generations) if stored else 0
    return Prediction(memory, disk, (float(min(times)), float(max(times))), (int(min(counts)), most), apart)


def _end(left: Mapping[str, float], seconds: float, steps: float, size: float) -> tuple[float, float]:
    """Evaluations and seconds until the first budget is spent, by what one evaluation takes. Limits of what cannot be
    foreseen (restarts) are left out.
    """
    worth = {"evaluations": 1.0, "steps": 1 / max(steps, 1e-9), "seconds": 1 / max(seconds, 1e-9), "generations": size}
    count = min(amount * worth[name] for name, amount in left.items() if name in worth)
    return count, count * seconds


# -- in words ----------------------------------------------------------------------------------------------------------
def rounded(number: float) -> float:
    """To two digits."""
    return float(f"{number:.2g}")


def between(one: str, other: str) -> str:
    """A range, or what both of its ends are."""
    return one if one == other else f"{one} to {other}"


def in_bytes(count: float) -> str:
    """Bytes with two digits: 41 MB, 1.2 GB."""
    unit, size = next((pair for pair in (("TB", 1e12), ("GB", 1e9)) if count >= pair[1]), ("MB", 1e6))
    return f"{max(0.1, rounded(count / size)):g} {unit}"


def in_time(*seconds: float) -> str:
    """A time, or a range of times, with two digits: 8 s to 1.6 min."""
    units = (("days", 86_400.0, 172_800.0), ("h", 3600.0, 5400.0), ("min", 60.0, 90.0), ("s", 1.0, 0.0))
    words = []
    for value in seconds:
        unit, size, _ = next(unit for unit in units if value >= unit[2])
        words.append(f"{max(0.01, rounded(value / size)):g} {unit}")
    return between(words[0], words[-1])
