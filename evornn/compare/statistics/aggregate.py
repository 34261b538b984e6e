"""One figure over several problems with an interval (Agarwal, Schwarzer, Castro, Courville & Bellemare 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from evornn.compare.statistics.resampling import LEVEL, RESAMPLES, Estimate, check_sample, percentile_interval
from evornn.errors import EvornnError, check_range


def speed_scores(times: ArrayLike, budget: float) -> np.ndarray:
    """[S] scores in [0, 1] on one scale for all problems: 1 - log(times) / log(budget), and 0 for unsolved runs.

    times [S]: evaluations to solve, infinite or beyond `budget` if unsolved. It is the area under the run's
    distribution function over log evaluations from 1 to budget, so that halving the evaluations gains the same
    everywhere; it depends on the budget, which must be the same for all methods.
    """
    check_range("budget", budget, 1, open_low=True)
    times = check_sample("times", times)
    return 1.0 - np.log(np.clip(times, 1.0, budget)) / np.log(budget)


def interquartile_mean(
    scores: Sequence[ArrayLike], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Mean of the middle half of all scores (Agarwal et al. 2021), with a stratified bootstrap interval.

    scores: for each problem a sample [S], higher is better, on one scale for all problems (normalised), the same S
    everywhere so that problems weigh alike. The int(M S / 4) lowest and highest scores of all M problems are left out;
    problems that are always easy or always impossible then do not count at all. Interval: bootstrap that
    resamples runs within each problem; the problems are taken as given.
    """
    from scipy.stats import trim_mean

    table = [check_sample(f"scores of problem {i}", sample) for i, sample in enumerate(scores)]
    sizes = sorted({sample.size for sample in table})
    if len(sizes) != 1:
        raise EvornnError(f"the problems have {sizes} runs; an interquartile mean needs the same number on each")
    values = np.stack(table)
    if not np.isfinite(values).all():
        raise EvornnError("scores must be finite: normalise them, and give failures a lowest score")
    check_range("resamples", resamples, 1, integer=True)
    picks = np.random.default_rng([seed, 0]).integers(0, values.shape[1], (resamples, *values.shape))
    drawn = np.take_along_axis(values[None], picks, axis=2).reshape(resamples, -1)
    runs = values.shape[1]
    low, high = percentile_interval(trim_mean(drawn, 0.25, axis=1), runs, len(values) * (runs - 1), level)
    return Estimate(float(trim_mean(values, 0.25, axis=None)), low, high)
