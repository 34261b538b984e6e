"""A comparison's means beside the published ones, where a problem's task has such (`Task.published`).

Of published runs only the mean is known, and they were made with other networks, ranges and code: the ratio says where
we stand, no test is possible. A method stands beside the published one that its search is; a label that is the name of
another published one says so instead. What the literature has no figure for stands beside the best published mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evornn.compare.report.data import ReportData
from evornn.compare.report.tables import Table, Text, interval, number, verified
from evornn.spec.comparison import Comparison, Entry
from evornn.spec.run import build_part
from evornn.spec.sections import effective

SEQUENCES = "(sequences"  # in the name of a figure that counts training sequences of a gradient method
QUOTED = " (quoted)"  # ends the name of a figure that was not checked against the paper itself
NAMES = {"RandomGuessing": "random guessing", "CMAES": "CMA-ES"}  # of searches in the tables, where they differ
COLUMNS = ["method", "published mean", "mean here", "ratio", "median here", "solved", "verified"]


def published(report_data: ReportData) -> list[Table]:
    """One table for each problem whose task has published means; one row for each method, in the spec's order."""
    comparison, found = report_data.results.comparison, []
    for problem in report_data.analysis.problems:
        entry = comparison.problems.get(problem) if comparison else None
        if entry and (means := published_means(entry)):
            found.append(Table(problem, COLUMNS, list(_rows(report_data, problem, means))))
    return found


def published_means(entry: Entry) -> dict[str, float]:
    """Published mean evaluations of a problem, method -> mean; figures in other units are left out."""
    means = build_part("task", entry.task, entry.name).published
    return {name: mean for name, mean in means.items() if SEQUENCES not in name}


def published_name(comparison: Comparison | None, problem: str, method: str) -> str | None:
    """What publications call the search of a comparison's method; None for one from elsewhere."""
    way = comparison.methods.get(method) if comparison else None
    if way is None:
        return None
    search = effective(way.search, way.on.get(problem, {}).get("search", {}))
    return NAMES.get(search["name"], search["name"])


def _rows(report_data: ReportData, problem: str, means: Mapping[str, float]) -> Iterator[list[Text]]:
    theirs = {name.removesuffix(QUOTED): name for name in means}
    best = min(means, key=means.__getitem__)
    for method, m in report_data.analysis.problems[problem].methods.items():
        search = published_name(report_data.results.comparison, problem, method)
        found = method if method in theirs else search if search in theirs else None
        name = best if found is None else theirs[found]
        ratio = m.ert.value / means[name]
        yield [
            Text(method),
            Text(number(means[name]), _note(found, best, method, search, name.endswith(QUOTED))),
            Text(number(m.ert.value), interval(m.ert)),
            Text(number(ratio, ".2f"), strong=ratio <= 1.0),
            Text(number(m.median)),
            Text(f"{m.solved} / {m.runs}"),
            Text(verified(report_data, problem, method)),
        ]


def _note(found: str | None, best: str, method: str, search: str | None, quoted: bool) -> str:
    """What must be known of a published mean: whose it is, where the label does not say it, and from where."""
    if found is None:
        whose = f"best: {best.removesuffix(QUOTED)}"
    elif found != method:
        whose = found
    else:
        whose = "" if search in (None, found) else f"by its label; the search is {search}"
    return ", ".join(part for part in (whose, "quoted" if quoted and found else "") if part)
