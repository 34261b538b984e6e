"""Statistics on data of known origin: tests reject at about their level and find real differences, intervals cover."""

import numpy as np
import pytest
from scipy import stats

from evornn.compare.statistics import aggregate, pairs, ranking, runtimes
from evornn.compare.statistics.analysis import Runs, analyse
from evornn.compare.statistics.conclusions import conclusions


def at_most(events, trials, rate):
    """Whether so many events are believable if their rate is at most `rate`."""
    return stats.binomtest(int(events), trials, rate, alternative="greater").pvalue > 1e-3


def at_least(events, trials, rate):
    """Whether so many events are believable if their rate is at least `rate`."""
    return stats.binomtest(int(events), trials, rate, alternative="less").pvalue > 1e-3


def cells(rng, rates, runs, budget=1000):
    """Runs of searches that solve with these probabilities at every evaluation: ERT = 1 / rate."""
    times = [rng.geometric(rate, runs) for rate in rates]
    return [(np.minimum(t, budget), t <= budget) for t in times]


@pytest.mark.parametrize("runs", [5, 10, 35])  # exact, exact, approximate
def test_mann_whitney_holds_its_level_with_censored_runs(runs):
    rng = np.random.default_rng(runs)
    p = [
        pairs.mann_whitney(*(runtimes.times_to_solve(*c) for c in cells(rng, [1 / 1500] * 2, runs))) for _ in range(600)
    ]
    rejected = sum(p <= 0.05 for _, p in p)
    assert at_most(rejected, 600, 0.05)
    assert at_least(rejected, 600, 0.02)


def test_holm_holds_the_level_over_all_pairs_and_finds_the_one_that_differs():
    rng = np.random.default_rng(1)
    false = found = wrong = 0
    for _ in range(150):
        costs = [runtimes.times_to_solve(*c) for c in cells(rng, [1 / 400, 1 / 400, 1 / 400, 1 / 4000], 15)]
        tests = pairs.compare_pairs(dict(zip("abcd", costs, strict=True)), resamples=1)
        alike = [pair for pair in tests if "d" not in (pair.first, pair.second)]
        differing = [pair for pair in tests if pair not in alike]
        false += any(pair.adjusted <= 0.05 for pair in alike)
        found += sum(pair.adjusted <= 0.05 for pair in differing)
        wrong += any(pair.adjusted <= 0.05 and pair.better == "d" for pair in differing)
    assert at_most(false, 150, 0.05)
    assert at_least(found, 450, 0.95)
    assert wrong == 0


@pytest.mark.parametrize(("problems", "methods"), [(3, 3), (6, 5), (15, 4)])
def test_friedman_and_nemenyi_hold_their_level(problems, methods):
    costs = np.random.default_rng(problems).random((600, problems, methods))
    assert at_most(sum(ranking.friedman(table).p <= 0.05 for table in costs), 600, 0.05)
    spread = np.ptp(ranking.average_ranks(costs), axis=1)
    assert at_most((spread >= ranking.critical_difference(methods, problems)).sum(), 600, 0.05)


def test_friedman_and_nemenyi_find_a_real_difference():
    costs = np.random.default_rng(2).normal([0, 0, 0, 2.5], 1.0, (200, 12, 4))
    found = [ranking.friedman(table) for table in costs]
    assert at_least(sum(f.p <= 0.05 for f in found), 200, 0.95)
    difference = ranking.critical_difference(4, 12)
    apart = sum(not any({0, 3} <= set(group) for group in ranking.groups(f.ranks, difference)) for f in found)
    assert at_least(apart, 200, 0.7)


@pytest.mark.parametrize(
    ("runs", "budget", "least"), [(10, 1e9, 0.88), (20, 1e9, 0.9), (20, 1000, 0.92), (50, 300, 0.92)]
)
def test_intervals_of_the_ert_cover_it(runs, budget, least):
    rng = np.random.default_rng(runs)
    found = [
        runtimes.expected_running_time(*cells(rng, [1 / 500], runs, budget)[0], resamples=1000) for _ in range(400)
    ]
    assert at_least(sum(e.low <= 500 <= e.high for e in found), 400, least)
    assert np.median([e.high - e.low for e in found]) < 1200  # not by being endless


def test_unsolved_runs_bound_the_ert_from_below():
    rng = np.random.default_rng(3)
    found = [runtimes.expected_running_time(*cells(rng, [1 / 5000], 10, 500)[0], resamples=300) for _ in range(400)]
    assert sum(np.isinf(e.value) for e in found) > 100
    assert at_least(sum(e.low <= 5000 for e in found), 400, 0.95)


@pytest.mark.parametrize(("runs", "ratio"), [(5, 1), (10, 2), (20, 4), (20, 1)])
def test_intervals_of_a12_cover_it(runs, ratio):
    # P(X > Y) = r / (1 + r) for exponential X, Y whose means have the ratio r.
    rng = np.random.default_rng(runs + ratio)
    found = [
        pairs.superiority(rng.exponential(ratio, runs), rng.exponential(1, runs), resamples=1000) for _ in range(400)
    ]
    assert at_least(sum(e.low <= ratio / (1 + ratio) <= e.high for e in found), 400, 0.93)
    assert np.median([e.high - e.low for e in found]) < 2 / np.sqrt(runs)  # not by being endless


def test_intervals_of_the_interquartile_mean_and_of_improvement_cover():
    rng = np.random.default_rng(4)
    ends, better = [], []
    for _ in range(300):
        a, b = rng.random((2, 3, 8))
        ends.append(aggregate.interquartile_mean(a, resamples=400))
        better.append(pairs.probability_of_improvement(a, b, resamples=400))
    for found in (ends, better):
        assert at_least(sum(e.low <= 0.5 <= e.high for e in found), 300, 0.94)
        assert max(e.high - e.low for e in found) < 0.7


def test_wilsons_interval_covers():
    # Exactly: its mean coverage over success rates is near the level, though single rates differ.
    solved = np.arange(21)
    ends = np.array([runtimes.success_rate(np.arange(20) < k)[1:] for k in solved])
    rates = np.linspace(0.01, 0.99, 99)[:, None]
    covers = (ends[:, 0] <= rates) & (rates <= ends[:, 1])
    coverage = (stats.binom.pmf(solved, 20, rates) * covers).sum(axis=1)
    assert coverage.mean() == pytest.approx(0.953, abs=0.006)
    assert coverage.min() > 0.83


def test_sentences_claim_no_more_than_the_level_and_claim_what_is_there():
    rng = np.random.default_rng(5)
    claims = {1: 0, 8: 0}
    for ratio in claims:
        for _ in range(60):
            runs = {f"m{i}": Runs(*c) for i, c in enumerate(cells(rng, [1 / 300, 1 / 300, 1 / (300 * ratio)], 15))}
            said = " ".join(conclusions(analyse({"p": runs}, {"p": 1000}, resamples=50)))
            claims[ratio] += "needed fewer" in said
            assert "m2 needed fewer" not in said or ratio == 1
    assert at_most(claims[1], 60, 0.05)
    assert at_least(claims[8], 60, 0.95)
