"""Reading a run's directory: what is in it, whether it is whole, and whether a run can begin there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from evornn.atomic_files import damaged, disk_errors, leftovers, resume_command
from evornn.errors import EvornnError
from evornn.experiment.storage import checkpoint, seals
from evornn.experiment.storage import records as history
from evornn.experiment.storage.best import BEST, find_best, solved_at
from evornn.experiment.storage.checkpoint import CHECKPOINT
from evornn.experiment.storage.identity import SPEC
from evornn.experiment.storage.log import ENVIRONMENT, FITNESS, HISTORY, RESULT, check_end, read_fitness, read_log

CHAMPION, VALIDATED = "champion.json", "validated.npy"
FILES = (SPEC, ENVIRONMENT, HISTORY, FITNESS, CHECKPOINT, BEST, CHAMPION, VALIDATED, RESULT)


def is_run(directory: Path) -> bool:
    """Whether a directory holds a run, be it one that was killed before its first generation."""
    try:
        return (directory / SPEC).is_file() or (directory / ENVIRONMENT).is_file()
    except OSError as error:
        raise EvornnError(f"cannot look into {directory}: {error.strerror or error}") from None


def check_is_run(directory: Path) -> None:
    """Raise unless `directory` holds a run."""
    if not is_run(directory):
        raise EvornnError(f"{directory} holds no run (neither {SPEC} nor {ENVIRONMENT} is in it)")


def read_history(directory: Path) -> list[history.Record]:
    """The records of a run whose fitness is there in full; EvornnError, naming the file, if the log is damaged."""
    check_is_run(directory)
    log = read_log(directory)
    check_end(directory, log)
    return log.records


def read_best(directory: Path) -> tuple[np.ndarray | None, int | None]:
    """The best genome of a run [D], or None if there is none yet, and which evaluation solved it, if one did.

    EvornnError, naming the file, if it cannot be told any more.
    """
    records = read_history(directory)
    best = find_best(directory, records, checkpoint.newest(directory, records))
    if not (records and records[-1].solved):
        return best, None
    return best, solved_at(records, read_fitness(directory)[-records[-1].size :])


def read_json(directory: Path, name: str) -> Any:
    """The content of a JSON file of the run, or None if there is none; EvornnError, naming it, if it is damaged."""
    return seals.read_json(directory / name)


def check_vacant(directory: Path) -> None:
    """Raise EvornnError unless a run can begin in `directory`."""
    if is_run(directory):
        raise EvornnError(
            f"{directory} already holds a run; continue it with: {resume_command(directory)}\n"
            "or choose another directory with --out"
        )
    if not os.path.lexists(directory):
        return
    with disk_errors(directory):
        there = set(directory.iterdir()) - set(leftovers(directory)) if directory.is_dir() else {directory}
        there -= {f for name in (HISTORY, FITNESS) if (f := directory / name).is_file() and not f.stat().st_size}
    if there:
        raise EvornnError(f"{directory} exists and is not an empty directory; choose another with --out")


def check_nothing_missing(directory: Path) -> None:
    """Raise EvornnError, before anything is opened, if a run that has begun has lost a file of its log."""
    later = [name for name in (CHECKPOINT, BEST, CHAMPION, VALIDATED, RESULT) if os.path.lexists(directory / name)]
    for name, other in ((HISTORY, FITNESS), (FITNESS, HISTORY)):
        found = later or ([other] if seals.read_bytes(directory / other) else [])
        if found and not os.path.lexists(directory / name):
            raise damaged(directory / name, f"it is missing, but {found[0]} is there")
