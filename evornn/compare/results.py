"""Results of a comparison: the table of its runs, their best-so-far curves, and results from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.atomic_files import check_file, disk_errors, write_atomic
from evornn.compare import imported
from evornn.compare.cells import FOREIGN, RESULTS, Cell, cells, stored
from evornn.compare.stored import Ended, read_all
from evornn.compare.table import Row, as_csv, read_csv
from evornn.errors import EvornnError, check_choice
from evornn.spec.comparison import Comparison

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Results:
    """The runs of a comparison that have ended.

    rows: one `Row` a run, in the order of problems, methods and seeds. problems, methods: their names, in the spec's
    order, foreign methods last. unfinished: cells whose runs have not ended. comparison, out: what was asked for, and
    its directory; None for results of CSV files alone. foreign: methods whose results come from elsewhere. damaged:
    what is left out since it cannot be read (cells, and names of imported files), and why. failed: what `session.run`
    could not bring to an end just now, and why.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        comparison: Comparison | None = None,
        out: Path | None = None,
        ended: Mapping[Cell, Ended] | None = None,
        damaged: Mapping[Cell | str, str] | None = None,
    ) -> None:
        own = [] if comparison is None else list(comparison.methods)
        self.problems = list(dict.fromkeys([*(comparison.problems if comparison else ()), *(r.problem for r in rows)]))
        self.methods = list(dict.fromkeys([*own, *(r.method for r in rows)]))
        self.foreign = [name for name in self.methods if name not in own]
        self.comparison, self.out = comparison, out
        there = {(row.problem, row.method, row.seed): row for row in rows}
        places = {name: i for i, name in enumerate((*self.problems, *self.methods))}
        self.rows = sorted(rows, key=lambda row: (places[row.problem], places[row.method], row.seed))
        self.failed: dict[Cell, str] = {}
        self._ended, self.damaged = dict(ended or {}), dict(damaged or {})
        gone = there.keys() | self.damaged.keys()
        self.unfinished = [cell for cell in cells(comparison) if cell not in gone] if comparison else []

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
        found = self._ended.get(Cell(row.problem, row.method, row.seed))
        return None if found is None else found.curve

    def curves(self, problem: str, method: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """The curve of each of these runs, in the order of `runs`; empty for a foreign method."""
        found = [self.curve(row) for row in self.select(problem, method)]
        return [points for points in found if points is not None]

    def environments(self) -> list[dict[str, Any]]:
        """What the runs say they were made with (versions, processor, commit, ...), each different one once."""
        found: dict[str, dict[str, Any]] = {}
        for ended in self._ended.values():
            first = ended.environment
            for known in (first, *first.get("resumed", [])):
                alike = {k: known.get(k) for k in ("python", "versions", "commit", "platform", "processor", "cores")}
                found.setdefault(repr(alike), alike)
        return list(found.values())

    def csv(self) -> str:
        """The table as CSV text."""
        return as_csv(self.rows)


def load(out: str | Path) -> Results:
    """The results in a comparison's directory, those imported into it included; runs still going on are left out, and
    so is, by name in `Results.damaged`, what cannot be read.
    """
    out = Path(out)
    comparison = stored(out)
    ended, spoiled = read_all(cells(comparison), out)
    rows = [found.row for found in ended.values()]
    damaged: dict[Cell | str, str] = dict(spoiled.items())
    known: dict[imported.Key, str] = {}
    for path in imported.stored(out):
        found, why = imported.read(path, imported.fits(comparison, known))
        if why is not None:
            damaged[f"{FOREIGN}/{path.name}"] = why
        known.update({(row.problem, row.method, row.seed): str(path) for row in found})
        rows += found
    return Results(rows, comparison, out, ended, damaged)


def from_csv(*paths: str | Path) -> Results:
    """The results in CSV files alone."""
    rows: list[Row] = []
    files: dict[tuple[str, str, int], str] = {}
    for path in dict.fromkeys(Path(path).resolve() for path in paths):
        found = read_csv(path)
        for row in found:
            key = row.problem, row.method, row.seed
            if other := files.get(key):
                raise EvornnError(
                    f"{row.method} on {row.problem} with seed {row.seed} is in more than one file: {other}, {path}"
                )
            files[key] = str(path)
        rows += found
    return Results(rows)


def import_csv(out: str | Path, path: str | Path) -> int:
    """Keep the results of a CSV file in a comparison's directory, so that `load` finds them; gives how many there are.

    Its problems must be problems of the comparison, its methods others than the comparison's own. The same file given
    again replaces what it held before; another file of its name stands beside it. Raises EvornnError naming the line of
    what is wrong.
    """
    out = Path(out)
    imports = imported.check_imports(stored(out), out, [path])
    imported.keep(imports, out)
    return len(imports[0].rows)


def write(results: Results) -> Path:
    """Write the table into the comparison's directory."""
    assert results.out is not None
    check_file(results.out / RESULTS)
    with disk_errors(results.out):
        write_atomic(results.out / RESULTS, results.csv().encode())
    return results.out / RESULTS
