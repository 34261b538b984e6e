"""All statistics of a comparison in one object: each problem by itself, then all problems together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evornn.compare.statistics.curves import quantile
from evornn.compare.statistics.pairs import Pair, compare_pairs
from evornn.compare.statistics.ranking import Friedman, critical_difference, friedman, groups
from evornn.compare.statistics.resampling import LEVEL, RESAMPLES, Estimate, check_runs, check_sample
from evornn.compare.statistics.runtimes import cut, expected_running_time, shared_budget, success_rate, times_to_solve
from evornn.errors import EvornnError, check_choice, check_range


@dataclass(frozen=True)
class Runs:
    """Runs of one method on one problem: spent [S] evaluations, solved [S], and optionally final [S], the best fitness
    at the end, higher is better; NaN counts as -inf.
    """

    spent: np.ndarray
    solved: np.ndarray
    final: np.ndarray | None = None

    def __post_init__(self) -> None:
        spent, solved = check_runs(self.spent, self.solved)
        object.__setattr__(self, "spent", spent)
        object.__setattr__(self, "solved", solved)
        if self.final is not None:
            final = np.asarray(self.final, dtype=np.float64)
            final = check_sample("final", np.where(np.isnan(final), -np.inf, final))
            if final.shape != spent.shape:
                raise EvornnError(f"final has {final.size} entries for {spent.size} runs; it needs one for each")
            object.__setattr__(self, "final", final)


@dataclass(frozen=True)
class Summary:
    """One method on one problem: runs, solved and late (solved beyond the shared budget, so counted unsolved) as
    numbers of runs; success rate; ERT; median evaluations to solve, infinite unless half solved; median final fitness.
    """

    runs: int
    solved: int
    late: int
    success: Estimate
    ert: Estimate
    median: float
    fitness: float


@dataclass(frozen=True)
class ProblemAnalysis:
    """One problem: what the tests compare ("evaluations" to solve, or final "fitness" if no run of any method solved),
    the shared budget, method -> Summary, and all pairs of methods.

    uneven: whether unsolved runs, cut to the budget where evaluations are compared, spent different numbers of
    evaluations, so that not all had the same chance.
    """

    measure: str
    budget: float
    methods: dict[str, Summary]
    pairs: list[Pair]
    uneven: bool

    def cost(self, method: str) -> float:
        """The figure that stands for a method in rankings over problems, lower is better: ERT, or minus fitness."""
        found = self.methods[method]
        return found.ert.value if self.measure == "evaluations" else -found.fitness


@dataclass(frozen=True)
class Overall:
    """Methods over the problems that all of them ran on: Friedman's test, Nemenyi's critical difference at the
    analysis's level, and the groups of names that it joins.
    """

    methods: list[str]
    problems: list[str]
    friedman: Friedman
    difference: float
    groups: list[list[str]]


@dataclass(frozen=True)
class Analysis:
    """problem -> ProblemAnalysis, and Overall, or None for fewer than 3 methods or 2 problems that all of them ran on;
    level: 1 - alpha of every test and interval.
    """

    problems: dict[str, ProblemAnalysis]
    overall: Overall | None
    level: float


def analyse(
    runs: Mapping[str, Mapping[str, Runs]],
    budgets: Mapping[str, float] | None = None,
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Analysis:
    """Everything that `conclusions` needs, of runs: problem -> method -> Runs.

    budgets: problem -> the evaluations that every method was given, where known; otherwise, and for methods that were
    given more, `shared_budget`. Runs are cut to it before anything is computed. A pure function of its arguments.
    """
    check_range("level", level, 0.5, 0.9999)
    for name in budgets or {}:
        check_choice("a problem with a budget", name, runs)
    options: dict[str, Any] = {"level": level, "resamples": resamples, "seed": seed}
    problems = {
        name: _problem(name, methods, (budgets or {}).get(name), options) for name, methods in runs.items() if methods
    }
    return Analysis(problems, _overall(problems, level), level)


def _problem(name: str, methods: Mapping[str, Runs], given: float | None, options: dict[str, Any]) -> ProblemAnalysis:
    if given is None:
        budget = shared_budget((r.spent, r.solved) for r in methods.values())
    else:
        budget = float(check_range(f"the budget of {name}", given, 0, open_low=True))
    at_budget = {method: cut(r.spent, r.solved, budget) for method, r in methods.items()}
    # Final fitness is only asked where nothing was solved: there, evaluations to solve are one big tie.
    finals = {method: r.final for method, r in methods.items() if r.final is not None}
    fitness = len(finals) == len(methods) and not any(r.solved.any() for r in methods.values())
    costs = {m: -finals[m] if fitness else times_to_solve(*pair) for m, pair in at_budget.items()}
    # Evaluations are cut to the budget; what fitness a longer run had there is not known.
    ends = [(r.spent, r.solved) for r in methods.values()] if fitness else list(at_budget.values())
    unsolved = np.concatenate([spent[~solved] for spent, solved in ends])
    return ProblemAnalysis(
        measure="fitness" if fitness else "evaluations",
        budget=budget,
        methods={m: _summary(methods[m], *pair, options) for m, pair in at_budget.items()},
        pairs=compare_pairs(costs, **options),
        uneven=np.unique(unsolved).size > 1,
    )


def _summary(runs: Runs, spent: np.ndarray, solved: np.ndarray, options: dict[str, Any]) -> Summary:
    return Summary(
        runs=solved.size,
        solved=int(solved.sum()),
        late=int((runs.solved & ~solved).sum()),
        success=success_rate(solved, options["level"]),
        ert=expected_running_time(spent, solved, **options),
        median=quantile(times_to_solve(spent, solved), 0.5),
        fitness=np.nan if runs.final is None else quantile(runs.final, 0.5),
    )


def _overall(problems: dict[str, ProblemAnalysis], level: float) -> Overall | None:
    methods = list(dict.fromkeys(m for p in problems.values() for m in p.methods))
    shared = [name for name, p in problems.items() if len(p.methods) == len(methods)]
    if len(methods) < 3 or len(shared) < 2:
        return None
    found = friedman([[problems[name].cost(m) for m in methods] for name in shared])
    difference = critical_difference(len(methods), len(shared), level)
    joined = [[methods[i] for i in group] for group in groups(found.ranks, difference)]
    return Overall(methods, shared, found, difference, joined)
