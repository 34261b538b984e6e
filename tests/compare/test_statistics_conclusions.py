"""What the sentences say, and that they never say more than the tests."""

import numpy as np
import pytest

from evornn.compare.statistics.analysis import Runs, analyse
from evornn.compare.statistics.conclusions import conclusions
from evornn.errors import EvornnError


def spread(start, runs=20, step=10):
    return Runs(start + step * np.arange(runs), np.ones(runs, bool))


def unsolved(runs=20, spent=1000, final=None):
    return Runs(np.full(runs, spent), np.zeros(runs, bool), final)


def said(runs, budgets=None, **options):
    return " ".join(conclusions(analyse(runs, budgets, **options)))


def test_a_clear_difference_is_claimed_and_a_missing_one_is_not_called_equal():
    text = said({"poles": {"A": spread(100), "B": spread(105), "C": spread(700)}}, {"poles": 1000})
    assert "poles: A needed fewer evaluations to solve than C (p < 0.0001, A12 1.00, 0.84 to 1.00, large)" in text
    assert "Holm's correction over 3 pairs" in text
    assert "no difference is shown between A and B (p = " in text
    assert "this does not show that they are equal" in text
    assert "C needed" not in text
    assert "solved 20 of 20 runs within 1,000 evaluations (95% interval of the success rate 84% to 100%)" in text


def test_censored_runs_are_told():
    few = Runs(np.r_[10, np.full(19, 1000)], np.arange(20) < 1)
    text = said({"p": {"A": spread(100), "B": few, "C": unsolved()}})
    assert "which rests on 1 success." in text
    assert "C solved 0 of 20 runs within 1,000 evaluations" in text
    assert "its ERT is unknown, and unlikely to be below 5,206" in text  # 1000 (1 - p) / p with p = .1611
    assert "equal to each other" in text


def test_few_seeds_are_told():
    text = said({"p": {"A": spread(1, 3), "B": spread(900, 3)}})
    assert (
        "with 3 runs a method and 1 pair, the smallest corrected p possible is 0.1: no difference could be shown"
        in text
    )
    assert "needed fewer" not in text
    assert "though the intervals of their ERT lie apart" in text
    assert "few runs of A (3) and B (3): intervals of ERT and A12 are rough and mostly too narrow." in text
    assert "few runs of A (5) and B (6)" in said({"p": {"A": spread(1, 5), "B": spread(900, 6)}})
    assert "add seeds" in said({"p": {name: spread(1, 4) for name in "ABCD"}})  # 6 x 2/70
    assert "add seeds" not in said({"p": {name: spread(1, 6) for name in "ABCD"}})  # 6 x 2/924


def test_budgets_that_differ_are_cut_and_told():
    runs = {"A": Runs(np.arange(100, 2100, 100), np.ones(20, bool)), "B": unsolved(spent=1000)}
    analysis = analyse({"p": runs})
    assert (analysis.problems["p"].budget, analysis.problems["p"].methods["A"].solved) == (1000, 10)
    assert "runs that solved later count as unsolved (A 10)" in " ".join(conclusions(analysis))
    uneven, longer = "different numbers of evaluations", {"A": unsolved(), "B": unsolved(spent=900)}
    assert uneven not in said({"p": longer})  # evaluations of both were cut to 900
    assert uneven in said({"p": longer}, {"p": 1000})
    short = Runs(np.r_[np.arange(100, 2000, 100), 300], np.r_[np.ones(19, bool), False])  # gave up by itself
    both = said({"p": {"A": short, "B": unsolved(spent=1000)}}, {"p": 1000})
    assert "runs that solved later count as unsolved (A 9)" in both
    assert uneven in both  # one warning does not hide the other
    final = np.arange(20.0)  # which nobody can cut
    assert uneven in said({"p": {"A": unsolved(final=final), "B": unsolved(spent=900, final=final)}})


def test_faster_more_often_but_slower_on_average_is_no_verdict():
    # A solves 17 of 20 at once and then never; B always, but later: ranks favour A, the ERT favours B.
    a = Runs(np.r_[np.arange(1, 18), [1000] * 3], np.r_[np.ones(17, bool), np.zeros(3, bool)])
    text = said({"p": {"A": a, "B": spread(100, step=1)}}, {"p": 1000})
    assert "neither A nor B is better in every sense: A is more often faster" in text
    assert "B has the smaller ERT (110 against 185)" in text  # (153 + 3000) / 17 = 185.5, to even
    assert "needed fewer" not in text


def test_without_any_solution_final_fitness_is_compared():
    runs = {"A": unsolved(final=np.arange(20.0)), "B": unsolved(final=np.r_[np.nan, np.arange(31.0, 50.0)])}
    analysis = analyse({"p": runs})
    assert analysis.problems["p"].measure == "fitness"
    text = " ".join(conclusions(analysis))
    assert "B reached higher fitness than A" in text
    assert "nothing follows for evaluations to solve" in text
    assert analyse({"p": {**runs, "C": Runs([9], [True], [5.0])}}).problems["p"].measure == "evaluations"


def test_over_problems():
    def table(problems, order="ABCD"):
        return {f"p{i}": {m: spread(100 * (1 + j)) for j, m in enumerate(order)} for i in range(problems)}

    text = said(table(12))
    assert "Over 12 problems: average ranks A 1.00, B 2.00, C 3.00, D 4.00; Friedman p < 0.0001" in text
    assert "A is ahead of C and D; B is ahead of D; all other pairs are not told apart" in text  # difference 1.35
    assert "are few" not in text
    assert "2 are few for tests over problems" in said(table(2))
    assert "no difference between the methods is shown" in said(table(1) | {"q": table(1, "DCBA")["p0"]})
    assert "p1 left out" in said(table(3) | {"p1": {"A": spread(5)}})
    assert "no joint test, which needs 3 methods and 2 problems" in said(table(3, "AB"))
    assert "Over" not in said(table(1))


def test_friedman_may_reject_without_telling_which():
    # Average ranks 1.92 1.92 3.00 3.17: a statistic of 9.90 against 7.81, a gap of 1.25 against 1.35.
    orders = ["BDCA", "ABDC", "BACD", "BACD", "CBDA", "ABDC", "BACD", "ABCD", "ADBC", "CADB", "BACD", "ADBC"]
    analysis = analyse({f"p{i}": {m: spread(100 * (1 + o.index(m))) for m in "ABCD"} for i, o in enumerate(orders)})
    overall = analysis.overall
    gap = np.ptp(overall.friedman.ranks)
    assert (overall.friedman.p <= 0.05, gap < overall.difference) == (True, True)
    assert "the methods differ, but Nemenyi's critical difference" in " ".join(conclusions(analysis))


def test_adding_a_method_or_a_problem_changes_no_other_estimate():
    rng = np.random.default_rng(1)
    one = {"A": spread(100), "B": Runs(rng.integers(1, 900, 20), rng.random(20) < 0.7)}
    small = analyse({"p": one}, {"p": 1000})
    large = analyse({"q": one, "p": {"C": spread(7), **one}}, {"p": 1000, "q": 1000})
    for name in one:
        assert small.problems["p"].methods[name] == pytest.approx(large.problems["p"].methods[name], nan_ok=True)
    pair, same = small.problems["p"].pairs[0], large.problems["p"].pairs[-1]
    assert (pair.first, pair.second, pair.p, pair.superiority) == (same.first, same.second, same.p, same.superiority)


@pytest.mark.parametrize("seed", range(40))
def test_any_data_gives_sentences_that_claim_what_is_significant(seed):
    rng = np.random.default_rng(seed)
    runs = {}
    for p in range(rng.integers(1, 4)):
        sizes = rng.integers(1, 12, rng.integers(1, 5))
        chance = rng.choice([0, 0.3, 1])
        runs[f"problem{p}"] = {
            f"m{i}": Runs(rng.integers(1, 50, s), rng.random(s) < chance, rng.choice([-np.inf, np.nan, 0.5], s))
            for i, s in enumerate(sizes)
        }
    analysis = analyse(runs, resamples=100, seed=seed)
    sentences = conclusions(analysis)
    assert sentences == conclusions(analyse(runs, resamples=100, seed=seed))
    assert all(s[-1] == "." and "nan" not in s and "  " not in s for s in sentences)
    for name, problem in analysis.problems.items():
        own = [s for s in sentences if s.startswith(f"{name}: ")]
        claimed = any("needed fewer" in s or "higher fitness" in s or "more often faster" in s for s in own)
        assert claimed == any(pair.adjusted <= 0.05 for pair in problem.pairs)
        assert any("no difference is shown" in s for s in own) == any(pair.adjusted > 0.05 for pair in problem.pairs)


def test_bad_input_is_told():
    with pytest.raises(EvornnError, match="did you mean 'poles'"):
        analyse({"poles": {"A": spread(1)}}, {"pole": 10})
    with pytest.raises(EvornnError, match="budget of p is 0"):
        analyse({"p": {"A": spread(1)}}, {"p": 0})
    with pytest.raises(EvornnError, match="final has 2 entries for 20 runs"):
        unsolved(final=[1.0, 2.0])
