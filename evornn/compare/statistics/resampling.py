"""Estimates with intervals, and the seeded resampling that the bootstrap intervals rest on.

A bootstrap (Efron 1979) draws runs with replacement. Here a resample is a row of counts, how often each run was drawn,
so that sums over resamples are matrix products. Equal (runs, resamples, seed, stream) give equal counts, whatever else
is compared: adding a method or a problem changes no interval of another.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from evornn.errors import EvornnError, check_range

LEVEL = 0.95
RESAMPLES = 2000


class Estimate(NamedTuple):
    """A figure and the interval [low, high] that it is reported with; any of them may be infinite."""

    value: float
    low: float
    high: float

    def overlaps(self, other: Estimate) -> bool:
        """Whether the two intervals share a point. Overlap is no test: it shows neither equality nor a difference."""
        return self.low <= other.high and other.low <= self.high


@lru_cache(maxsize=4)
def resample_counts(runs: int, resamples: int, seed: int, stream: int = 0) -> np.ndarray:
    """[resamples, runs] float64, read-only: how often each run is drawn in each resample of `runs` out of `runs`.

    Different `stream`s of one `seed` are independent: two samples compared with each other need two of them.
    """
    check_range("resamples", resamples, 1, integer=True)
    rng = np.random.default_rng([seed, stream])
    counts = rng.multinomial(runs, np.full(runs, 1.0 / runs), size=resamples).astype(np.float64)
    counts.setflags(write=False)
    return counts


def percentile_interval(values: ArrayLike, runs: int, freedom: int, level: float = LEVEL) -> tuple[float, float]:
    """Interval from resampled values [B], infinities allowed: the expanded percentile bootstrap (Hesterberg 2015).

    A bootstrap sees the variance (n - 1)/n times too small and takes it for known. So the share left out at each end is
    not (1 - level)/2 but Phi(-sqrt(n / (n - 1)) t), t the quantile of Student's t with `freedom` degrees of freedom;
    n: `runs` of the smallest resampled sample. Ends are values that occurred, the outer ones of two neighbours. Where
    values are skewed it still covers less than `level`: of means of exponential run times, at 0.95, 91 % at 10 runs,
    93 % at 50, and nearly all it misses lie above. One run shows no spread: the whole line.
    """
    from scipy.stats import norm, t

    check_range("level", level, 0.5, 0.9999)
    if runs < 2:
        return -np.inf, np.inf
    tail = norm.sf(np.sqrt(runs / (runs - 1)) * t.isf((1.0 - level) / 2.0, freedom))
    values = np.asarray(values, dtype=np.float64)
    return float(np.quantile(values, tail, method="lower")), float(np.quantile(values, 1.0 - tail, method="higher"))


def check_sample(what: str, values: ArrayLike) -> np.ndarray:
    """`values` as float64 [S] with S >= 1, infinities allowed, else an error naming `what`."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or np.isnan(values).any():
        raise EvornnError(f"{what} has shape {values.shape}; it must be [S], one number for each of at least one run")
    return values


def check_runs(spent: ArrayLike, solved: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Runs as (spent float64 [S], solved bool [S]): evaluations of each run, and whether they ended in a solution."""
    spent, solved = check_sample("spent", spent), np.asarray(solved)
    if solved.shape != spent.shape or not np.isin(solved, (0, 1)).all():
        raise EvornnError(f"solved has shape {solved.shape}; it must be true or false for each of {spent.size} runs")
    if not (np.isfinite(spent).all() and (spent > 0).all()):
        raise EvornnError(f"spent has {spent.min():g} to {spent.max():g}; every run must have spent a number above 0")
    return spent, solved.astype(bool)
