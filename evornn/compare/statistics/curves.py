"""Fixed targets and fixed budgets read off best-so-far curves.

A curve is (evaluations [k], best [k]): evaluations increase, best, the best fitness so far (higher is better), never
falls; between two points the earlier one holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from evornn.compare.statistics.resampling import check_runs
from evornn.errors import EvornnError


class Quartiles(NamedTuple):
    """Lower quartile, median and upper quartile of fitness [B] at each budget, and how many runs [B] they rest on."""

    lower: np.ndarray
    median: np.ndarray
    upper: np.ndarray
    runs: np.ndarray


def first_hits(evaluations: ArrayLike, best: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """[T] evaluations at which a curve first is at or above targets [T]; infinite if it never is."""
    evaluations, best = _curve(evaluations, best)
    where = np.searchsorted(best, np.asarray(targets, dtype=np.float64), side="left")
    return np.append(evaluations, np.inf)[where]


def hits(
    curves: Sequence[tuple[ArrayLike, ArrayLike]], spent: ArrayLike, targets: ArrayLike
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For every target of targets [T] the runs (spent [S], reached [S]) that curves of S runs imply.

    A run that never reached a target has spent all of spent [S] on it (Hansen et al. 2010: ERT(target)).
    """
    spent, _ = check_runs(spent, np.zeros(len(curves), dtype=bool))
    first = np.array([first_hits(*curve, np.atleast_1d(targets)) for curve in curves])
    reached = first <= spent[:, None]
    return list(zip(np.where(reached, first, spent[:, None]).T, reached.T, strict=True))


def best_at(evaluations: ArrayLike, best: ArrayLike, budgets: ArrayLike, *, spent: float, solved: bool) -> np.ndarray:
    """[B] best fitness of one run within budgets [B]; NaN where the run has none to show.

    That is before its first point, and beyond `spent` unless it had `solved`: a run that was stopped because it had
    solved keeps its fitness, one that ran out of budget is not carried on.
    """
    evaluations, best = _curve(evaluations, best)
    budgets = np.asarray(budgets, dtype=np.float64)
    values = np.append(np.nan, best)[np.searchsorted(evaluations, budgets, side="right")]
    return values if solved else np.where(budgets <= spent, values, np.nan)


def fixed_budget(
    curves: Sequence[tuple[ArrayLike, ArrayLike]], spent: ArrayLike, solved: ArrayLike, budgets: ArrayLike
) -> Quartiles:
    """Median and interquartile range of best fitness over S runs within budgets [B] (the "fixed-budget" view;
    Hansen et al. 2016).

    The quartiles describe the spread of runs; they are no confidence interval of the median. Runs without a value at a
    budget are left out there: where `runs` falls along the budgets, medians are of different runs.
    """
    spent, solved = check_runs(spent, solved)
    if len(curves) != spent.size:
        raise EvornnError(f"there are {len(curves)} curves of {spent.size} runs; each run needs one")
    budgets = np.atleast_1d(np.asarray(budgets, dtype=np.float64))
    table = np.array(
        [best_at(*c, budgets, spent=s, solved=bool(ok)) for c, s, ok in zip(curves, spent, solved, strict=True)]
    )
    there = ~np.isnan(table)
    lower, median, upper = (
        np.array([quantile(column[ok], q) if ok.any() else np.nan for column, ok in zip(table.T, there.T, strict=True)])
        for q in (0.25, 0.5, 0.75)
    )
    return Quartiles(lower, median, upper, there.sum(axis=0))


def quantile(values: ArrayLike, q: float) -> float:
    """The q-quantile of values [S], linear between neighbours; halfway to an infinity is that infinity."""
    values = np.sort(np.asarray(values, dtype=np.float64))
    position = q * (values.size - 1)
    below, share = int(position), position - int(position)
    if share == 0.0 or values[below] == values[below + 1]:
        return float(values[below])
    return float((1.0 - share) * values[below] + share * values[below + 1])


def _curve(evaluations: ArrayLike, best: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    evaluations, best = np.asarray(evaluations, dtype=np.float64), np.asarray(best, dtype=np.float64)
    if evaluations.ndim != 1 or evaluations.shape != best.shape:
        raise EvornnError(f"a curve has {evaluations.shape} evaluations and {best.shape} fitness; both must be [k]")
    if not (np.diff(evaluations) > 0).all():
        raise EvornnError("the evaluations of a curve must increase")
    if not (best[1:] >= best[:-1]).all() or np.isnan(best).any():
        raise EvornnError("the fitness of a curve must be the best so far: it may not fall, and not be NaN")
    return evaluations, best
