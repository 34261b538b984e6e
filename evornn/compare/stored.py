"""Runs of a comparison read back: their rows and curves, from files that have been checked to be what was written.

A run whose files are damaged is left out of the results, by name and with the reason; it spoils no other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from evornn.atomic_files import damaged
from evornn.compare.cells import Cell
from evornn.compare.table import Row
from evornn.errors import EvornnError
from evornn.experiment.storage import run_directory
from evornn.experiment.storage.identity import check_spec
from evornn.experiment.storage.log import read_fitness
from evornn.experiment.storage.records import TOTALS, Record

Curve = tuple[np.ndarray, np.ndarray]


class Ended(NamedTuple):
    """A run that has ended: its row, its curve (see `curve`), and what it says that it was made with."""

    row: Row
    curve: Curve
    environment: dict[str, Any]


def read(cell: Cell, out: Path) -> Ended | None:
    """The run of a cell, or None if it has not ended. Raises EvornnError, naming the file, if one is damaged."""
    directory = cell.directory(out)
    found = run_directory.read_json(directory, run_directory.RESULT)
    if found is None:
        return None
    check_spec(directory)
    champion, environment = (
        run_directory.read_json(directory, name) for name in (run_directory.CHAMPION, run_directory.ENVIRONMENT)
    )
    lost = {
        run_directory.CHAMPION: bool(found.get("solved")) and champion is None,
        run_directory.ENVIRONMENT: environment is None,
    }
    for name in lost:
        if lost[name]:
            raise damaged(directory / name, "it is missing")
    records = run_directory.read_history(directory)
    if (spent := found.get("evaluations")) != (records[-1].evaluations if records else 0):
        raise damaged(
            directory / run_directory.HISTORY, f"it ends elsewhere than the run, which says {spent} evaluations"
        )
    try:
        row = _row(cell, found, champion is not None)
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(directory / run_directory.RESULT, f"it does not say all of how the run ended ({error})") from None
    return Ended(row, curve(directory, records), environment)


def read_all(cells: list[Cell], out: Path) -> tuple[dict[Cell, Ended], dict[Cell, str]]:
    """The cells whose runs have ended, and those that cannot be read, with the reason."""
    ended: dict[Cell, Ended] = {}
    spoiled: dict[Cell, str] = {}
    for cell in cells:
        try:
            found = read(cell, out)
        except EvornnError as error:
            spoiled[cell] = str(error)
        else:
            if found is not None:
                ended[cell] = found
    return ended, spoiled


def curve(directory: Path, records: list[Record]) -> Curve:
    """(evaluations [k], best [k]) of a stored run: its best fitness at every evaluation that raised it."""
    sizes = [record.size for record in records]
    fitness = read_fitness(directory)[: sum(sizes)]
    provisional = np.repeat([record.top > record.best for record in records], sizes)  # on some of the episodes only
    values = np.where(np.isnan(fitness) | provisional.astype(bool), -np.inf, fitness)
    best = np.maximum.accumulate(values)
    raised = best > np.concatenate(([-np.inf], best[:-1])) if values.size else np.empty(0, bool)
    return np.flatnonzero(raised) + 1, best[raised]


def _row(cell: Cell, found: dict[str, Any], verified: bool) -> Row:
    return Row(
        **cell._asdict(),
        **{name: found[name] for name in ("solved", "stopped_by", "seconds", *TOTALS)},
        solved_at=found["best_evaluation"] if found["solved"] else None,
        best=found["best_fitness"],
        validation=found.get("validated", {}).get("validation"),
        test=found.get("validated", {}).get("test"),
        verified=found["solved"] and verified,
    )
