"""`evornn bench --functions`: searches beside other libraries' on standard functions, with the same budget and seeds.

Sphere, ellipsoid (rotated, condition 10^6) and Rastrigin's function, their optima drawn anew for each seed in
[-5, 5]^D. Methods that fill a box with their first genomes have that box; those that step from a point start there, and
(ours in a box ten times as wide) do not meet bounds. What counts is the lowest value found within the budget; a method
is called worse (or better) than a rival only if the 95 % bootstrap interval of the difference between their medians, on
a log scale, lies on one side of zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evornn.genome import Space

SIDE = 5.0  # the box is [-5, 5]^D
SIGMA = 0.2  # first step size of methods that have one, as a fraction of the box
WIDER = 10.0
EXACT = 1e-12  # lower values count as this
BUDGETS = {"sphere": 100, "ellipsoid": 300, "Rastrigin": 300}  # evaluations per dimension
DIMENSIONS = (10, 40)
RESAMPLES = 2000
TITLE = "Lowest value found, median of {seeds} seeds (95 % interval); in brackets how evornn does beside that library"
WORSE, BETTER, ALIKE = "worse", "better", "alike"

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


def measure_functions(only: str, seeds: int) -> list[dict[str, Any]]:
    """One row for each match, function and dimension; `only`: part of a match's or a function's name."""
    from evornn.bench.function_rivals import matches, missing

    for library, why in missing().items():
        print(f"{library} is left out: {why}")
    rows = []
    for match in matches():
        for name, per_dimension in BUDGETS.items():
            for dimension in DIMENSIONS:
                if only.lower() in f"{match.label} {name}".lower():
                    rows.append(_row(match, name, dimension, per_dimension * dimension, seeds))
    return rows


def _row(match: Match, name: str, dimension: int, budget: int, seeds: int) -> dict[str, Any]:
    from evornn.bench.function_rivals import LIBRARIES

    ours = _results(match.run, name, dimension, budget, seeds)
    low, high = interval(ours)
    row = {
        "search": match.label,
        "function": name,
        "D": dimension,
        "evaluations": budget,
        "evornn": f"{np.median(ours):.2g} ({low:.1g} to {high:.1g})",
    }
    for library in LIBRARIES:
        run = match.rivals.get(library)
        cell = "-"
        if run is not None:
            theirs = _results(run, name, dimension, budget, seeds)
            cell = f"{np.median(theirs):.2g} ({verdict(ours, theirs)})"
        row[library] = cell
    return row


def _results(run: Run, name: str, dimension: int, budget: int, seeds: int) -> np.ndarray:
    """The lowest values [seeds]."""
    found = []
    for seed in range(1, seeds + 1):
        function = Function(name, dimension, seed)
        found.append(max(EXACT, run(function, budget, seed)))
        if function.evaluations > budget:
            raise RuntimeError(f"{function.evaluations} evaluations of {name}, more than the budget of {budget}")
    return np.array(found)


def _resampled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Medians [RESAMPLES] of values drawn with replacement."""
    return np.median(values[rng.integers(values.size, size=(RESAMPLES, values.size))], axis=1)


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of the median."""
    low, high = np.quantile(_resampled(values, np.random.default_rng(0)), [0.025, 0.975])
    return float(low), float(high)


def verdict(ours: np.ndarray, theirs: np.ndarray) -> str:
    """How evornn does beside a rival: "better" or "worse" if the 95 % interval leaves no doubt, else "alike"."""
    rng = np.random.default_rng(0)
    difference = _resampled(np.log10(ours), rng) - _resampled(np.log10(theirs), rng)
    low, high = np.quantile(difference, [0.025, 0.975])
    return WORSE if low > 0.0 else BETTER if high < 0.0 else ALIKE
