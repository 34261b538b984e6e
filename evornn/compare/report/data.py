"""Data of a report: the stored runs of a comparison and their curves, gathered once and analysed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evornn.compare.cells import Cell
from evornn.compare.results import Results
from evornn.compare.statistics.aggregate import interquartile_mean, speed_scores
from evornn.compare.statistics.analysis import Analysis, Runs, analyse
from evornn.compare.statistics.curves import Quartiles, best_at, fixed_budget, hits
from evornn.compare.statistics.resampling import Estimate
from evornn.compare.statistics.runtimes import cut, runtime_distribution, times_to_solve
from evornn.errors import EvornnError

Curves = list[tuple[np.ndarray, np.ndarray]]
POINTS = 160  # of a curve in a figure
TARGETS = 10


@dataclass(frozen=True)
class ReportData:
    """A comparison's results, their analysis, problem -> method -> Runs, and problem -> method -> the runs' curves as
    far as each counts as spent; methods without curves (results from elsewhere) are not in `curves`.
    """

    results: Results
    analysis: Analysis
    runs: dict[str, dict[str, Runs]]
    curves: dict[str, dict[str, Curves]]

    def budget(self, problem: str) -> float:
        """The evaluations that the problem's methods are compared within; the longest run's if all runs solved."""
        found = self.analysis.problems[problem].budget
        return found if np.isfinite(found) else max(float(r.spent.max()) for r in self.runs[problem].values())

    def solving(self, problem: str, method: str) -> tuple[np.ndarray, np.ndarray]:
        """(spent [S], solved [S]) within the problem's budget."""
        runs = self.runs[problem][method]
        return cut(runs.spent, runs.solved, self.budget(problem))

    def solved_shares(self, problem: str, at: np.ndarray) -> dict[str, np.ndarray]:
        """Method -> share [B] of restarted runs that solved within `at` [B]; empty where no run solved."""
        pairs = {method: self.solving(problem, method) for method in self.runs[problem]}
        if not any(solved.any() for _, solved in pairs.values()):
            return {}
        return {method: runtime_distribution([pair], at) for method, pair in pairs.items()}

    def targets(self, problem: str) -> np.ndarray:
        """[T <= TARGETS] fitness values, easy to hard: quantiles of what all runs with curves had reached at budgets
        evenly spaced in log evaluations. Empty without curves.
        """
        budgets = np.geomspace(1.0, max(self.budget(problem), 2.0), 20)
        reached = [
            best_at(*curve, budgets, spent=spent, solved=bool(solved))
            for method, curves in self.curves[problem].items()
            for curve, spent, solved in zip(curves, *self.solving(problem, method), strict=True)
        ]
        values = np.concatenate(reached) if reached else np.empty(0)
        values = values[np.isfinite(values)]
        shares = np.arange(1, TARGETS + 1) / TARGETS
        return np.unique(np.quantile(values, shares, method="lower")) if values.size else values

    def target_shares(self, problem: str, at: np.ndarray) -> dict[str, np.ndarray]:
        """Method -> share [B] of (target, restarted run) reached within `at` [B]; methods with curves only."""
        targets = self.targets(problem)
        if not targets.size:
            return {}
        return {
            method: runtime_distribution(hits(curves, self.solving(problem, method)[0], targets), at)
            for method, curves in self.curves[problem].items()
        }

    def fitness(self, problem: str, at: np.ndarray) -> dict[str, Quartiles]:
        """Method -> quartiles of best fitness within `at` [B]; methods with curves only."""
        return {
            method: fixed_budget(curves, *self.solving(problem, method), at)
            for method, curves in self.curves[problem].items()
        }

    def interquartile_means(self) -> dict[str, Estimate]:
        """Method -> interquartile mean of speed scores over all problems; empty where it cannot be given."""
        methods, problems = self.results.methods, list(self.runs)
        everywhere = [m for m in methods if all(m in self.runs[p] for p in problems)]
        sizes = {runs.spent.size for methods in self.runs.values() for runs in methods.values()}
        if len(problems) < 2 or len(sizes) > 1 or any(self.budget(p) <= 1.0 for p in problems):
            return {}
        level = self.analysis.level
        return {
            m: interquartile_mean(
                [speed_scores(times_to_solve(*self.solving(p, m)), self.budget(p)) for p in problems], level=level
            )
            for m in everywhere
        }

    def broken(self) -> dict[Cell, str]:
        """The unfinished cells whose runs broke off, and the last line of why."""
        found = {}
        for cell in self.results.unfinished:
            assert self.results.out is not None  # only a comparison has cells
            path = cell.error_file(self.results.out)
            try:
                lines = path.read_text("utf-8", "replace").splitlines()
            except FileNotFoundError:
                continue
            except OSError as error:
                lines = [f"{path} cannot be read: {error.strerror}"]
            found[cell] = ([line for line in lines if line.strip()] or ["?"])[-1]
        return found


def gather(results: Results) -> ReportData:
    """Everything a report tells of `results`; a pure function of what is stored. Raises EvornnError without runs."""
    if not results.rows:
        raise EvornnError("no run of this comparison has ended, so there is nothing to report yet")
    runs: dict[str, dict[str, Runs]] = {}
    curves: dict[str, dict[str, Curves]] = {}
    for problem in results.problems:
        for method in results.methods:
            spent, solved = results.runs(problem, method)
            if not spent.size:
                continue
            found = results.curves(problem, method)
            if len(found) == spent.size:
                found = [(at[at <= end], best[at <= end]) for (at, best), end in zip(found, spent, strict=True)]
                curves.setdefault(problem, {})[method] = found
                final = np.array([best[-1] if best.size else np.nan for _, best in found])
            else:
                final = results.column("best", problem, method)
            known = not np.isnan(final).all() or method not in results.foreign
            runs.setdefault(problem, {})[method] = Runs(spent, solved, final if known else None)
        if problem in runs:
            curves.setdefault(problem, {})
    entries = results.comparison.problems if results.comparison else {}
    given = {p: entries[p].limits.evaluations for p in runs if p in entries}
    budgets = {p: float(budget) for p, budget in given.items() if budget is not None}
    return ReportData(results, analyse(runs, budgets), runs, curves)
