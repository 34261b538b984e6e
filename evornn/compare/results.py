"""What came out of a comparison: the table of its runs, their best-so-far curves, and results from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.compare.grid import FOREIGN, RESULTS, Cell, cells, stored
from evornn.compare.rows import Row, as_csv, read_csv
from evornn.compare.spec import NAME, Comparison
from evornn.errors import EvornnError, check_choice
from evornn.experiment import store
from evornn.experiment.files import disk_errors, write_atomic
from evornn.experiment.history import TOTALS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Results:
    """The runs of a comparison that have ended.

    rows: one `Row` a run, in the order of problems, methods and seeds. problems, methods: their names, in the spec's
    order, foreign methods last. unfinished: cells whose runs have not ended. comparison, out: what was asked for, and
    its directory; None for results of CSV files alone. foreign: methods whose results come from elsewhere. failed: what
    `session.run` could not bring to an end just now, and why.
    """

    def __init__(self, rows: Sequence[Row], comparison: Comparison | None = None, out: Path | None = None) -> None:
        own = [] if comparison is None else list(comparison.methods)
        self.problems = list(dict.fromkeys([*(comparison.problems if comparison else ()), *(r.problem for r in rows)]))
        self.methods = list(dict.fromkeys([*own, *(r.method for r in rows)]))
        self.foreign = [name for name in self.methods if name not in own]
        self.comparison, self.out = comparison, out
        there = {(row.problem, row.method, row.seed): row for row in rows}
        places = {name: i for i, name in enumerate((*self.problems, *self.methods))}
        self.rows = sorted(rows, key=lambda row: (places[row.problem], places[row.method], row.seed))
        self.failed: dict[Cell, str] = {}
        self.unfinished = [cell for cell in cells(comparison) if cell not in there] if comparison else []

    def select(self, problem: str | None = None, method: str | None = None) -> list[Row]:
        """The rows of a problem, of a method, or of both."""
        for what, name, names in (("problem", problem, self.problems), ("method", method, self.methods)):
            if name is not None:
                check_choice(what, name, names)
        return [row for row in self.rows if problem in (None, row.problem) and method in (None, row.method)]

    def column(self, name: str, problem: str | None = None, method: str | None = None) -> np.ndarray:
        """A column of the selected rows [S]: solved and verified as bool, numbers as float64, NaN where not known."""
        check_choice("column", name, (*Row.__struct_fields__, "spent"))
        values = [getattr(row, name) for row in self.select(problem, method)]
        if name in ("problem", "method", "stopped_by"):
            return np.array([value or "" for value in values])
        if name in ("solved", "verified"):
            return np.array([bool(value) for value in values], dtype=bool)
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    def runs(self, problem: str, method: str) -> tuple[np.ndarray, np.ndarray]:
        """(spent [S], solved [S]): evaluations of each run, up to and including the one that solved if one did."""
        return self.column("spent", problem, method), self.column("solved", problem, method)

    def curve(self, row: Row) -> tuple[np.ndarray, np.ndarray] | None:
        """(evaluations [k], best [k]): the run's best fitness, at every evaluation that raised it; None if foreign."""
        if self.out is None or row.method in self.foreign:
            return None
        return curve(Cell(row.problem, row.method, row.seed).directory(self.out))

    def curves(self, problem: str, method: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """The curve of each of these runs, in the order of `runs`; empty for a foreign method."""
        found = [self.curve(row) for row in self.select(problem, method)]
        return [points for points in found if points is not None]

    def environments(self) -> list[dict[str, Any]]:
        """What the runs say they were made with (versions, processor, commit, ...), each different one once."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.rows:
            if self.out is None or row.method in self.foreign:
                continue
            directory = Cell(row.problem, row.method, row.seed).directory(self.out)
            first = store.read_json(directory, store.ENVIRONMENT) or {}
            for known in (first, *first.get("resumed", [])):
                alike = {k: known.get(k) for k in ("python", "versions", "commit", "platform", "processor", "cores")}
                found.setdefault(repr(alike), alike)
        return list(found.values())

    def csv(self) -> str:
        """The table as CSV text."""
        return as_csv(self.rows)


def load(out: str | Path) -> Results:
    """The results in a comparison's directory, those imported into it included; runs still going on are left out."""
    out = Path(out)
    comparison = stored(out)
    rows = [row for cell in cells(comparison) if (row := _row(cell, out)) is not None]
    for path in sorted((out / FOREIGN).glob("*.csv")):
        rows += read_csv(path, _fits(comparison, rows))
    return Results(rows, comparison, out)


def from_csv(*paths: str | Path) -> Results:
    """The results in CSV files alone."""
    rows: list[Row] = []
    for path in paths:
        rows += read_csv(path)
    keys = [(row.problem, row.method, row.seed) for row in rows]
    for key in keys:
        if keys.count(key) > 1:
            raise EvornnError(f"{key[1]} on {key[0]} with seed {key[2]} is in more than one file")
    return Results(rows)


def import_csv(out: str | Path, path: str | Path) -> int:
    """Keep the results of a CSV file in a comparison's directory, so that `load` finds them; gives how many there are.

    Its problems must be problems of the comparison, its methods others than the comparison's own. A file of the same
    name is replaced. Raises EvornnError naming the line of what is wrong.
    """
    out, path = Path(out), Path(path)
    others = [row for other in (out / FOREIGN).glob("*.csv") if other.name != path.name for row in read_csv(other)]
    rows = read_csv(path, _fits(stored(out), others))
    with disk_errors(out):
        (out / FOREIGN).mkdir(exist_ok=True)
        write_atomic(out / FOREIGN / f"{path.stem}.csv", path.read_bytes())
    return len(rows)


def write(results: Results) -> Path:
    """Write the table into the comparison's directory."""
    assert results.out is not None
    with disk_errors(results.out):
        write_atomic(results.out / RESULTS, results.csv().encode())
    return results.out / RESULTS


def curve(directory: Path) -> tuple[np.ndarray, np.ndarray]:
    """(evaluations [k], best [k]) of a stored run: its best fitness at every evaluation that raised it."""
    records = store.read_history(directory)
    sizes = [record.size for record in records]
    fitness = np.fromfile(directory / store.FITNESS, dtype="<f8", count=sum(sizes)) if records else np.empty(0)
    provisional = np.repeat([record.top > record.best for record in records], sizes)  # on some of the episodes only
    values = np.where(np.isnan(fitness) | provisional.astype(bool), -np.inf, fitness)
    best = np.maximum.accumulate(values)
    raised = best > np.concatenate(([-np.inf], best[:-1])) if values.size else np.empty(0, bool)
    return np.flatnonzero(raised) + 1, best[raised]


def _row(cell: Cell, out: Path) -> Row | None:
    """The row of a run that has ended."""
    directory = cell.directory(out)
    found = store.read_json(directory, store.RESULT)
    if found is None:
        return None
    return Row(
        **cell._asdict(),
        **{name: found[name] for name in ("solved", "stopped_by", "seconds", *TOTALS)},
        solved_at=found["best_evaluation"] if found["solved"] else None,
        best=found["best_fitness"],
        validation=found.get("validated", {}).get("validation"),
        test=found.get("validated", {}).get("test"),
        verified=found["solved"] and (directory / store.CHAMPION).exists(),
    )


def _fits(comparison: Comparison, others: Sequence[Row]) -> Callable[[Row], None]:
    """A check of foreign rows: they are about problems of the comparison, and not there yet."""
    known = {(row.problem, row.method, row.seed) for row in others}

    def check(row: Row) -> None:
        check_choice("problem", row.problem, comparison.problems)
        if row.method in comparison.methods:
            raise EvornnError(f"method is {row.method!r}, one of the comparison's own; give these runs another name")
        if not NAME.fullmatch(row.method):
            raise EvornnError(f"method is {row.method!r}; use up to 60 letters, digits, spaces, '_', '-', '+'")
        if (row.problem, row.method, row.seed) in known:
            raise EvornnError(f"{row.method} on {row.problem} with seed {row.seed} is in another file too")

    return check
