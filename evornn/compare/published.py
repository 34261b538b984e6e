"""A comparison's means beside the published ones, where a problem's task has such (`Task.published`).

Of published runs only the mean is known, and they were made with other networks, ranges and code: the ratio says where
we stand, no test is possible. A method stands beside the published one of the same name; one that the literature has no
figure for stands beside the best published mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evornn.compare.material import Material
from evornn.compare.spec import Entry
from evornn.compare.tables import Table, Text, interval, number, verified
from evornn.experiment.spec import build_part

SEQUENCES = "(sequences"  # in the name of a figure that counts training sequences of a gradient method
QUOTED = " (quoted)"  # ends the name of a figure that was not checked against the paper itself
COLUMNS = ["method", "published mean", "mean here", "ratio", "median here", "solved", "verified"]


def published(material: Material) -> list[Table]:
    """One table for each problem whose task has published means; one row for each method, in the spec's order."""
    comparison, found = material.results.comparison, []
    for problem in material.analysis.problems:
        entry = comparison.problems.get(problem) if comparison else None
        if entry and (means := published_means(entry)):
            found.append(Table(problem, COLUMNS, list(_rows(material, problem, means))))
    return found


def published_means(entry: Entry) -> dict[str, float]:
    """Published mean evaluations of a problem, method -> mean; figures in other units are left out."""
    means = build_part("task", entry.task, entry.name).published
    return {name: mean for name, mean in means.items() if SEQUENCES not in name}


def _rows(material: Material, problem: str, means: Mapping[str, float]) -> Iterator[list[Text]]:
    theirs = {name.removesuffix(QUOTED): name for name in means}
    best = min(means, key=means.__getitem__)
    for method, m in material.analysis.problems[problem].methods.items():
        name = theirs.get(method, best)
        quoted = "quoted" if name.endswith(QUOTED) else ""
        ratio = m.ert.value / means[name]
        yield [
            Text(method),
            Text(number(means[name]), quoted if method in theirs else f"best: {name.removesuffix(QUOTED)}"),
            Text(number(m.ert.value), interval(m.ert)),
            Text(number(ratio, ".2f"), strong=ratio <= 1.0),
            Text(number(m.median)),
            Text(f"{m.solved} / {m.runs}"),
            Text(verified(material, problem, method)),
        ]
