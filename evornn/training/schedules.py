"""Learning-rate schedules: the share of the first rate after the steps that a learner has taken.

A schedule is a name, "cosine", or a table of its name and options: {name = "cosine", steps = 500, final = 0.1}.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_choice, check_range, nearest, shown

Schedule = Callable[[np.ndarray], np.ndarray]  # steps taken [k] -> share of the rate [k]


def constant(taken: np.ndarray) -> np.ndarray:
    """The same rate for ever."""
    return np.ones(taken.shape)


def linear(taken: np.ndarray, steps: int = 1000, final: float = 0.0) -> np.ndarray:
    """In a straight line down to the share `final` in `steps` steps, and there it stays."""
    return 1.0 + (final - 1.0) * np.minimum(taken / steps, 1.0)


def cosine(taken: np.ndarray, steps: int = 1000, final: float = 0.0) -> np.ndarray:
    """Half a cosine down to the share `final` in `steps` steps (Loshchilov & Hutter 2017, eq. 5), then constant."""
    return final + (1.0 - final) * 0.5 * (1.0 + np.cos(np.pi * np.minimum(taken / steps, 1.0)))


def step(taken: np.ndarray, every: int = 1000, factor: float = 0.5) -> np.ndarray:
    """Times `factor` after every `every` steps."""
    return factor ** np.floor_divide(taken, every).astype(np.float64)


SCHEDULES: dict[str, Callable[..., np.ndarray]] = {f.__name__: f for f in (constant, linear, cosine, step)}
RANGES = {"steps": (1, np.inf, True), "every": (1, np.inf, True), "final": (0.0, 1.0, False), "factor": (0, 1, False)}


def schedule(asked: str | Mapping[str, Any]) -> Schedule:
    """The schedule that a name, or a table of name and options, asks for; anything else is an EvornnError."""
    options = {"name": asked} if isinstance(asked, str) else dict(asked) if isinstance(asked, Mapping) else {}
    if "name" not in options:
        raise EvornnError(
            f"schedule is {shown(asked)}; it must be a name or a table with one; {nearest('', SCHEDULES)}"
        )
    name = options.pop("name")
    function = SCHEDULES[check_choice("schedule", name, SCHEDULES)]
    known = list(inspect.signature(function).parameters)[1:]
    for option, value in options.items():
        if option not in known:
            raise EvornnError(f"schedule {name} has no option {option!r}; {nearest(option, known)}")
        low, high, whole = RANGES[option]
        check_range(f"schedule {name}: {option}", value, low, high, integer=whole)
    return functools.partial(function, **options)
