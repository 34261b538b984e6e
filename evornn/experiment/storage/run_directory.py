"""A run's directory: everything needed to read a run, to judge it, and to continue it after a crash.

    spec.toml         what was asked for (runs started from a spec)
    environment.json  versions, processor, commit, command line
    history.jsonl     one line a generation, appended
    fitness.f64       every told fitness, float64 little-endian, appended; line k of the history covers the next `size`
    checkpoint.bin    the search's state now and then, so that a resume need not replay from the start
    best.npy          the best genome so far; the champion that solved the task, once there is one
    champion.json     what the champion's test in float64 found
    validated.npy     the best genome of those validated, where that was asked for
    result.json       how the run ended

Appends are handed to the system each generation, so a killed process loses at most the generation in the making; a torn
last line is dropped. Every file vouches for itself (see `log`, `seals`, `checkpoint`), environment.json for spec.toml:
a damaged one is an error that names it, or is made anew from the log. Runs made before there were checksums can be read
and continued.
"""

from __future__ import annotations

import io
import os
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np

from evornn.atomic_files import check_file, disk_errors, leftovers, lock, open_own, write_atomic
from evornn.errors import EvornnError, EvornnWarning
from evornn.experiment.storage import checkpoint, identity, records, seals
from evornn.experiment.storage.best import BEST as BEST
from evornn.experiment.storage.best import find_best, solved_at
from evornn.experiment.storage.checkpoint import CHECKPOINT as CHECKPOINT
from evornn.experiment.storage.environment import text_digest
from evornn.experiment.storage.identity import SPEC as SPEC
from evornn.experiment.storage.log import ENVIRONMENT as ENVIRONMENT
from evornn.experiment.storage.log import FITNESS as FITNESS
from evornn.experiment.storage.log import HISTORY as HISTORY
from evornn.experiment.storage.log import RESULT as RESULT
from evornn.experiment.storage.log import SEALED, check_end, check_reaches, read_fitness, read_log
from evornn.experiment.storage.reading import CHAMPION as CHAMPION
from evornn.experiment.storage.reading import FILES, check_nothing_missing, check_vacant
from evornn.experiment.storage.reading import VALIDATED as VALIDATED
from evornn.experiment.storage.reading import check_is_run as check_is_run
from evornn.experiment.storage.reading import is_run as is_run
from evornn.experiment.storage.reading import read_best as read_best
from evornn.experiment.storage.reading import read_history as read_history
from evornn.experiment.storage.reading import read_json as read_json


class Store:
    """Writes a run directory. Make one with `create` or `reopen`; use it as a context manager, or `close` it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._fitness: io.FileIO | None = None
        with disk_errors(directory):
            for name in FILES:
                check_file(directory / name)
            check_file(directory / FITNESS, own=True)
            self._history, self.made = open_own(directory / HISTORY)
        try:
            self.locked = lock(self._history.fileno(), directory)
            self._read()
        except BaseException:
            self._history.close()
            raise

    def _read(self) -> None:
        """Read what is there and check that it is whole."""
        self._log = log = read_log(self.directory)
        check_end(self.directory, log)
        self._saved = checkpoint.newest(self.directory, log.records)
        if self._saved is not None:
            check_reaches(self.directory, log, self._saved["generation"], CHECKPOINT)
        elif log.lines and not log.records:
            check_reaches(self.directory, log, 1, HISTORY)
        elif any((self.directory / name).exists() for name in (BEST, RESULT, CHAMPION)):
            check_reaches(self.directory, log, 1, "another file")
        if log.lines > len(log.records):
            later = f"generation {len(log.records) + 1:,} and later ones"
            self._warn(f"{FITNESS} ends early, as after a power cut: {later} are evaluated again")
        self.records, self._crc = log.records, log.crc

    def _begin(self) -> None:
        """Drop what a crash has torn, and be ready to append."""
        with disk_errors(self.directory):
            for file in leftovers(self.directory):
                file.unlink(missing_ok=True)
            self._fitness, _ = open_own(self.directory / FITNESS)
            self._history.truncate(self._log.size)
            self._fitness.truncate(8 * (self._log.values - self._log.spare))

    @property
    def spare(self) -> int:
        """Fitness values that were there when it was opened, and that no line of the history spoke of."""
        return self._log.spare

    @classmethod
    def create(cls, directory: Path, environment: dict[str, Any], spec: str | None = None) -> Self:
        """Start a run in a new or empty directory. Of several processes that try, one gets it, before it writes."""
        check_vacant(directory)
        with disk_errors(directory):
            directory.mkdir(parents=True, exist_ok=True)
        store = cls(directory)
        try:
            if not store.made and not store.locked:
                raise EvornnError(
                    f"{directory} is being written by another process; choose another directory with --out"
                )
            check_vacant(directory)  # the process that was first may have ended meanwhile
            store._begin()
            known = {**environment, SEALED: 1} | ({} if spec is None else {"spec": text_digest(spec)})
            with disk_errors(directory):
                if spec is not None:
                    write_atomic(directory / SPEC, spec.encode())
                write_atomic(directory / ENVIRONMENT, seals.json_bytes(known))
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def reopen(
        cls,
        directory: Path,
        environment: dict[str, Any],
        spec: str | None = None,
        check: Callable[[Store], None] = lambda store: None,
    ) -> Self:
        """Continue the run in `directory`; the environment is added to those that worked on it, the spec replaced.

        `check` may refuse what is there, by an EvornnError, before anything is changed.
        EvornnError if it was begun with another problem, search, data or spec; a warning if with other versions.
        """
        check_is_run(directory)
        check_nothing_missing(directory)
        known = identity.begun_with(directory)
        identity.check_spec(directory)
        identity.check_same(directory, known, environment, spec is not None)
        store = cls(directory)
        try:
            check(store)
            store._begin()
            now = environment | ({} if spec is None else {"spec": text_digest(spec)})
            if not known and store.records:
                store._warn(f"{ENVIRONMENT} is missing: whether {SPEC} was changed cannot be told")
            if not store.records:
                now = {**now, SEALED: 1}
            stored = seals.read_bytes(directory / SPEC)
            store.write_json(ENVIRONMENT, identity.joined(directory, known, now, stored))
            if spec is not None:
                with disk_errors(directory):
                    write_atomic(directory / SPEC, spec.encode())
        except BaseException:
            store.close()
            raise
        return store

    def _warn(self, what: str) -> None:
        warnings.warn(f"{self.directory}: {what}", EvornnWarning, stacklevel=3)

    def append(self, record: records.Record, fitness: np.ndarray) -> None:
        """Add a generation: its fitness first, then the line that vouches for it."""
        assert self._fitness is not None
        line = records.encode(record, self._crc)
        with disk_errors(self.directory):
            _write_all(self._fitness, np.ascontiguousarray(fitness, dtype="<f8").tobytes())
            _write_all(self._history, line)
        self._crc = zlib.crc32(line, self._crc)
        self.records.append(record)

    def fitness(self, start: int) -> list[np.ndarray]:
        """The logged fitness of each generation after the first `start`."""
        skip = sum(r.size for r in self.records[:start])
        logged = read_fitness(self.directory)[skip:]
        return np.split(logged, np.cumsum([r.size for r in self.records[start:]])[:-1]) if logged.size else []

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Store a state ("search" and more) after the last appended generation, once all before it is on the disk."""
        assert self._fitness is not None
        data = checkpoint.pack(checkpoint.place(self.records) | state)
        with disk_errors(self.directory):
            os.fsync(self._fitness.fileno())
            os.fsync(self._history.fileno())
            write_atomic(self.directory / CHECKPOINT, data)

    def load_checkpoint(self) -> tuple[int, dict[str, Any] | None]:
        """(generation, state) of the newest valid checkpoint; (0, None) without one: replay from the start."""
        saved, self._saved = self._saved, None
        return (0, None) if saved is None else (saved["generation"], saved)

    def write_json(self, name: str, content: Any) -> None:
        """Write a small JSON file of the run, whole or not at all."""
        with disk_errors(self.directory):
            write_atomic(self.directory / name, seals.json_bytes(content))

    def save_best(self, genome: np.ndarray, name: str = BEST) -> None:
        """Write the best genome, float64 [D]."""
        with disk_errors(self.directory):
            write_atomic(self.directory / name, seals.array_bytes(genome))

    def champion(self, state: dict[str, Any]) -> tuple[np.ndarray, int]:
        """The champion that solved the run, and the evaluation that found it; `state`: of its search."""
        genome = find_best(self.directory, self.records, {"search": state})
        assert genome is not None
        return genome, solved_at(self.records, self.fitness(len(self.records) - 1)[0])

    def close(self) -> None:
        """Let go of the files; another process may then continue the run."""
        if self._fitness is not None:
            self._fitness.close()
        self._history.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _write_all(file: io.FileIO, data: bytes) -> None:
    """Unbuffered files may take less than they are given when the disk fills up."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
