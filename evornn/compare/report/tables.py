"""The numbers of a comparison's report: as tables of text, and as CSV in full precision."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from evornn.compare.report.data import ReportData
from evornn.compare.statistics.analysis import Summary
from evornn.compare.statistics.curves import Quartiles
from evornn.compare.statistics.resampling import Estimate

NONE = "–"
TOTALS = ("restarts", "reevaluations", "steps", "verified", "seconds")


class Text(NamedTuple):
    """A table's cell: what is read first, what is read next, whether it stands out; `kind`: its class in the page."""

    main: str
    note: str = ""
    strong: bool = False
    kind: str = ""


class Table(NamedTuple):
    """A table of a report: its title, its columns' headings, and its rows; the first column names what a row is of."""

    title: str
    columns: list[str]
    rows: list[list[Text]]


def number(value: float, form: str = ",.0f") -> str:
    """A figure as people read it: infinity as a sign, what is not known as a dash."""
    if np.isnan(value):
        return NONE
    return ("−∞" if value < 0 else "∞") if np.isinf(value) else format(value, form).replace("-", "−")


def fitness_text(value: float) -> str:
    """A fitness: of any size, in four digits or all before the point."""
    return number(value, ",.0f" if 1e3 <= abs(value) < 1e12 else ".4g")


def interval(estimate: Estimate, form: str = ",.0f") -> str:
    """Both ends."""
    return f"{number(estimate.low, form)} to {number(estimate.high, form)}"


def probability(p: float) -> str:
    """A p value in two digits."""
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def glance(report_data: ReportData) -> Table:
    """One row a problem: each method's ERT and solved runs, or median final fitness where none solved; and the methods
    that no test puts behind another.
    """
    methods, rows, alpha = report_data.results.methods, [], 1.0 - report_data.analysis.level
    for name, problem in report_data.analysis.problems.items():
        ahead = min(problem.methods, key=problem.cost)
        behind = {pair.worse for pair in problem.pairs if pair.adjusted <= alpha}
        row = [Text(name), Text(", ".join(m for m in problem.methods if m not in behind), kind="words")]
        for method in methods:
            m = problem.methods.get(method)
            if m is None:
                row.append(Text(NONE, "no runs"))
            elif problem.measure == "fitness":
                row.append(Text(fitness_text(m.fitness), "median fitness", method == ahead))
            else:
                row.append(Text(number(m.ert.value), f"{m.solved} of {m.runs}", method == ahead))
        rows.append(row)
    return Table("", ["problem", "none is shown ahead of", *methods], rows)


def performance(report_data: ReportData, problem: str) -> Table:
    """One row a method: solved with Wilson's interval, ERT with its interval, medians, and what the runs cost."""
    found = report_data.analysis.problems[problem]
    least = min(m.ert.value for m in found.methods.values())
    unseen = not np.isnan(report_data.results.column("test", problem)).all()
    rows = []
    for name, m in found.methods.items():
        totals = _totals(report_data, problem, name)
        foreign = "from elsewhere" if report_data.results.comparison and name in report_data.results.foreign else ""
        row = [
            Text(name, foreign),
            Text(f"{m.solved} / {m.runs}", f"{m.success.low:.0%} to {m.success.high:.0%}"),
            Text(number(m.ert.value), interval(m.ert), np.isfinite(least) and m.ert.value == least),
            Text(number(m.median)),
            Text(fitness_text(m.fitness)),
            *([Text(fitness_text(_median(report_data, "test", problem, name)))] if unseen else []),
            *(Text(number(totals[key], form)) for key, form in
              (("restarts", ",.1f"), ("reevaluations", ",.0f"), ("steps", ",.0f"))),
            Text(verified(report_data, problem, name)),
            Text(number(totals["seconds"], ",.1f"), kind="time"),
        ]  # fmt: skip
        rows.append(row)
    columns = ["method", "solved", "ERT", "median evaluations", "median fitness",
               *(["median fitness, unseen episodes"] if unseen else []), "restarts", "re-evaluations",
               "steps", "verified", "seconds"]  # fmt: skip
    return Table(problem, columns, rows)


def pairwise(report_data: ReportData, problem: str) -> Table:
    """One row a pair: Mann-Whitney's p, Holm's, A12 with its interval and in a word."""
    found, alpha = report_data.analysis.problems[problem], 1.0 - report_data.analysis.level
    rows = []
    for pair in found.pairs:
        shown = pair.adjusted <= alpha
        rows.append([
            Text(f"{pair.first} against {pair.second}"),
            Text(number(pair.u, "g")),
            Text(probability(pair.p)),
            Text(probability(pair.adjusted), strong=shown),
            Text(f"{pair.superiority.value:.2f}", interval(pair.superiority, ".2f")),
            Text(pair.size),
            Text(f"{pair.better} is ahead" if shown else "no difference shown", strong=shown),
        ])  # fmt: skip
    return Table(problem, ["pair", "U", "p", "p after Holm", "A12", "size", "verdict"], rows)


def fitness_within(problem: str, budgets: np.ndarray, found: dict[str, Quartiles]) -> Table:
    """One row a method, one column a budget: median best fitness with its interquartile range."""
    rows = [
        [Text(name), *(
            Text(fitness_text(q.median[i]), f"{fitness_text(q.lower[i])} to {fitness_text(q.upper[i])}")
            for i in range(budgets.size)
        )]
        for name, q in found.items()
    ]  # fmt: skip
    return Table(problem, ["method", *(f"{b:,.0f} evaluation{'' if b == 1 else 's'}" for b in budgets)], rows)


def methods_csv(report_data: ReportData) -> str:
    """One line a problem and method: all figures of `performance`."""
    columns = ["problem", "method", "measure", "budget", "runs", "solved", "late", "success", "success_low",
               "success_high", "ert", "ert_low", "ert_high", "median", "fitness", *TOTALS]  # fmt: skip
    lines = []
    for name, problem in report_data.analysis.problems.items():
        for method, m in problem.methods.items():
            totals = _totals(report_data, name, method)
            lines.append([name, method, problem.measure, problem.budget, *_figures(m), *(totals[k] for k in TOTALS)])
    return _csv(columns, lines)


def pairs_csv(report_data: ReportData) -> str:
    """One line a problem and pair: all figures of `pairwise`."""
    columns = ["problem", "first", "second", "u", "p", "p_holm", "a12", "a12_low", "a12_high", "size", "better"]
    lines = [
        [name, p.first, p.second, p.u, p.p, p.adjusted, *p.superiority, p.size, p.better]
        for name, problem in report_data.analysis.problems.items()
        for p in problem.pairs
    ]
    return _csv(columns, lines)


def _figures(m: Summary) -> list[object]:
    return [m.runs, m.solved, m.late, *m.success, *m.ert, m.median, m.fitness]


def _csv(columns: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if isinstance(v, float) and np.isnan(v) else v for v in line] for line in lines])
    return text.getvalue()


def _totals(report_data: ReportData, problem: str, method: str) -> dict[str, float]:
    """Of one method's runs on one problem: restarts, re-evaluations and steps as means a run, seconds as their sum, and
    how many were verified; NaN where it is not known of every run.
    """
    column = report_data.results.column
    found = {name: float(column(name, problem, method).mean()) for name in ("restarts", "reevaluations", "steps")}
    found["seconds"] = float(column("seconds", problem, method).sum())
    known = all(row.verified is not None for row in report_data.results.select(problem, method))
    return found | {"verified": float(column("verified", problem, method).sum()) if known else np.nan}


def verified(report_data: ReportData, problem: str, method: str) -> str:
    """How many of the solved runs had their champion verified; a dash where that is not known."""
    count = _totals(report_data, problem, method)["verified"]
    return NONE if np.isnan(count) else f"{count:.0f} / {report_data.runs[problem][method].solved.sum()}"


def _median(report_data: ReportData, name: str, problem: str, method: str) -> float:
    values = report_data.results.column(name, problem, method)
    return np.nan if np.isnan(values).all() else float(np.nanmedian(values))
