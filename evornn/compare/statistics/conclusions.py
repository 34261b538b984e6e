"""Conclusions from a comparison, in sentences that err on the side of caution."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from evornn.compare.statistics.analysis import Analysis, Overall, ProblemAnalysis
from evornn.compare.statistics.pairs import Pair, smallest_p
from evornn.compare.statistics.resampling import Estimate

FEW_RUNS = 10
FEW_PROBLEMS = 10


def conclusions(analysis: Analysis) -> list[str]:
    """Sentences in a fixed order: each problem (runs, successes, budgets, pairs), all problems together, and scope.

    A difference is only claimed where the test rejects at 1 - level after correction; a test that does not reject is
    never read as equality.
    """
    alpha = 1.0 - analysis.level
    out = []
    for name, problem in analysis.problems.items():
        sentences = [
            *_successes(problem, analysis.level),
            *_budgets(problem),
            *_seeds(problem, alpha),
            *_differences(problem, alpha),
            *_undecided(problem, alpha),
        ]
        out += [f"{name}: {sentence}" for sentence in sentences]
    out += _over_problems(analysis, alpha)
    out.append(
        "All of this holds for these problems, budgets and settings of the methods; it does not say which method would "
        "be ahead with other settings, larger budgets or other problems."
    )
    return out


def _successes(problem: ProblemAnalysis, level: float) -> list[str]:
    if problem.measure == "fitness":
        return [
            "no run of any method solved this problem, so final fitness is compared; nothing follows for evaluations "
            "to solve, and the order may change with a larger budget."
        ]
    out = []
    within = f" within {_whole(problem.budget)} evaluations" if np.isfinite(problem.budget) else ""
    for name, m in problem.methods.items():
        share = f"{level:.0%} interval of the success rate {m.success.low:.0%} to {m.success.high:.0%}"
        said = f"{name} solved {m.solved} of {m.runs} runs{within} ({share})"
        if m.solved == 0:
            said += f"; its ERT is unknown, and unlikely to be below {_whole(m.ert.low)}"
        else:
            said += f", ERT {_interval(m.ert)}"
        if 0 < m.solved < min(m.runs, 5):
            said += f", which rests on {counted(m.solved, 'success', 'successes')}"
        out.append(said + ".")
    if any(m.solved < m.runs for m in problem.methods.values()):
        out.append(
            "unsolved runs count in the tests as slower than every solved one and equal to each other; how much longer "
            "they would have taken is not known."
        )
    return out


def _budgets(problem: ProblemAnalysis) -> list[str]:
    late = {name: m.late for name, m in problem.methods.items() if m.late}
    out = []
    if late:
        runs = ", ".join(f"{name} {number}" for name, number in late.items())
        out.append(
            f"the methods were compared within {_whole(problem.budget)} evaluations; runs that solved later count as "
            f"unsolved ({runs})."
        )
    if problem.uneven:
        out.append(
            "unsolved runs ended after different numbers of evaluations, so some had a smaller chance than others; "
            "equal budgets would be fairer."
        )
    return out


def _seeds(problem: ProblemAnalysis, alpha: float) -> list[str]:
    runs = {name: m.runs for name, m in problem.methods.items()}
    out = []
    lowest = min((smallest_p(runs[p.first], runs[p.second]) for p in problem.pairs), default=0.0) * len(problem.pairs)
    if lowest > alpha:
        pairs = counted(len(problem.pairs), "pair")
        out.append(
            f"with {_range(runs.values())} a method and {pairs}, the smallest corrected p possible "
            f"is {min(lowest, 1.0):.2g}: no difference could be shown however large; add seeds."
        )
    if few := [f"{name} ({n})" for name, n in runs.items() if n < FEW_RUNS]:
        found = ", and only large differences can be found" if problem.pairs and lowest <= alpha else ""
        out.append(f"few runs of {_and(few)}: intervals of ERT and A12 are rough and mostly too narrow{found}.")
    return out


def _differences(problem: ProblemAnalysis, alpha: float) -> list[str]:
    by_ert = problem.measure == "evaluations"
    shown = [pair for pair in problem.pairs if pair.adjusted <= alpha]
    split = [pair for pair in shown if by_ert and _ert(problem, pair.better) > _ert(problem, pair.worse)]
    correction = f", Holm's correction over {len(problem.pairs)} pairs" if len(problem.pairs) > 1 else ""
    corrected = f"Mann-Whitney{correction}"
    better = "needed fewer evaluations to solve than" if by_ert else "reached higher fitness than"
    out = []
    for winner in problem.methods:
        if losers := [_loser(problem, pair) for pair in shown if pair.better == winner and pair not in split]:
            out.append(f"{winner} {better} {_and(losers)} ({corrected}).")
    for pair in split:
        a, b = pair.better, pair.worse
        out.append(
            f"neither {a} nor {b} is better in every sense: {a} is more often faster ({_test(pair, a)}; {corrected}), "
            f"but {b} has the smaller ERT ({_whole(_ert(problem, b))} against {_whole(_ert(problem, a))}), which long "
            f"and unsolved runs decide."
        )
    return out


def _loser(problem: ProblemAnalysis, pair: Pair) -> str:
    a, b = problem.methods[pair.better].ert, problem.methods[pair.worse].ert
    near = problem.measure == "evaluations" and a.overlaps(b)
    note = "; the intervals of their ERT overlap, so by how much is open" if near else ""
    return f"{pair.worse} ({_test(pair, pair.better)}, {pair.size}{note})"


def _undecided(problem: ProblemAnalysis, alpha: float) -> list[str]:
    pairs = [pair for pair in problem.pairs if pair.adjusted > alpha]
    if not pairs:
        return []
    listed = []
    for pair in pairs:
        a, b = problem.methods[pair.first].ert, problem.methods[pair.second].ert
        apart = problem.measure == "evaluations" and not a.overlaps(b)
        note = ", though the intervals of their ERT lie apart" if apart else ""
        listed.append(f"{pair.first} and {pair.second} ({_test(pair, pair.first)}{note})")
    return [f"no difference is shown between {_and(listed)}; this does not show that they are equal."]


def _over_problems(analysis: Analysis, alpha: float) -> list[str]:
    overall = analysis.overall
    if overall is None:
        if len(analysis.problems) < 2:
            return []
        return [
            "Over all problems: no joint test, which needs 3 methods and 2 problems that all of them ran on; results "
            "on single problems do not add up to one on all."
        ]
    out = []
    if left := [name for name in analysis.problems if name not in overall.problems]:
        out.append(f"Over all problems: {_and(left)} left out, since not every method ran there.")
    if len(overall.problems) <= FEW_PROBLEMS:
        out.append(
            f"Over all problems: {len(overall.problems)} are few for tests over problems, which are approximate and "
            f"find only consistent differences; problems that are much alike are less evidence than their number says."
        )
    return out + _ranking(overall, alpha)


def _ranking(overall: Overall, alpha: float) -> list[str]:
    found = overall.friedman
    order = np.argsort(found.ranks, kind="stable")
    ranks = ", ".join(f"{overall.methods[i]} {found.ranks[i]:.2f}" for i in order)
    head = f"Over {len(overall.problems)} problems: average ranks {ranks}; Friedman {_p(found.p)}"
    if found.p > alpha:
        return [f"{head}: no difference between the methods is shown, and this does not show that they are equal."]
    rank = dict(zip(overall.methods, found.ranks, strict=True))
    joined = {frozenset((a, b)) for group in overall.groups for a in group for b in group}
    worse = {
        a: [b for b in overall.methods if rank[a] < rank[b] and frozenset((a, b)) not in joined]
        for a in overall.methods
    }
    shown = [f"{overall.methods[i]} is ahead of {_and(w)}" for i in order if (w := worse[overall.methods[i]])]
    nemenyi = f"Nemenyi's critical difference {overall.difference:.2f}"
    if not shown:
        return [f"{head}: the methods differ, but {nemenyi} does not say which."]
    rest = "" if not overall.groups else "; all other pairs are not told apart, which does not show that they are equal"
    return [f"{head}. By {nemenyi}, {'; '.join(shown)}{rest}."]


def _test(pair: Pair, name: str) -> str:
    value, low, high = pair.superiority
    if name == pair.second:
        value, low, high = 1.0 - value, 1.0 - high, 1.0 - low
    return f"{_p(pair.adjusted)}, A12 {value:.2f}, {low:.2f} to {high:.2f}"


def _ert(problem: ProblemAnalysis, method: str) -> float:
    return problem.methods[method].ert.value


def _interval(estimate: Estimate) -> str:
    return f"{_whole(estimate.value)} (between {_whole(estimate.low)} and {_whole(estimate.high)})"


def _whole(value: float) -> str:
    return "infinity" if np.isinf(value) else f"{value:,.0f}"


def _p(value: float) -> str:
    return "p < 0.0001" if value < 1e-4 else f"p = {value:.2g}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what is counted: 1 run, 2 runs."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _range(numbers: Iterable[int]) -> str:
    few, many = min(numbers := list(numbers)), max(numbers)
    return counted(few, "run") if few == many else f"{few} to {many} runs"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
