"""Several methods over several problems: Friedman's test, Nemenyi's critical difference and its groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evornn.compare.statistics.resampling import LEVEL
from evornn.errors import EvornnError, check_range


@dataclass(frozen=True)
class Friedman:
    """statistic ~ chi-square with k - 1 degrees of freedom, and p; f ~ F(k - 1, (k - 1)(N - 1)), and f_p; the average
    ranks [k], 1 the best; N problems.
    """

    statistic: float
    p: float
    f: float
    f_p: float
    ranks: np.ndarray
    problems: int


def average_ranks(costs: ArrayLike) -> np.ndarray:
    """[..., k] mean over problems of each method's rank; costs [..., N, k], lower is better, ties share their ranks.

    Infinite costs are tied behind all others.
    """
    from scipy.stats import rankdata

    costs = np.asarray(costs, dtype=np.float64)
    if costs.ndim < 2 or np.isnan(costs).any():
        raise EvornnError(f"costs have shape {costs.shape}; they must be [problems, methods], with no entry missing")
    return rankdata(costs, axis=-1).mean(axis=-2)


def friedman(costs: ArrayLike) -> Friedman:
    """Friedman's test (1937) of costs [N, k], lower is better, over N >= 2 problems and k >= 3 methods.

    Null hypothesis: on every problem every order of the methods is equally likely. One figure (such as the ERT) stands
    for each method on each problem: how sure that figure is does not enter. statistic = 12 N / (k (k + 1)) (sum of
    squared average ranks - k (k + 1)^2 / 4), over the correction for ties; f = (N - 1) statistic / (N (k - 1) -
    statistic) (Iman & Davenport 1980; Demsar 2006). With few problems the chi-square p errs to the safe side and f_p to
    the other, so decide by p. For two methods use a paired test instead.
    """
    ranks = average_ranks(costs)
    costs = np.asarray(costs, dtype=np.float64)
    if costs.ndim != 2 or costs.shape[0] < 2 or costs.shape[1] < 3:
        raise EvornnError(f"costs have shape {costs.shape}; Friedman's test needs 2 problems and 3 methods or more")
    n, k = costs.shape
    if (costs == costs[:, :1]).all():
        return Friedman(0.0, 1.0, 0.0, 1.0, ranks, n)
    from scipy.stats import f as f_distribution
    from scipy.stats import friedmanchisquare

    found = friedmanchisquare(*costs.T)
    statistic = float(found.statistic)
    left = n * (k - 1) - statistic
    f = (n - 1) * statistic / left if left > 1e-9 else np.inf
    return Friedman(statistic, float(found.pvalue), f, float(f_distribution.sf(f, k - 1, (k - 1) * (n - 1))), ranks, n)


def critical_difference(methods: int, problems: int, level: float = LEVEL) -> float:
    """Average ranks of `methods` over `problems` that differ by this or more differ significantly (Nemenyi 1963).

    q sqrt(k (k + 1) / (6 N)), q the Studentized range quantile at infinitely many degrees of freedom over sqrt 2
    (Demsar 2006). Corrected for all pairs; only after Friedman's test has rejected. A pair's verdict depends on which
    other methods are compared (Benavoli, Corani & Mangili 2016), and the method ignores ties.
    """
    from scipy.stats import studentized_range

    check_range("methods", methods, 2, integer=True)
    check_range("problems", problems, 2, integer=True)
    check_range("level", level, 0.5, 0.9999)
    q = float(studentized_range.ppf(level, methods, np.inf)) / np.sqrt(2.0)
    return float(q * np.sqrt(methods * (methods + 1) / (6.0 * problems)))


def groups(ranks: ArrayLike, difference: float) -> list[list[int]]:
    """The bars of a critical-difference diagram (Demsar 2006): the largest sets of methods, as indices into ranks [k]
    from the best on, whose average ranks differ by less than `difference`; sets of one are left out.

    A bar joins what the test cannot tell apart; it does not say that these are equal, and bars may overlap.
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    order = np.argsort(ranks, kind="stable")
    ends = np.searchsorted(ranks[order], ranks[order] + difference - 1e-9, side="left")
    starts = [i for i in range(order.size) if i == 0 or ends[i] > ends[i - 1]]
    return [order[i : ends[i]].tolist() for i in starts if ends[i] - i > 1]
