"""Results from elsewhere, kept in a comparison's directory as CSV files.

    foreign/STEM.SOURCE.CONTENT.csv     SOURCE: digest of the path it came from; CONTENT: CRC-32 of its bytes

So two files of one name stand side by side, the same file given again replaces itself, and a file that was altered
shows it. Files of other names are older than that, or were put there by hand, and are read as they are.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from evornn.atomic_files import damaged, disk_errors, write_atomic
from evornn.compare.cells import FOREIGN
from evornn.compare.table import Row, read_csv
from evornn.errors import EvornnError, check_choice
from evornn.experiment.storage import seals
from evornn.spec.comparison import NAME, Comparison

Key = tuple[str, str, int]
_NAMED = re.compile(r".*\.([0-9a-f]{8})\.([0-9a-f]{8})\.csv")
STEM = 60  # letters of a file's name that are kept


class Import(NamedTuple):
    """A file that has been checked: what it will be called, its content, its rows, the files that it replaces."""

    path: Path
    data: bytes
    rows: list[Row]
    replaced: list[Path]


def check_imports(comparison: Comparison, out: Path, paths: Sequence[str | Path]) -> list[Import]:
    """CSV files to be kept in the comparison's directory, checked together with those that are there.

    Raises EvornnError, naming file and line, if one is damaged, is about problems that are not the comparison's, has a
    method of the comparison's own, or says again what another file says.
    """
    given = {source(path): Path(path) for path in paths}
    there = [path for path in stored(out) if not (named := _NAMED.fullmatch(path.name)) or named[1] not in given]
    known: dict[Key, str] = {}
    for path in there:
        rows, _ = read(path)
        known.update({(row.problem, row.method, row.seed): str(path) for row in rows})
    found = []
    for mark, path in given.items():
        rows = read_csv(path, fits(comparison, known))
        data = seals.read_bytes(path) or b""
        known.update({(row.problem, row.method, row.seed): str(path) for row in rows})
        stem = re.sub(r"[^\w+-]", "_", path.stem)[:STEM]
        target = out / FOREIGN / f"{stem}.{mark}.{zlib.crc32(data):08x}.csv"
        same = [old for old in stored(out) if (named := _NAMED.fullmatch(old.name)) and named[1] == mark]
        found.append(Import(target, data, rows, [old for old in same if old != target]))
    return found


def keep(imports: Sequence[Import], out: Path) -> None:
    """Write checked files into the comparison's directory."""
    with disk_errors(out):
        for one in imports:
            one.path.parent.mkdir(exist_ok=True)
            write_atomic(one.path, one.data)
            for old in one.replaced:
                old.unlink(missing_ok=True)


def source(path: str | Path) -> str:
    """Eight letters that stand for where a file is."""
    return f"{zlib.crc32(str(Path(path).resolve()).encode('utf-8', 'surrogateescape')):08x}"


def stored(out: Path) -> list[Path]:
    """The files that are kept."""
    return sorted((out / FOREIGN).glob("*.csv"))


def read(path: Path, check: Callable[[Row], None] = lambda row: None) -> tuple[list[Row], str | None]:
    """The rows of a kept file, or none of them and why it cannot be read."""
    try:
        named = _NAMED.fullmatch(path.name)
        if named and zlib.crc32(seals.read_bytes(path) or b"") != int(named[2], 16):
            raise damaged(path, "it is not what was imported")
        return read_csv(path, check), None
    except EvornnError as error:
        return [], str(error)


def check_labels(comparison: Comparison, out: Path) -> None:
    """Raise EvornnError if a method of the comparison is called as one whose results from elsewhere are kept."""
    for path in stored(out):
        for row in read(path)[0]:
            if row.method in comparison.methods:
                raise EvornnError(
                    f"there is a method {row.method!r}, and {path} holds results from elsewhere under that name; "
                    "give the method another name"
                )


def fits(comparison: Comparison, known: Mapping[Key, str]) -> Callable[[Row], None]:
    """A check of foreign rows: they are about problems of the comparison, and not in the file that `known` says."""

    def check(row: Row) -> None:
        check_choice("problem", row.problem, comparison.problems)
        if row.method in comparison.methods:
            raise EvornnError(f"method is {row.method!r}, one of the comparison's own; give these runs another name")
        if not NAME.fullmatch(row.method):
            raise EvornnError(f"method is {row.method!r}; use up to 60 letters, digits, spaces, '_', '-', '+'")
        if other := known.get((row.problem, row.method, row.seed)):
            raise EvornnError(f"{row.method} on {row.problem} with seed {row.seed} is in another file too: {other}")

    return check
