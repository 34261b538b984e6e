"""`evornn bench --functions`: searches beside other libraries' on standard functions, with the same budget and seeds.

Sphere, ellipsoid (rotated, condition 10^6) and Rastrigin's function, their optima drawn anew for each seed in
[-5, 5]^D. Methods that fill a box with their first genomes have that box; those that step from a point start there, and
(ours in a box ten times as wide) do not meet bounds. What counts is the lowest value found within the budget; a method
is called worse (or better) than a rival only if the 95 % bootstrap interval of the difference between their medians, on
a log scale, lies on one side of zero.
"""

from __future__ import annotations

import numpy as np

from evornn.bench.function_rivals import LIBRARIES, matches, missing
from evornn.bench.matches import BUDGETS, Function, Match, Run
from evornn.bench.measure import Row

EXACT = 1e-12  # lower values count as this
DIMENSIONS = (10, 40)
RESAMPLES = 2000
TITLE = "Lowest value found, median of {seeds} seeds (95 % interval); in brackets how evornn does beside that library"
WORSE, BETTER, ALIKE = "worse", "better", "alike"


def measure_functions(only: str, seeds: int) -> list[Row]:
    """One row for each match, function and dimension; `only`: part of a match's or a function's name."""
    for library, why in missing().items():
        print(f"{library} is left out: {why}")
    rows = []
    for match in matches():
        for name, per_dimension in BUDGETS.items():
            for dimension in DIMENSIONS:
                if only.lower() in f"{match.label} {name}".lower():
                    rows.append(_row(match, name, dimension, per_dimension * dimension, seeds))
    return rows


def _row(match: Match, name: str, dimension: int, budget: int, seeds: int) -> Row:
    ours = _results(match.run, name, dimension, budget, seeds)
    low, high = interval(ours)
    row: Row = {
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
