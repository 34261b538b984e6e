"""NARMA10 (Atiya & Parlos 2000), a nonlinear moving average of order 10 driven by noise:

y(t+1) = 0.3 y(t) + 0.05 y(t) sum_{i=0..9} y(t-i) + 1.5 u(t-9) u(t) + 0.1,   u uniform in [0, 0.5]
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import Node, State
from evornn.options import fixed, whole
from evornn.tasks.series.base import Series

ORDER = 10
MOST_STEPS = 100_000  # longer ones nearly always explode


class NARMA10(Series):
    """NARMA10: follow a nonlinear system of order 10 from its random input (Atiya & Parlos 2000).

    input: u(t); target: y(t + 1). No output is fed back. Echo state networks of 400 nodes reach an NRMSE of about 0.12.
    """

    MORE = ()
    SMALL: ClassVar[dict[str, Any]] = {"washout": 11, "fit": 5, "sequences": 2, "test": 2}

    washout: int = whole("first steps, which do not count", default=30, low=0, high=MOST_STEPS)
    fit: int = whole("steps that count", default=70, low=1, high=MOST_STEPS)
    free, horizon = fixed(0), fixed(1)
    test, goal = 20, 0.4

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Input and target series; the few inputs that make y explode are drawn again."""
        steps = self.washout + self.fit
        u = rng.uniform(0.0, 0.5, (count, steps))
        tries = max(20, 1_000_000 // steps)
        while (wild := ~(np.abs(y := narma10(u)) < 1.0).all(axis=1)).any():
            tries -= 1
            if not tries:
                raise EvornnError(
                    f"hardly any input of {steps:,} steps keeps NARMA10 below 1; make washout and fit shorter"
                )
            u[wild] = rng.uniform(0.0, 0.5, (wild.sum(), steps))
        mask = np.broadcast_to(np.arange(steps) >= self.washout, (count, steps)) * 1.0
        return u[..., None], y[..., None], mask

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """More of the same."""
        return self.generate(rng, count)

    def start(self, scenario: Node) -> State:
        """Nothing is fed back."""
        return State()

    def sense(self, s: State, now: State) -> Node:
        """The input u."""
        return now.inputs

    def advance(self, s: State, action: Node, now: State) -> State:
        """Nothing is kept."""
        return State()

    @property
    def question(self) -> str:
        """What the test asks, for people."""
        return f"NRMSE at most {self.goal:g} on fresh input"


def narma10(u: np.ndarray) -> np.ndarray:
    """y(t + 1) for t = 0 .. T - 1, [n, T], of inputs u [n, T]; y(0) = 0, and u and y before it are 0."""
    n, steps = u.shape
    past = np.zeros((n, ORDER - 1))
    u = np.concatenate([past, u], axis=1)
    y = np.concatenate([past, np.zeros((n, steps + 1))], axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(ORDER - 1, ORDER - 1 + steps):
            window = y[:, t - ORDER + 1 : t + 1].sum(axis=1)
            y[:, t + 1] = 0.3 * y[:, t] + 0.05 * y[:, t] * window + 1.5 * u[:, t - ORDER + 1] * u[:, t] + 0.1
    return y[:, ORDER:]
