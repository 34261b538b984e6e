"""The Lorenz attractor (Lorenz 1963): x' = 10 (y - x), y' = x (28 - z) - y, z' = x y - 8/3 z.

One value each 0.02 (as Jaeger & Haas 2004), scaled to about +-1: x / 20, y / 28, (z - 25) / 25.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import choice
from evornn.tasks.integrate import rk4
from evornn.tasks.series.base import Series

SIGMA, RHO, BETA = 10.0, 28.0, 8.0 / 3.0
DT = 0.02  # between values
SUBSTEPS = 5  # integration steps between values
TRANSIENT = 100  # values before the first, 2 units of time
SCALES = {"x": (0.0, 20.0), "y": (0.0, 28.0), "z": (25.0, 25.0)}  # (middle, half range)


class Lorenz(Series):
    """Lorenz attractor: predict its coordinates, then run free (Jaeger & Haas 2004).

    sequences, test: series from starts of their own. Further options as for `Series`.
    """

    NUMBERS = 24
    SMALL: ClassVar[dict[str, Any]] = {**Series.SMALL, "sequences": 2, "test": 2}

    variables: str = choice("one, which hides the other two, or all", ["x", "y", "z", "xyz"], default="x")
    test = 50

    def values(self, rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
        """Series on the attractor, from random starts."""
        middles, halves = np.transpose(list(SCALES.values()))[..., None]
        path = lorenz(middles + halves * rng.uniform(-0.5, 0.5, (3, count)), TRANSIENT + steps)[TRANSIENT:]
        scaled = [(path[:, "xyz".index(v)].T - SCALES[v][0]) / SCALES[v][1] for v in self.variables]
        return np.stack(scaled, axis=2)


def lorenz(s: np.ndarray, steps: int) -> np.ndarray:
    """x, y, z at times DT, 2 DT, ...: [steps, 3, n] from s [3, n], by the classic Runge-Kutta method."""
    path = []
    for _ in range(steps):
        for _ in range(SUBSTEPS):
            s = rk4(derivative, s, DT / SUBSTEPS)
        path.append(s)
    return np.array(path)


def derivative(s: np.ndarray) -> np.ndarray:
    """The Lorenz equations."""
    x, y, z = s
    return np.stack([SIGMA * (y - x), x * (RHO - z) - y, x * y - BETA * z])
