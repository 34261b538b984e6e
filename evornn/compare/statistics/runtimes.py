"""Fixed targets: how often and after how many evaluations runs solve a problem.

A run is a pair (spent, solved): evaluations spent, up to and including the one that solved if one did. Runs must be
independent draws of one method on one problem under one budget; where the budgets differ, `cut` them first.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from evornn.compare.statistics.resampling import (
    LEVEL,
    RESAMPLES,
    Estimate,
    check_runs,
    check_sample,
    percentile_interval,
    resample_counts,
)
from evornn.errors import EvornnError, check_range

DRAWS = 1000  # where restarts are simulated
SUMS = 1000  # different sums of unsolved runs that are reckoned with exactly


def success_rate(solved: ArrayLike, level: float = LEVEL) -> Estimate:
    """Share of solved runs of solved [S] with the score interval of Wilson (1927).

    Holds for few runs and for shares of 0 and 1, where the textbook interval p +- z sqrt(p(1 - p)/S) has no width.
    """
    from scipy.stats import binomtest

    _, solved = check_runs(np.ones(np.shape(solved)), solved)
    check_range("level", level, 0.5, 0.9999)
    found = binomtest(int(solved.sum()), solved.size)
    interval = found.proportion_ci(confidence_level=level, method="wilson")
    return Estimate(float(solved.mean()), max(float(interval.low), 0.0), min(float(interval.high), 1.0))


def expected_running_time(
    spent: ArrayLike, solved: ArrayLike, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """ERT = sum of spent [S] / number of solved [S] (Price 1997; Hansen et al. 2010).

    It is the expected evaluations of a method that is restarted, with the same budget each time, until it solves. It
    needs only one success to be finite, and then rests on that one: read it with the success rate, and only compare
    ERTs of equal budgets. Interval: bootstrap over runs, `percentile_interval`; its upper end is infinite when too
    few runs solved (about 4) to rule out a sample without success. No success: ERT is infinite, and the lower end is
    mean(spent) (1 - p) / p with p the upper end of Wilson's interval for 0 of S.
    """
    spent, solved = check_runs(spent, solved)
    if not solved.any():
        p = success_rate(solved, level).high
        return Estimate(np.inf, float(spent.mean() * (1.0 - p) / p), np.inf)
    counts = resample_counts(spent.size, resamples, seed)
    with np.errstate(divide="ignore"):
        values = (counts @ spent) / (counts @ solved.astype(np.float64))
    low, high = percentile_interval(values, spent.size, spent.size - 1, level)
    return Estimate(float(spent.sum() / solved.sum()), max(low, 0.0), high)


def cut(spent: ArrayLike, solved: ArrayLike, budget: float) -> tuple[np.ndarray, np.ndarray]:
    """Runs (spent [S], solved [S]) as they would have been under a smaller `budget`: what solved later is unsolved."""
    spent, solved = check_runs(spent, solved)
    return np.minimum(spent, budget), solved & (spent <= budget)


def shared_budget(runs: Iterable[tuple[ArrayLike, ArrayLike]]) -> float:
    """The largest budget under which several methods' runs (spent [S], solved [S]) can be compared; inf: all solved.

    A method's budget is read off its longest unsolved run; the smallest over methods is shared. Give the real budget
    instead where it is known: a method that gives up by itself seems to have had a smaller one.
    """
    checked = [check_runs(*pair) for pair in runs]
    return min((float(spent[~solved].max()) for spent, solved in checked if not solved.all()), default=np.inf)


def times_to_solve(spent: ArrayLike, solved: ArrayLike) -> np.ndarray:
    """[S] evaluations to solve, for tests by ranks: infinite for unsolved runs.

    So a censored run ranks behind every solved one, and all censored runs are tied, however good their last fitness:
    within one budget this is all that is known of their time. Only meaningful under a shared budget (`cut`).
    """
    spent, solved = check_runs(spent, solved)
    return np.where(solved, spent, np.inf)


def simulated_restarts(
    spent: ArrayLike, solved: ArrayLike, *, draws: int = DRAWS, seed: int = 0, stream: int = 0
) -> np.ndarray:
    """[draws] simulated evaluations to solve with restarts, infinite without a success (Hansen et al. 2016).

    Each draw takes runs with replacement until a solved one and adds up what they spent. Assumes that a restarted run
    is independent of the one before; the mean over draws tends to the ERT. The tail beyond the longest run is built
    from very few successes when few runs solved.
    """
    spent, solved = check_runs(spent, solved)
    check_range("draws", draws, 1, integer=True)
    if not solved.any():
        return np.full(draws, np.inf)
    rng = np.random.default_rng([seed, stream])
    total = rng.choice(spent[solved], draws)
    if solved.all():
        return total
    failures = rng.geometric(solved.mean(), draws) - 1
    wasted = rng.choice(spent[~solved], failures.sum())
    return total + np.bincount(np.repeat(np.arange(draws), failures), weights=wasted, minlength=draws)


def share_within(times: ArrayLike, at: ArrayLike) -> np.ndarray:
    """[B] empirical distribution: the share of times [K] that are at most at [B]; infinite times are never reached."""
    times = np.sort(check_sample("times", times))
    return np.searchsorted(times, np.asarray(at, dtype=np.float64), side="right") / times.size


def restarted_shares(
    spent: ArrayLike, solved: ArrayLike, at: ArrayLike, *, draws: int = DRAWS, seed: int = 0, stream: int = 0
) -> np.ndarray:
    """[B] P(T <= at) of the evaluations T to solve with restarts, as in `simulated_restarts`, without drawing.

    A run that ends unsolved after u evaluations leaves at - u to the next one, so that

        P(T <= t) = (number of solved runs with spent <= t + sum over unsolved u of P(T <= t - u)) / S.

    Left of the shortest unsolved run it is the share of runs that had solved. Exact as far as the unsolved runs make at
    most `SUMS` different sums; what is right of that is simulated by `draws` draws, given what is left of it.
    """
    spent, solved = check_runs(spent, solved)
    at = np.atleast_1d(np.asarray(at, dtype=np.float64))
    if not solved.any() or not at.size:
        return np.zeros(at.shape)
    times, runs = np.sort(spent[solved]), spent.size
    wasted, weights = np.unique(spent[~solved], return_counts=True)
    sums, chances = np.zeros(1), np.ones(1)  # what was spent on unsolved runs before, and its probability
    shares, end = np.zeros(at.shape), float(np.nextafter(at.max(), np.inf))  # exact left of `end`
    while sums.size and chances.sum() > 1e-15:
        left = np.searchsorted(times, np.subtract.outer(at, sums), side="right")
        shares += left @ chances / runs
        sums, chances, end = _one_more(sums, chances, wasted, weights / runs, end)
    if (beyond := at >= end).any():
        drawn = simulated_restarts(spent, solved, draws=draws, seed=seed, stream=stream)
        before = restarted_shares(spent, solved, np.array([np.nextafter(end, 0.0)]))[0]
        later = drawn[drawn >= end]
        shares[beyond] = before + (1.0 - before) * (share_within(later, at[beyond]) if later.size else 0.0)
    return np.minimum(shares, 1.0)


def _one_more(
    sums: np.ndarray, chances: np.ndarray, wasted: np.ndarray, weights: np.ndarray, end: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """The sums [k] and their chances [k] after one more unsolved run: those left of `end`, which is nearer if there
    are more than `SUMS`.
    """
    after, where = np.unique(np.add.outer(sums, wasted), return_inverse=True)
    weighed = np.bincount(where.ravel(), np.multiply.outer(chances, weights).ravel(), minlength=after.size)
    there = int(np.searchsorted(after, end))  # left of the end
    if there > SUMS:
        there, end = SUMS, float(after[SUMS])
    return after[:there], weighed[:there], end


def runtime_distribution(
    cells: Iterable[tuple[ArrayLike, ArrayLike]], at: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> np.ndarray:
    """[B] empirical run-time distribution of one method with restarts (Hansen et al. 2016), not simulated but exact as
    far as `restarted_shares` is.

    cells: (spent [S], reached [S]) for every target, or every pair of problem and target, each of equal weight
    (`curves.hits` makes those of one problem); at [B]: evaluations. The value is the share of (cell, restarted run)
    reached within that many evaluations. It says nothing of noise between seeds, and depends on the choice of targets.
    """
    pairs = list(cells)
    if not pairs:
        raise EvornnError("a run-time distribution needs the runs for at least one target")
    shares = [
        restarted_shares(spent, reached, at, draws=draws, seed=seed, stream=stream)
        for stream, (spent, reached) in enumerate(pairs)
    ]
    return np.mean(shares, axis=0)
