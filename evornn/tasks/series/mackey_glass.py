"""The Mackey-Glass series (Mackey & Glass 1977), chaotic for tau > 16.8:

    x'(t) = 0.2 x(t - tau) / (1 + x(t - tau)^10) - 0.1 x(t),   one value a unit of time, squashed to tanh(x - 1)

The test is NRMSE84 (Jaeger 2001): many series, each with a start on true values and 84 steps of free run; the error of
the 84th.
Published, tau = 17: echo states 1.2e-4 with 400 units, 10^-4.2 with 1,000 and output feedback (Jaeger & Haas 2004),
Evolino 1.9e-3; tau = 30: .11 and .032 (Jaeger 2001, 3,000 and 21,000 training steps).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import whole
from evornn.tasks.series.base import Series

TRANSIENT = 200  # units of time before the first value
SUBSTEPS = 10  # integration steps a unit of time


class MackeyGlass(Series):
    """Mackey-Glass: predict a chaotic series with delay, then run free for 84 steps (Jaeger 2001).

    sequences, test: series from starts of their own (the paper: 100 in the test). goal: of the NRMSE84. Further options
    as for `Series`.
    """

    LAST_ONLY = True
    NUMBERS = 30
    SMALL: ClassVar[dict[str, Any]] = {**Series.SMALL, "sequences": 2, "test": 2}

    tau: int = whole("delay, 17 or 30 in the literature", default=17, low=1)
    horizon = 84

    def extent(self) -> tuple[int, int]:
        """Steps, with the history, and numbers of a step."""
        steps, numbers = super().extent()
        return steps + TRANSIENT + self.tau, numbers

    def values(self, rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
        """Series from random constant histories, after a transient."""
        x = mackey_glass(rng.uniform(0.5, 1.2, count), self.tau, TRANSIENT + steps, SUBSTEPS)
        return np.tanh(x[-steps:].T - 1.0)[..., None]


def mackey_glass(start: np.ndarray, tau: int, steps: int, substeps: int = SUBSTEPS) -> np.ndarray:
    """x at t = 1 .. steps, [steps, n], for n constant histories x(t <= 0) = start [n].

    Classic Runge-Kutta; the delayed value half a step on comes from the cubic through both ends and their slopes.
    """
    delay, h = tau * substeps, 1.0 / substeps
    x = np.empty((delay + steps * substeps + 1, len(start)))  # row i is the time (i - delay) h
    x[: delay + 1] = start
    slopes = np.zeros_like(x)

    def slope(now: np.ndarray, then: np.ndarray) -> np.ndarray:
        return 0.2 * then / (1.0 + then**10) - 0.1 * now

    for i in range(delay, len(x) - 1):
        a, b = x[i - delay], x[i - delay + 1]
        after = slopes[i - delay + 1] if i - delay + 1 != delay else 0.0  # the slope jumps where the history ends
        middle = 0.5 * (a + b) + h / 8 * (slopes[i - delay] - after)
        k1 = slopes[i] = slope(x[i], a)
        k2 = slope(x[i] + h / 2 * k1, middle)
        k3 = slope(x[i] + h / 2 * k2, middle)
        k4 = slope(x[i] + h * k3, b)
        x[i + 1] = x[i] + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x[delay + substeps :: substeps]
