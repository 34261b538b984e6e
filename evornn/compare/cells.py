"""The runs of a comparison and where they are: one run directory a cell, made and resumed like any other run.

compare.toml                        what was asked for: all problems, methods and seeds there have ever been
cells/PROBLEM/METHOD/SEED/          a run (see `evornn.experiment.storage`); it has result.json once it has ended
foreign/*.csv                       results from elsewhere (see `evornn.compare.imported`)
errors/PROBLEM-METHOD-SEED.txt      the traceback of a run that broke off, until it is tried again
results.csv                         the table of all runs that have ended
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from evornn.atomic_files import check_file, damaged, disk_errors, leftovers, lock, open_own, write_atomic
from evornn.errors import EvornnError
from evornn.experiment.storage import run_directory, seals
from evornn.experiment.storage.identity import check_spec
from evornn.spec.comparison import Comparison, folder
from evornn.spec.run import Spec
from evornn.spec.sections import differences

COMPARE, CELLS, FOREIGN, ERRORS, RESULTS, LOCK = "compare.toml", "cells", "foreign", "errors", "results.csv", ".lock"
_SEAL = re.compile(rb"^# crc32 ([0-9a-f]{8}) of the lines above\n\Z", re.MULTILINE)


class Cell(NamedTuple):
    """One run of a comparison."""

    problem: str
    method: str
    seed: int

    def __str__(self) -> str:
        return f"{self.method} on {self.problem}, seed {self.seed}"

    def directory(self, out: Path) -> Path:
        """Of its run."""
        return out / CELLS / folder(self.problem) / folder(self.method) / str(self.seed)

    def error_file(self, out: Path) -> Path:
        """Where it is told why its run broke off."""
        return out / ERRORS / f"{folder(self.problem)}-{folder(self.method)}-{self.seed}.txt"


def cells(comparison: Comparison, problems: list[str] | None = None, methods: list[str] | None = None) -> list[Cell]:
    """All cells, or those of some problems and methods; seed by seed, so that a part of them is a fair part."""
    return [
        Cell(problem, method, seed)
        for seed in comparison.seeds
        for problem in problems or comparison.problems
        for method in methods or comparison.methods
    ]


def stored(out: Path) -> Comparison:
    """The comparison in the directory `out`; EvornnError, naming the file, if it is not what was written."""
    path = out / COMPARE
    if not os.path.lexists(path):
        begun = f"; {out / CELLS} holds runs, so restore it from a copy" if (out / CELLS).is_dir() else ""
        raise EvornnError(f"{out} holds no comparison ({COMPARE} is not in it){begun}")
    data = seals.read_bytes(path) or b""
    sealed = _SEAL.search(data)
    if sealed and int(sealed[1], 16) != zlib.crc32(data[: sealed.start()]):
        raise damaged(path, "it is not what was written")
    try:
        return Comparison.load(path)
    except EvornnError as error:
        if sealed:  # whole, but of another version of evornn, or a file that it names has gone
            raise
        raise damaged(path, str(error)) from None


def joined(comparison: Comparison, out: Path) -> Comparison:
    """The comparison and what the directory `out` holds of it already; EvornnError if that is another one, or something
    else.
    """
    if os.path.lexists(out / COMPARE):
        return comparison.joined(stored(out))
    if os.path.lexists(out) and not out.is_dir():
        raise EvornnError(f"{out} is not a directory; choose another with --out")
    with disk_errors(out):
        there = {p.name for p in out.iterdir()} - {LOCK, *_names(leftovers(out))} if out.is_dir() else set()
    if CELLS in there:
        raise EvornnError(f"{out / COMPARE} is missing; restore it from a copy, or choose another directory with --out")
    if there:
        raise EvornnError(f"{out} exists and holds no comparison; choose another directory with --out")
    return comparison


@contextlib.contextmanager
def opened(comparison: Comparison, out: Path) -> Iterator[Comparison]:
    """The directory `out` made ready for `comparison`, and kept from other processes meanwhile.

    Gives the comparison joined with what is there; EvornnError if that is another one, or something else.
    """
    joined(comparison, out)
    check_file(out / RESULTS)  # rather than when all has been done
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        file, _ = open_own(out / LOCK)
    with file:
        lock(file.fileno(), out)
        both = joined(comparison, out)  # another process may have written meanwhile
        with disk_errors(out):
            for left in leftovers(out):
                left.unlink(missing_ok=True)
            text = both.text().encode()
            text += b"# crc32 %08x of the lines above\n" % zlib.crc32(text)
            if seals.read_bytes(out / COMPARE) != text:
                write_atomic(out / COMPARE, text)
        yield both


def specs(comparison: Comparison, wanted: Sequence[Cell]) -> dict[Cell, Spec]:
    """The spec of every cell's run."""
    pairs = dict.fromkeys((cell.problem, cell.method) for cell in wanted)
    checked = {pair: comparison.run_spec(*pair, seed=0) for pair in pairs}
    return {cell: msgspec.structs.replace(checked[cell.problem, cell.method], seed=cell.seed) for cell in wanted}


def check_begun(cell: Cell, spec: Spec, out: Path) -> None:
    """Raise EvornnError, saying what differs, if the cell's run was begun under another spec."""
    path = cell.directory(out) / run_directory.SPEC
    try:
        check_spec(path.parent)
        stored = seals.read_bytes(path)
        text = spec.text() if stored is None else stored.decode()
        then, now = tomllib.loads(text), tomllib.loads(spec.text())
    except (EvornnError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return  # damaged: the run itself will say so, and the others are fine
    found = differences(str(cell), _without_workers(then), _without_workers(now))
    if found:
        raise EvornnError(f"{path.parent} was begun under another spec: {'; '.join(found)}")


def _without_workers(tables: dict[str, Any]) -> dict[str, Any]:
    return tables | {"problem": tables.get("problem", {}) | {"workers": None}}


def _names(paths: list[Path]) -> set[str]:
    return {path.name for path in paths}
