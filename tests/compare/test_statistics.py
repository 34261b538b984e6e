"""Statistics against examples worked by hand, published ones, SciPy and statsmodels."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from evornn.compare.statistics import aggregate, curves, pairs, ranking, resampling, runtimes
from evornn.errors import EvornnError

INF = np.inf
RUNS = ([100, 200, 500, 500], [True, True, False, False])
SMALL, LARGE = [1, 2, 3, 4], [5, 6, 7, 8]

# Rounding first base: 22 players by 3 methods (Hollander & Wolfe 1973, p. 140; the example of R's friedman.test).
ROUNDING = np.fromstring(
    """5.40 5.50 5.55  5.85 5.70 5.75  5.20 5.60 5.50  5.55 5.50 5.40  5.90 5.85 5.70  5.45 5.55 5.60  5.40 5.40 5.35
    5.45 5.50 5.35  5.25 5.15 5.00  5.85 5.80 5.70  5.25 5.20 5.10  5.65 5.55 5.45  5.60 5.35 5.45  5.05 5.00 4.95
    5.50 5.50 5.40  5.45 5.55 5.50  5.55 5.55 5.35  5.45 5.50 5.55  5.50 5.45 5.25  5.65 5.60 5.40  5.70 5.65 5.55
    6.30 6.30 6.25""",
    sep=" ",
).reshape(22, 3)
# Ranks of four classifiers on 14 data sets (Demsar 2006, table 6).
DEMSAR = np.fromstring(
    """4 3 2 1  1 2 3 4  4 1 2 3  4 1 3 2  4 2 3 1  1 2.5 4 2.5  3 2 4 1
    2.5 2.5 4 1  4 3 2 1  2.5 2.5 2.5 2.5  4 2.5 1 2.5  3 2 4 1  4 1 2 3  3 1 4 2""",
    sep=" ",
).reshape(14, 4)


@pytest.mark.parametrize(
    ("solved", "runs", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published_by_newcombe_1998(solved, runs, low, high):
    found = runtimes.success_rate(np.arange(runs) < solved)
    assert found == pytest.approx((solved / runs, low, high), abs=5e-5)
    assert found[1:] == pytest.approx(proportion_confint(solved, runs, method="wilson"), abs=1e-12)


def test_ert_by_hand():
    assert runtimes.expected_running_time(*RUNS).value == 1300 / 2
    assert runtimes.expected_running_time(*RUNS).high == INF  # 1 of 16 resamples has no success
    assert runtimes.expected_running_time([7], [True]) == (7, 0, INF)  # one run shows no spread
    nothing = runtimes.expected_running_time([100] * 20, [False] * 20)
    assert nothing == (INF, pytest.approx(100 * (1 - 0.16113) / 0.16113, rel=1e-4), INF)


def test_interval_of_a_mean_is_students_where_student_is_right():
    sample = np.random.default_rng(1).normal(100, 10, 12)
    found = runtimes.expected_running_time(sample, np.ones(12, bool), resamples=20_000)
    low, high = stats.t.interval(0.95, 11, sample.mean(), stats.sem(sample))
    assert found.high - found.low == pytest.approx(high - low, rel=0.05)  # SciPy's percentile bootstrap: 15 % less
    assert found.value == pytest.approx((found.low + found.high) / 2, abs=1)


def test_interval_is_scipys_percentile_bootstrap_for_many_runs():
    spent = np.random.default_rng(2).exponential(100, 300)
    solved = spent < 150
    spent = np.minimum(spent, 150)
    theirs = stats.bootstrap(
        (spent, solved), lambda s, ok, axis: s.sum(axis) / ok.sum(axis), paired=True, method="percentile", rng=1
    ).confidence_interval
    assert runtimes.expected_running_time(spent, solved, resamples=9999)[1:] == pytest.approx(theirs, rel=0.02)


def test_cutting_to_a_shared_budget():
    late = ([100, 300], [True, True])
    assert runtimes.shared_budget([RUNS, late]) == 500
    assert runtimes.shared_budget([late]) == INF
    spent, solved = runtimes.cut(*late, 200)
    assert (spent.tolist(), solved.tolist()) == ([100, 200], [True, False])
    assert runtimes.times_to_solve(spent, solved).tolist() == [100, INF]


def test_restarts_follow_their_exact_distribution():
    # Half of the draws fail, at 500 each: P(T <= t) = 1/4, 1/2, 5/8, 3/4 at 100, 200, 600, 700; the mean is the ERT.
    times = runtimes.simulated_restarts(*RUNS, draws=40_000, seed=3)
    shares = runtimes.share_within(times, [99, 100, 200, 599, 600, 700])
    assert shares == pytest.approx([0, 0.25, 0.5, 0.5, 0.625, 0.75], abs=np.sqrt(np.log(2 / 1e-5) / 80_000))
    assert times.mean() == pytest.approx(650, abs=4 * times.std() / 200)
    assert runtimes.runtime_distribution([RUNS, ([9], [False])], [1e9]) == pytest.approx([0.5])


def test_run_time_curves_are_exact_shares():
    """Of runs left of the shortest unsolved one, of restarted runs right of it; nothing is drawn."""
    exact = lambda *pair: runtimes.runtime_distribution([pair[:2]], pair[2]).tolist()  # noqa: E731
    assert exact([5, 7], [True, True], [4, 5, 6, 7, 8]) == [0, 0.5, 0.5, 1, 1]
    assert exact(*RUNS, [99, 100, 200, 499, 599, 600, 700]) == [0, 0.25, 0.5, 0.5, 0.5, 0.625, 0.75]
    spent, solved = [30, 10, 4, 7, 4], np.array([True, True, False, False, False])
    ways = {0: 1.0}  # sum of unsolved runs -> how likely
    found = np.zeros(61)
    for _ in range(16):  # all orders of at most fifteen unsolved runs
        for wasted, chance in ways.items():
            for end in (30, 10):
                found[min(wasted + end, 61) :] += chance / 5
        after: dict[int, float] = {}
        for wasted, chance in ways.items():
            for u in (4, 7, 4):
                after[wasted + u] = after.get(wasted + u, 0.0) + chance / 5
        ways = after
    np.testing.assert_allclose(exact(spent, solved, np.arange(61)), found, rtol=1e-12)
    draws = runtimes.runtime_distribution([(spent, solved)], np.arange(61), draws=1, seed=5)
    assert draws.tolist() == exact(spent, solved, np.arange(61))


def test_run_time_curves_far_beyond_unsolved_runs_of_many_lengths(monkeypatch):
    """Where the sums of unsolved runs are too many, restarts are drawn, and only there; the curve still grows."""
    rng = np.random.default_rng(1)
    spent, solved = rng.integers(100, 1000, 30), rng.random(30) < 0.2
    at = np.arange(0, 12_000, 20)
    exact = runtimes.restarted_shares(spent, solved, at)
    monkeypatch.setattr(runtimes, "SUMS", 20)
    found = runtimes.restarted_shares(spent, solved, at, draws=20_000)
    first = np.flatnonzero(found != exact)[0]
    assert at[first] > spent[~solved].min()
    np.testing.assert_allclose(found, exact, atol=0.03)
    assert (np.diff(found) >= 0).all()


def test_restarted_geometric_runs_are_geometric():
    # A search without memory: stopping it after 50 evaluations and starting again changes nothing.
    t = np.random.default_rng(4).geometric(0.01, 20_000)
    at = np.array([1, 25, 50, 51, 100, 300, 700])
    found = runtimes.runtime_distribution([(np.minimum(t, 50), t <= 50)], at, draws=20_000)
    assert found == pytest.approx(1 - 0.99**at, abs=2 * np.sqrt(np.log(2 / 1e-4) / 40_000))


def test_curves_by_hand():
    curve = ([10, 20, 40], [-5.0, 0.0, 3.0])
    assert curves.first_hits(*curve, [-9, -5, -1, 0, 3, 4]).tolist() == [10, 10, 20, 20, 40, INF]
    assert curves.best_at(*curve, [5, 10, 39, 60, 61], spent=60, solved=False) == pytest.approx(
        [np.nan, -5, 0, 3, np.nan], nan_ok=True
    )
    assert curves.best_at(*curve, [61], spent=60, solved=True) == [3]
    (spent, reached), (spent4, reached4) = curves.hits([curve, ([10], [1.0])], [60, 30], [0, 2])
    assert (spent.tolist(), reached.tolist()) == ([20, 10], [True, True])
    assert (spent4.tolist(), reached4.tolist()) == ([40, 30], [True, False])


def test_fixed_budget_quartiles_are_numpys_and_count_runs():
    finals = np.array([1.0, 2.0, 3.0, 4.0, 10.0, 20.0])
    found = curves.fixed_budget([([5], [f]) for f in finals], [10] * 3 + [20] * 3, [False] * 6, [1, 10, 15])
    assert found.runs.tolist() == [0, 6, 3]
    assert [found.lower[1], found.median[1], found.upper[1]] == pytest.approx(np.quantile(finals, [0.25, 0.5, 0.75]))
    assert (found.median[2], np.isnan(found.median[0])) == (10.0, True)
    assert [curves.quantile([INF, 1, 2, INF], q) for q in (0, 0.25, 0.5, 1)] == [1, 1.75, INF, INF]
    assert curves.quantile([-INF, 4], 0.5) == -INF


def test_mann_whitney_on_a_published_example():
    # Hollander & Wolfe 1973, p. 69; R's wilcox.test gives W = 35, one-sided p = 0.1272; without ties that is half of p.
    term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    earlier = [1.15, 0.88, 0.90, 0.74, 1.21]
    assert pairs.mann_whitney(term, earlier) == (35.0, pytest.approx(2 * 0.1272, abs=2e-4))


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 5), (12, 7), (30, 30), (40, 35)])
def test_mann_whitney_without_ties_is_scipys(m, n):
    rng = np.random.default_rng(m)
    a, b = rng.normal(0, 1, m), rng.normal(0.4, 1, n)
    theirs = stats.mannwhitneyu(a, b, method="exact" if m + n <= pairs.EXACT else "asymptotic")
    assert pairs.mann_whitney(a, b) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1, 2, INF], [2, 3, INF, INF, INF]),
        ([1, 1, 2, 5], [INF] * 6),
        ([3, INF, INF], [INF, INF]),
        *(np.split(np.random.default_rng(i).integers(0, 5, 11), [4]) for i in range(6)),
    ],
)
def test_mann_whitney_with_ties_counts_every_split(a, b):
    ranks = stats.rankdata([*a, *b])
    sums = np.array([sum(ranks[list(c)]) for c in combinations(range(ranks.size), len(a))])
    away = abs(sums - len(a) * ranks.mean())
    assert pairs.mann_whitney(a, b)[1] == pytest.approx(np.mean(away >= away[0] - 1e-9))


def test_smallest_p_is_reached_by_complete_separation():
    assert pairs.mann_whitney(SMALL, LARGE)[1] == pytest.approx(pairs.smallest_p(4, 4)) == pytest.approx(2 / 70)
    assert pairs.mann_whitney([INF] * 3, [INF] * 4) == (6.0, 1.0)


def test_holm():
    assert pairs.holm([0.03, 0.01, 0.04]).tolist() == pytest.approx(
        [0.06, 0.03, 0.06]
    )  # 3 x .01, 2 x .03, then not less
    for seed in range(20):
        p = np.random.default_rng(seed).random(1 + seed) ** 4
        assert pairs.holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_a12_by_hand_and_as_u_over_mn():
    assert pairs.superiority([1, 2], [2, 0]).value == pytest.approx(2.5 / 4)  # 1 > 0, 2 = 2, 2 > 0
    a, b = np.array([3, INF, 1, 2, 2]), np.array([2, 5, INF])
    found = pairs.superiority(a, b)
    assert found.value == pytest.approx(pairs.mann_whitney(a, b)[0] / 15)
    assert pairs.superiority(b, a).value == pytest.approx(1 - found.value)
    assert pairs.superiority(LARGE, SMALL) == pytest.approx((1, *proportion_confint(4, 4, method="wilson")))
    assert pairs.superiority([1], [0, 1, 2])[1:] == (0.0, 1.0)


def test_the_order_of_runs_does_not_matter_for_a12():
    a, b = np.random.default_rng(7).normal(0, 1, (2, 30))
    widths = [np.diff(pairs.superiority(np.sort(a), x)[1:]) for x in (np.sort(b), np.sort(b)[::-1])]
    assert widths[0] == pytest.approx(widths[1], rel=0.15)  # resampled together, one would be nearly nothing


@pytest.mark.parametrize(
    ("a12", "word"),
    [(0.5, "negligible"), (0.559, "negligible"), (0.56, "small"), (0.36, "medium"), (0.641, "medium"), (0.71, "large")],
)
def test_effect_in_words(a12, word):
    assert pairs.effect_size(a12) == word


def test_probability_of_improvement_is_the_mean_a12():
    ones, others = [[1, 4, 6], [2, 2, 9]], [[3, 5, 0], [2, 8, 1]]
    each = [pairs.superiority(a, b).value for a, b in zip(ones, others, strict=True)]
    found = pairs.probability_of_improvement(ones, others)
    assert found.value == pytest.approx(np.mean(each))
    assert found.low < found.value < found.high
    assert pairs.probability_of_improvement([LARGE] * 3, [SMALL] * 3).low == pytest.approx(
        proportion_confint(12, 12, method="wilson")[0]
    )


def test_friedman_on_published_examples():
    found = ranking.friedman(ROUNDING)
    assert (found.statistic, found.p) == pytest.approx((11.143, 0.003805), rel=1e-4)  # R's friedman.test
    found = ranking.friedman(DEMSAR)
    assert found.ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    # Demsar leaves out the correction for ties, 1 - sum(t^3 - t) / (N k (k^2 - 1)): three pairs and one four are tied.
    plain = found.statistic * (1 - (3 * 6 + 60) / (14 * 4 * 15))
    assert plain == pytest.approx(9.28, abs=0.005)
    assert 13 * plain / (14 * 3 - plain) == pytest.approx(3.69, abs=0.005)
    assert found.f == pytest.approx(13 * found.statistic / (42 - found.statistic))
    assert ranking.friedman([[1, 2, INF], [1, INF, INF], [0, 0, 7]]).p == pytest.approx(
        stats.friedmanchisquare([1, 1, 1], [2, 3, 1], [3, 3, 2]).pvalue
    )
    assert ranking.friedman(np.full((4, 3), INF)).p == 1.0


def test_critical_difference_as_published_by_demsar_2006():
    assert ranking.critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    published = {0.95: (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164), 0.90: (1.645, 2.052, 2.291)}
    for level, quantiles in published.items():
        for k, q in enumerate(quantiles, 2):
            assert ranking.critical_difference(k, 6, level) == pytest.approx(q * np.sqrt(k * (k + 1) / 36), abs=2e-3)


def test_groups_by_hand():
    assert ranking.groups([3.143, 2.000, 2.893, 1.964], 1.25) == [[3, 1, 2, 0]]  # Demsar: all within 1.25
    assert ranking.groups([1.0, 2.0, 3.0, 4.0], 1.5) == [[0, 1], [1, 2], [2, 3]]
    assert ranking.groups([4.0, 1.0, 1.2, 3.9, 2.4], 1.4) == [[1, 2], [2, 4], [3, 0]]
    assert ranking.groups([1.0, 2.0, 3.0], 1.0) == []  # differing by the critical difference is differing
    assert ranking.groups([2.0, 2.0, 2.0], 0.5) == [[0, 1, 2]]


def test_interquartile_mean():
    assert aggregate.interquartile_mean([[0, 1, 2, 3], [4, 5, 6, 700]]).value == 3.5  # the mean of 2, 3, 4, 5
    sample = np.random.default_rng(5).gamma(2, 1, 200)
    theirs = stats.bootstrap(
        (sample,), lambda x, axis: stats.trim_mean(x, 0.25, axis), method="percentile", rng=1, n_resamples=3000
    ).confidence_interval
    assert aggregate.interquartile_mean([sample], resamples=3000)[1:] == pytest.approx(theirs, rel=0.02)
    # Problems far apart, runs alike: resampling within problems, the middle half stays the middle problem's.
    strata = aggregate.interquartile_mean([[0, 0.1] * 5, [5, 5.1] * 5, [9, 9.1] * 5])
    assert strata.high - strata.low < 2
    assert aggregate.speed_scores([1, 10, 100, 200, INF], 100) == pytest.approx([1, 0.5, 0, 0, 0])


def test_the_same_seed_gives_the_same_interval_and_another_another():
    rng = np.random.default_rng(6)
    spent, other = rng.random(20), rng.random(20)
    for estimate in (
        lambda seed: runtimes.expected_running_time(spent, other > 0.5, seed=seed),
        lambda seed: pairs.superiority(spent, other, seed=seed),
        lambda seed: aggregate.interquartile_mean([spent, other], seed=seed),
        lambda seed: tuple(runtimes.simulated_restarts(spent, other > 0.5, draws=9, seed=seed)),
    ):
        assert estimate(1) == estimate(1) != estimate(2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: runtimes.success_rate([]), "at least one run"),
        (lambda: runtimes.success_rate([0, 2]), "true or false"),
        (lambda: runtimes.success_rate([1], level=95), "level is 95"),
        (lambda: runtimes.expected_running_time([1, 0], [1, 0]), "above 0"),
        (lambda: runtimes.expected_running_time([1, 2], [1]), "each of 2 runs"),
        (lambda: runtimes.runtime_distribution([], [1]), "at least one target"),
        (lambda: curves.first_hits([1, 1], [1, 2], [1]), "must increase"),
        (lambda: curves.first_hits([1, 2], [2, 1], [1]), "may not fall"),
        (lambda: curves.fixed_budget([([1], [1])], [1, 2], [0, 0], [1]), "each run needs one"),
        (lambda: pairs.mann_whitney([1], [np.nan]), "second has shape"),
        (lambda: pairs.probability_of_improvement([[1]], []), "1 and 0 problems"),
        (lambda: ranking.friedman([[1, 2], [2, 1]]), "3 methods or more"),
        (lambda: ranking.friedman([[1, 2, np.nan]]), "no entry missing"),
        (lambda: aggregate.interquartile_mean([[1, 2], [1]]), r"\[1, 2\] runs"),
        (lambda: aggregate.interquartile_mean([[1, -INF]]), "finite"),
        (lambda: resampling.resample_counts(3, 0, 1), "resamples is 0"),
    ],
)
def test_bad_input_is_told(call, said):
    with pytest.raises(EvornnError, match=said):
        call()
