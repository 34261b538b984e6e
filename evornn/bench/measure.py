"""Timing that holds on a shared, noisy machine: contenders take turns, and what is quoted is the median ratio of
neighbouring runs.
"""

from __future__ import annotations

import contextlib
import importlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Row = dict[str, str | float | None]  # of a table: column -> what stands there


@dataclass(frozen=True)
class Timing:
    """Seconds of one contender: the best and the median run; ratio: the first contender's speed over this one's,
    median of turns.
    """

    best: float
    median: float
    ratio: float


def take_turns(
    contenders: dict[str, Callable[[], object]],
    seconds: float = 3.0,
    least: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Run every contender in turn until `seconds` have passed (at least `least` rounds), after one round that warms
    up. clock: of a run: wall time, or `time.process_time`.
    """
    for run in contenders.values():
        run()
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    began = time.perf_counter()
    while time.perf_counter() - began < seconds or len(next(iter(spent.values()))) < least:
        for name, run in contenders.items():
            start = clock()
            run()
            spent[name].append(clock() - start)
    first = next(iter(spent.values()))
    return {
        name: Timing(
            min(times), statistics.median(times), statistics.median(b / a for a, b in zip(first, times, strict=True))
        )
        for name, times in spent.items()
    }


def one_thread() -> contextlib.AbstractContextManager[object]:
    """Matrix products on one core, if the library that can say so is there."""
    try:
        limits: contextlib.AbstractContextManager[object] = importlib.import_module("threadpoolctl").threadpool_limits(
            1
        )
    except ImportError:
        return contextlib.nullcontext()
    return limits
