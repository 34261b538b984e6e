"""The report of a comparison: one HTML page that needs nothing but itself, and its figures as CSV.

    report.html           verdict in words, tables, figures, and how it was made; light, printable, opens offline
    report_methods.csv    the tables' numbers, a line for each problem and method
    report_pairs.csv      the tests' numbers, a line for each problem and pair of methods

Everything is computed from the stored runs, so equal runs give equal files but for wall times.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from evornn.atomic_files import check_file, disk_errors, write_atomic
from evornn.compare.cells import Cell
from evornn.compare.report import tables
from evornn.compare.report.data import POINTS, TARGETS, ReportData, gather
from evornn.compare.report.figures import Figures, style
from evornn.compare.report.published import published
from evornn.compare.results import Results
from evornn.compare.statistics.conclusions import conclusions, counted
from evornn.errors import EvornnError

REPORT, METHODS_CSV, PAIRS_CSV = "report.html", "report_methods.csv", "report_pairs.csv"
FEW = 4  # methods; of more, what concerns single pairs is folded up
DIAGRAM = 3  # problems that a critical-difference diagram needs


def write_report(results: Results, directory: str | Path | None = None) -> list[Path]:
    """Write the report into `directory`, or the comparison's own; gives the files, the page first.

    Raises EvornnError if no run has ended, or for results without a directory if none is given.
    """
    directory = results.out if directory is None else Path(directory)
    if directory is None:
        raise EvornnError("these results have no directory of their own: say where the report is to be written")
    report_data = gather(results)
    files = {
        REPORT: page(report_data),
        METHODS_CSV: tables.methods_csv(report_data),
        PAIRS_CSV: tables.pairs_csv(report_data),
    }
    for name in files:
        check_file(directory / name)
    with disk_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_atomic(directory / name, text.encode())
    return [directory / name for name in files]


def page(report_data: ReportData) -> str:
    """The report as HTML text."""
    import jinja2

    folder = Path(__file__).with_name("templates")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html").render(_context(report_data))


def _context(report_data: ReportData) -> dict[str, Any]:
    results, problems = report_data.results, list(report_data.runs)
    draw = Figures(results.methods)
    solved, reached, fitness = _figures(report_data, draw)
    return {
        "title": _title(results),
        "what": _what(report_data),
        "looks": {name: style(i) for i, name in enumerate(results.methods)},
        "many": len(results.methods) > FEW,
        "glance": tables.glance(report_data),
        "verdict": _verdict(report_data),
        "performance": [tables.performance(report_data, name) for name in problems],
        "published": published(report_data),
        "pairwise": [
            tables.pairwise(report_data, name) for name in problems if report_data.analysis.problems[name].pairs
        ],
        "level": report_data.analysis.level,
        "solved": solved,
        "reached": reached,
        "target_count": TARGETS,
        "fitness": fitness,
        "overall": _overall(report_data, draw),
        "seeds": spans(row.seed for row in results.rows),
        "budgets": {name: _budget(report_data, name) for name in problems},
        "environments": results.environments(),
        "spec": results.comparison.text() if results.comparison else None,
        "left_out": [f"{what}: {why}" for what, why in results.damaged.items()],
        "unfinished": _unfinished(report_data),
    }


def _title(results: Results) -> str:
    return results.out.resolve().name.replace("_", " ") if results.out else "Results from CSV files"


def _what(report_data: ReportData) -> str:
    results = report_data.results
    counts = [len(r.spent) for methods in report_data.runs.values() for r in methods.values()]
    runs = counted(max(counts), "run") if min(counts) == max(counts) else f"{min(counts)} to {max(counts)} runs"
    text = (
        f"{_list(results.methods)} on {_list(list(report_data.runs))}: {runs} of each method on each problem, "
        f"{counted(len(results.rows), 'run')} in all."
    )
    if results.comparison and results.foreign:
        text += f" Results from elsewhere: {_list(results.foreign)}."
    return text


def _verdict(report_data: ReportData) -> list[tuple[str, list[str]]]:
    """The conclusions, those about one problem together under its name; the rest under ""."""
    said = []
    for sentence in conclusions(report_data.analysis):
        about = next((name for name in report_data.runs if sentence.startswith(f"{name}: ")), "")
        text = sentence[len(about) + 2 :] if about else sentence
        named = text.startswith(tuple(report_data.results.methods))  # a method's name keeps its small letter
        said.append((about, text if named else text[:1].upper() + text[1:]))
    return [(about, [text for _, text in group]) for about, group in groupby(said, key=lambda pair: pair[0])]


def _figures(report_data: ReportData, draw: Figures) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """problem -> SVG of solved shares, of shares of fitness targets, and (SVG, table) of fitness within budgets."""
    solved, reached, fitness = {}, {}, {}
    for name in report_data.runs:
        budget = report_data.budget(name)
        at = np.geomspace(1.0, max(3.0 * budget, 10.0), POINTS)
        ends = np.concatenate([[], *(r.spent[r.solved] for r in report_data.runs[name].values())])  # where shares rise
        later = np.geomspace(10.0 ** np.floor(np.log10(ends.min(initial=at[-1]))), at[-1], POINTS)
        later = np.union1d(later, ends[ends <= at[-1]])
        if shares := report_data.solved_shares(name, later):
            solved[name] = draw.shares(later, shares, budget)
        if shares := report_data.target_shares(name, at):
            reached[name] = draw.shares(at, shares, budget)
        within = np.append(np.unique(np.floor(np.geomspace(1.0, budget, POINTS)))[:-1], budget)
        if found := report_data.fitness(name, within):
            shown = np.unique(np.maximum(np.rint(budget * np.array([0.01, 0.1, 1.0])), 1.0))
            table = tables.fitness_within(name, shown, report_data.fitness(name, shown))
            fitness[name] = (draw.fitness(within, found) if within.size > 1 else "", table)
    return solved, reached, fitness


def _overall(report_data: ReportData, draw: Figures) -> dict[str, Any]:
    """What there is to say of all problems together."""
    overall, means = report_data.analysis.overall, report_data.interquartile_means()
    found: dict[str, Any] = {"means": means, "ranks": None, "diagram": ""}
    if overall is not None:
        pairs = sorted(zip(overall.methods, overall.friedman.ranks.tolist(), strict=True), key=lambda pair: pair[1])
        found["ranks"] = tables.Table(
            "", ["method", "average rank"], [[tables.Text(m), tables.Text(f"{r:.2f}")] for m, r in pairs]
        )
        found["problems"], found["p"] = overall.problems, tables.probability(overall.friedman.p)
        found["statistic"] = f"{overall.friedman.statistic:.2f}"
        if len(overall.problems) >= DIAGRAM:
            found["diagram"] = draw.ranks(overall)
    if means:
        found["means_table"] = tables.Table(
            "",
            ["method", "interquartile mean"],
            [[tables.Text(m), tables.Text(f"{e.value:.3f}", tables.interval(e, ".3f"))] for m, e in means.items()],
        )
        found["means_figure"] = draw.intervals(means, "interquartile mean of speed scores")
    return found


def _budget(report_data: ReportData, problem: str) -> str:
    comparison = report_data.results.comparison
    if comparison is None or problem not in comparison.problems:
        return f"{tables.number(report_data.budget(problem))} evaluations, read off the runs"
    limits = comparison.problems[problem].run()
    return ", ".join(f"{name.replace('_', ' ')} {value:,}" if isinstance(value, int | float) else f"{name} {value}"
                     for name, value in limits.items())  # fmt: skip


def _unfinished(report_data: ReportData) -> list[str]:
    """Cells whose runs broke off, each with its reason; then those that have not ended, by problem and method."""
    broken = report_data.broken()
    told = [f"{cell} broke off: {reason}" for cell, reason in broken.items()]
    pairs: dict[tuple[str, str], list[Cell]] = {}
    for cell in report_data.results.unfinished:
        if cell not in broken:
            pairs.setdefault((cell.problem, cell.method), []).append(cell)
    return told + [
        f"{method} on {problem}: seeds {spans(cell.seed for cell in cells)} have not ended"
        for (problem, method), cells in pairs.items()
    ]


def spans(numbers: Iterable[int]) -> str:
    """1, 2, 3, 7 as "1 to 3, 7"."""
    spans: list[list[int]] = []
    for n in sorted(set(numbers)):
        if spans and spans[-1][1] == n - 1:
            spans[-1][1] = n
        else:
            spans.append([n, n])
    return ", ".join(str(a) if a == b else f"{a} to {b}" if b > a + 1 else f"{a}, {b}" for a, b in spans)


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
