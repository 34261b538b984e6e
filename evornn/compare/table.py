"""The table of a comparison's runs: one row a run, the same columns for every method; reading and writing it as CSV."""

from __future__ import annotations

import csv
import functools
import io
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from evornn.errors import EvornnError, nearest
from evornn.spec.parsing import located

WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One run. None where something is not known, which only results from elsewhere may have.

    `solved`: whether it solved the problem. `evaluations`: fitness evaluations until it ended; `solved_at`: the number
    of the evaluation that solved it. `steps`: simulated control steps; `seconds`: wall time; `restarts`: of the search.
    `reevaluations`, `gradients`: how many of the evaluations were of genomes evaluated before, and how many were
    gradients. `tests`, `test_steps`: champion tests and their simulated steps, which are no part of `evaluations` and
    `steps`. `best`: best fitness; `verified`: whether a champion passed its test in float64. `stopped_by`: "solved",
    "search" (nothing more to try) or the limit that was reached. `validation`, `test`: fitness of the validated best on
    validation and on test episodes, where runs validate.
    """

    problem: str
    method: str
    seed: int
    solved: bool
    evaluations: int
    solved_at: int | None = None
    steps: int | None = None
    seconds: float | None = None
    restarts: int | None = None
    reevaluations: int | None = None
    gradients: int | None = None
    tests: int | None = None
    test_steps: int | None = None
    best: float | None = None
    verified: bool | None = None
    stopped_by: str | None = None
    validation: float | None = None
    test: float | None = None

    @property
    def spent(self) -> int:
        """Evaluations up to and including the one that solved; all of them if none did, or it is not known which."""
        return self.evaluations if self.solved_at is None else self.solved_at


COLUMNS = Row.__struct_fields__
REQUIRED = ("problem", "method", "seed", "solved", "evaluations")
TYPES: dict[str, Any] = {f.name: f.type for f in msgspec.structs.fields(Row)}


def as_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV text: a line of column names, then a line a run; what is not known is left empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_written(getattr(row, name)) for name in COLUMNS])
    return text.getvalue()


def _written(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def read_csv(path: str | Path, check: Callable[[Row], None] = lambda row: None) -> list[Row]:
    """The rows of a CSV file with a first line of column names, of which problem, method, seed, solved and evaluations
    are needed. Raises EvornnError naming the file, the line and the column of what is wrong; `check` may raise one for
    a row, too.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvornnError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    reader = csv.reader(io.StringIO(text), strict=True)
    rows: list[Row] = []
    lines: dict[tuple[str, str, int], int] = {}
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_columns(names, f"{path}, line 1")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"{path}, line {reader.line_num}"
            if len(cells) != len(names):
                raise EvornnError(f"{where}: {len(cells)} values for {len(names)} columns")
            row = _row(dict(zip(names, cells, strict=True)), where)
            first = lines.setdefault((row.problem, row.method, row.seed), reader.line_num)
            if first != reader.line_num:
                raise EvornnError(f"{where}: {row.method} on {row.problem} with seed {row.seed} is in line {first} too")
            located(where, functools.partial(check, row))
            rows.append(row)
    except csv.Error as error:
        raise EvornnError(f"{path}, line {reader.line_num}: {error}") from None
    if not rows:
        raise EvornnError(f"{path} holds no runs")
    return rows


def _check_columns(names: list[str], where: str) -> None:
    for name in names:
        if name not in COLUMNS:
            raise EvornnError(f"{where}: there is no column {name!r}; {nearest(name, COLUMNS)}")
    twice = sorted({name for name in names if names.count(name) > 1})
    missing = [name for name in REQUIRED if name not in names]
    wrong = [f"{what}: {', '.join(names)}" for what, names in (("missing", missing), ("given twice", twice)) if names]
    if wrong:
        raise EvornnError(f"{where}: {'; '.join(wrong)}")


def _row(cells: dict[str, str], where: str) -> Row:
    values = {name: _read(name, cell.strip(), where) for name, cell in cells.items()}
    row = Row(**{name: value for name, value in values.items() if value is not None})
    if row.solved_at is not None and not (row.solved and row.solved_at <= row.evaluations):
        raise EvornnError(f"{where}: solved_at is {row.solved_at}, in a run of {row.evaluations} evaluations, "
                          f"solved: {row.solved}")  # fmt: skip
    return row


def _read(name: str, text: str, where: str) -> Any:
    """The value of a column in a cell."""
    kind = str(TYPES[name])
    if not text:
        if name in REQUIRED:
            raise EvornnError(f"{where}: {name} is empty")
        return None
    if "bool" in kind:
        if text.lower() not in WORDS:
            raise EvornnError(f"{where}: {name} is {text!r}; {nearest(text, WORDS)}")
        return WORDS[text.lower()]
    if "str" in kind:
        return text
    whole = "float" not in kind
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    least = 1 if name in ("evaluations", "solved_at") else -math.inf if name in ("best", "validation", "test") else 0
    if not math.isfinite(number) or number < least or (whole and not number.is_integer()):
        bound = "" if least == -math.inf else f" of at least {least}"
        raise EvornnError(f"{where}: {name} is {text!r}; it must be a {'whole ' * whole}number{bound}")
    return int(number) if whole else number
