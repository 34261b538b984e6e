"""The runs of a comparison and where they are: one run directory a cell, made and resumed like any other run.

compare.toml                        what was asked for: all problems, methods and seeds there have ever been
cells/PROBLEM/METHOD/SEED/          a run (see `evornn.experiment.store`); it has result.json once it has ended
foreign/NAME.csv                    results from elsewhere (see `evornn.compare.results`)
errors/PROBLEM-METHOD-SEED.txt      the traceback of a run that broke off, until it is tried again
results.csv                         the table of all runs that have ended
"""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from evornn.compare.sections import differences
from evornn.compare.spec import Comparison, folder
from evornn.errors import EvornnError
from evornn.experiment import store
from evornn.experiment.files import disk_errors, leftovers, lock, write_atomic
from evornn.experiment.spec import Spec

COMPARE, CELLS, FOREIGN, ERRORS, RESULTS, LOCK = "compare.toml", "cells", "foreign", "errors", "results.csv", ".lock"


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

    def ended(self, out: Path) -> bool:
        """Whether its run has come to its end."""
        return (self.directory(out) / store.RESULT).exists()


def cells(comparison: Comparison, problems: list[str] | None = None, methods: list[str] | None = None) -> list[Cell]:
    """All cells, or those of some problems and methods; seed by seed, so that a part of them is a fair part."""
    return [
        Cell(problem, method, seed)
        for seed in comparison.seeds
        for problem in problems or comparison.problems
        for method in methods or comparison.methods
    ]


def stored(out: Path) -> Comparison:
    """The comparison in the directory `out`."""
    if not (out / COMPARE).is_file():
        raise EvornnError(f"{out} holds no comparison ({COMPARE} is not in it)")
    return Comparison.load(out / COMPARE)


@contextlib.contextmanager
def opened(comparison: Comparison, out: Path) -> Iterator[Comparison]:
    """The directory `out` made ready for `comparison`, and kept from other processes meanwhile.

    Gives the comparison joined with what is there; EvornnError if that is another one, or something else.
    """
    if (out / COMPARE).is_file():
        joined = comparison.joined(stored(out))
    else:
        if out.exists() and (not out.is_dir() or {p.name for p in out.iterdir()} - {LOCK, *_names(leftovers(out))}):
            raise EvornnError(f"{out} exists and holds no comparison; choose another directory with --out")
        joined = comparison
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        handle = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        lock(handle, out)
        with disk_errors(out):
            for file in leftovers(out):
                file.unlink(missing_ok=True)
            text = joined.text().encode()
            if not (out / COMPARE).exists() or (out / COMPARE).read_bytes() != text:
                write_atomic(out / COMPARE, text)
        yield joined
    finally:
        os.close(handle)


def specs(comparison: Comparison, wanted: Sequence[Cell]) -> dict[Cell, Spec]:
    """The spec of every cell's run."""
    pairs = dict.fromkeys((cell.problem, cell.method) for cell in wanted)
    checked = {pair: comparison.run_spec(*pair, seed=0) for pair in pairs}
    return {cell: msgspec.structs.replace(checked[cell.problem, cell.method], seed=cell.seed) for cell in wanted}


def check_begun(cell: Cell, spec: Spec, out: Path) -> None:
    """Raise EvornnError, saying what differs, if the cell's run was begun under another spec."""
    path = cell.directory(out) / store.SPEC
    if not path.exists() or path.read_text("utf-8") == spec.text():
        return
    then, now = tomllib.loads(path.read_text("utf-8")), tomllib.loads(spec.text())
    found = differences(str(cell), _without_workers(then), _without_workers(now))
    if found:
        raise EvornnError(f"{path.parent} was begun under another spec: {'; '.join(found)}")


def _without_workers(tables: dict[str, Any]) -> dict[str, Any]:
    return tables | {"problem": tables.get("problem", {}) | {"workers": None}}


def _names(paths: list[Path]) -> set[str]:
    return {path.name for path in paths}
