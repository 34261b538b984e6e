"""Standard functions for `evornn bench --functions`, and matches of one of evornn's searches with its rivals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evornn.genome import Space

SIDE = 5.0  # the box is [-5, 5]^D
SIGMA = 0.2  # first step size of methods that have one, as a fraction of the box
WIDER = 10.0
BUDGETS = {"sphere": 100, "ellipsoid": 300, "Rastrigin": 300}  # evaluations per dimension

Run = Callable[["Function", int, int], float]


class Function:
    """A function to minimise, lowest at a point [D] in the middle four fifths of the box, where it is 0."""

    def __init__(self, name: str, dimension: int, seed: int) -> None:
        rng = np.random.default_rng((seed, dimension, list(BUDGETS).index(name)))
        self.name, self.dimension = name, dimension
        self.optimum = rng.uniform(-0.8 * SIDE, 0.8 * SIDE, dimension)
        self.rotation, _ = np.linalg.qr(rng.standard_normal((dimension, dimension)))
        self.start = rng.uniform(-SIDE, SIDE, dimension)  # of methods that start from a point
        self.evaluations, self.lowest = 0, np.inf

    def space(self, wide: bool) -> Space:
        """The box, or one ten times as wide in whose middle genomes are drawn."""
        bound = np.full(self.dimension, WIDER * SIDE if wide else SIDE)
        drawn = lambda rng, count: rng.uniform(-SIDE, SIDE, (count, self.dimension))  # noqa: E731
        return Space(-bound, bound, draw=drawn if wide else None)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Values [P] at points [P, D]; counted, and the lowest kept."""
        values = self.values(np.asarray(points, dtype=np.float64))
        self.evaluations += values.size
        self.lowest = min(self.lowest, float(values.min()))
        return values

    def values(self, points: np.ndarray) -> np.ndarray:
        """Values [P] at points [P, D]."""
        z = points - self.optimum
        if self.name == "sphere":
            return np.square(z).sum(axis=1)
        if self.name == "ellipsoid":
            scales = 10.0 ** (6.0 * np.arange(self.dimension) / max(1, self.dimension - 1))
            return np.square(z @ self.rotation) @ scales
        return (10.0 + np.square(z) - 10.0 * np.cos(2.0 * np.pi * z)).sum(axis=1)


@dataclass(frozen=True)
class Match:
    """One of evornn's searches, with its options, and its rivals: library -> how it runs there."""

    label: str
    search: str
    options: dict[str, Any] = field(default_factory=dict)
    rivals: dict[str, Run] = field(default_factory=dict)
    wide: bool = True  # it steps from a point, and is not to meet bounds

    def run(self, function: Function, budget: int, seed: int) -> float:
        """The lowest value that evornn's search finds."""
        from evornn.search import REGISTRY

        search = REGISTRY[self.search](function.space(self.wide), seed=seed, **self.options)
        while function.evaluations < budget:
            points = search.ask(budget - function.evaluations)
            search.tell(points, -function(points))
        return function.lowest
