"""Two methods on one problem: is there a difference (Mann-Whitney, Holm), and how large is it (Vargha-Delaney)?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from evornn.compare.statistics.resampling import (
    LEVEL,
    RESAMPLES,
    Estimate,
    check_sample,
    percentile_interval,
    resample_counts,
)
from evornn.compare.statistics.runtimes import success_rate
from evornn.errors import EvornnError

EXACT = 60
SIZES = {"large": 0.21, "medium": 0.14, "small": 0.06}


@dataclass(frozen=True)
class Pair:
    """Two methods compared on one problem.

    u: Mann-Whitney's U of `first`; p, and p after Holm's correction over all pairs of the problem; superiority: the
    probability that a run of `first` does better than one of `second`, ties counting half (Vargha & Delaney's A12),
    with its interval.
    """

    first: str
    second: str
    u: float
    p: float
    adjusted: float
    superiority: Estimate

    @property
    def size(self) -> str:
        """The effect in a word."""
        return effect_size(self.superiority.value)

    @property
    def better(self) -> str:
        """The name that `superiority` favours; says nothing of significance."""
        return self.first if self.superiority.value >= 0.5 else self.second

    @property
    def worse(self) -> str:
        """The other name."""
        return self.second if self.better == self.first else self.first


def mann_whitney(first: ArrayLike, second: ArrayLike) -> tuple[float, float]:
    """(U of first, two-sided p) of the rank test of Mann & Whitney (1947) on first [m], second [n]; inf allowed.

    Null hypothesis: both samples are of one distribution, all runs independent. Up to 60 runs together, p is exact
    given the ties (which unsolved runs make, and which SciPy's exact p does not cover): p = P(|U - mn/2| >= that seen)
    over all C(m + n, m) splits; beyond, SciPy's normal approximation with its correction for ties and continuity. It
    is no test of medians or means: where spreads or shapes differ too, a rejection says "different", not "shifted".
    """
    first, second = check_sample("first", first), check_sample("second", second)
    both = np.concatenate([first, second])
    if (both == both[0]).all():
        return first.size * second.size / 2.0, 1.0
    from scipy.stats import mannwhitneyu, rankdata

    if both.size > EXACT:
        found = mannwhitneyu(first, second, alternative="two-sided", method="asymptotic")
        return float(found.statistic), float(found.pvalue)
    ranks = rankdata(both)
    u = ranks[: first.size].sum() - first.size * (first.size + 1) / 2.0
    return float(u), _exact(np.rint(2.0 * ranks).astype(np.int64), first.size)


def _exact(scores: np.ndarray, size: int) -> float:
    """Two-sided permutation p of the first `size` of whole scores [N]: the shift algorithm (Streitberg & Rohmel 1986).

    ways[k, s] counts the sets of k scores with sum s; taking in one score r adds ways[k - 1, s - r].
    """
    scores = scores - scores.min()
    seen = scores[:size].sum()
    ways = np.zeros((size + 1, int(np.sort(scores)[-size:].sum()) + 1))
    ways[0, 0] = 1.0
    for r in scores:
        ways[1:, r:] += ways[:-1, : ways.shape[1] - r]
    away = np.abs(np.arange(ways.shape[1]) * scores.size - size * scores.sum())  # whole numbers: ties are exact
    return float(ways[size, away >= away[seen]].sum() / ways[size].sum())


def smallest_p(m: int, n: int) -> float:
    """The smallest two-sided p that m and n runs can give: 2 of the C(m + n, m) splits separate them completely."""
    return min(2.0 / math.comb(m + n, m), 1.0)


def holm(p: ArrayLike) -> np.ndarray:
    """[m] p-values of m tests adjusted so that rejecting those <= alpha errs anywhere with at most alpha (Holm 1979).

    With p sorted, adjusted_i = max over j <= i of min((m - j + 1) p_j, 1). Needs no independence of the tests.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1.0)
    return adjusted


def superiority(
    first: ArrayLike, second: ArrayLike, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """A12 = P(first > second) + P(first = second) / 2 (Vargha & Delaney 2000) of first [m] against second [n].

    0.5: neither is stochastically larger. Interval and assumptions: as `probability_of_improvement` on one problem.
    """
    return probability_of_improvement([first], [second], level=level, resamples=resamples, seed=seed)


def probability_of_improvement(
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Mean over problems of P(first > second) + P(first = second) / 2 (Agarwal et al. 2021).

    first, second: for each problem, in the same order, a sample [m] and a sample [n] of independent runs. Interval:
    bootstrap of both samples, stratified: runs are resampled within each problem. Problems count alike and
    are taken as given: nothing follows for problems not in the set. Where every run beats every other one, a bootstrap
    has nothing to vary; the interval is then Wilson's for as many disjoint pairs of runs, all won. Says nothing of how
    far apart the values are.
    """
    if len(first) != len(second) or len(first) == 0:
        raise EvornnError(
            f"there are {len(first)} and {len(second)} problems; both methods need the same, at least one"
        )
    wins = [_wins(a, b) for a, b in zip(first, second, strict=True)]
    value = float(np.mean([w.mean() for w in wins]))
    if value in (0.0, 1.0):
        return success_rate(np.full(len(wins) * min(min(w.shape) for w in wins), value), level)
    values = np.mean([_resampled(w, resamples, seed, 2 * i) for i, w in enumerate(wins)], axis=0)
    freedom = sum(w.shape[0] + w.shape[1] - 2 for w in wins)
    low, high = percentile_interval(values, min(min(w.shape) for w in wins), freedom, level)
    return Estimate(value, max(low, 0.0), min(high, 1.0))


def effect_size(a12: float) -> str:
    """A12 in a word by the thresholds .56, .64, .71 and their mirror images (Vargha & Delaney 2000)."""
    away = abs(a12 - 0.5)
    return next((word for word, least in SIZES.items() if away >= least - 1e-12), "negligible")


def compare_pairs(
    costs: Mapping[str, ArrayLike], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> list[Pair]:
    """All pairs of the methods of one problem, in the mapping's order, corrected over these pairs by Holm.

    costs: method -> [S], lower is better (`times_to_solve`, or minus the final fitness); samples may differ in length.
    Methods that share seeds may be positively dependent, which makes the tests conservative.
    """
    arrays = {name: check_sample(name, values) for name, values in costs.items()}
    named = list(combinations(arrays, 2))
    tests = [mann_whitney(arrays[a], arrays[b]) for a, b in named]
    adjusted = holm([p for _, p in tests])
    return [
        Pair(a, b, u, p, float(q), superiority(-arrays[a], -arrays[b], level=level, resamples=resamples, seed=seed))
        for (a, b), (u, p), q in zip(named, tests, adjusted, strict=True)
    ]


def _wins(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """[m, n] 1 where a run of first is larger than one of second, 0.5 where equal, else 0."""
    first, second = check_sample("first", first)[:, None], check_sample("second", second)
    return (first > second) + 0.5 * (first == second)


def _resampled(wins: np.ndarray, resamples: int, seed: int, stream: int = 0) -> np.ndarray:
    """[resamples] A12 of bootstrap samples of the rows and of the columns of wins [m, n]."""
    rows = resample_counts(wins.shape[0], resamples, seed, stream)
    columns = resample_counts(wins.shape[1], resamples, seed, stream + 1)
    return np.einsum("bn,bn->b", rows @ wins, columns) / wins.size
