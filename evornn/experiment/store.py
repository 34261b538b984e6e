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
last line is dropped.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np

from evornn.errors import EvornnError
from evornn.experiment import checkpoint, history
from evornn.experiment.files import disk_errors, leftovers, lock, write_atomic

SPEC, ENVIRONMENT, HISTORY, FITNESS = "spec.toml", "environment.json", "history.jsonl", "fitness.f64"
CHECKPOINT, BEST, CHAMPION, RESULT = "checkpoint.bin", "best.npy", "champion.json", "result.json"
VALIDATED = "validated.npy"


def is_run(directory: Path) -> bool:
    """Whether a directory holds a run, be it one that was killed before its first generation."""
    return (directory / SPEC).is_file() or (directory / ENVIRONMENT).is_file()


def check_is_run(directory: Path) -> None:
    """Raise unless `directory` holds a run."""
    if not is_run(directory):
        raise EvornnError(f"{directory} holds no run (neither {SPEC} nor {ENVIRONMENT} is in it)")


def read_history(directory: Path) -> list[history.Record]:
    """The valid records of a run: up to the first torn line, or the first whose fitness is missing or altered."""
    check_is_run(directory)
    if not (directory / HISTORY).exists() or not (directory / FITNESS).exists():
        return []
    logged = np.fromfile(directory / FITNESS, dtype="<f8")
    records: list[history.Record] = []
    end = 0
    for line in _lines(directory):
        record = history.decode(line) if line.endswith(b"\n") else None
        if record is None or record.generation != len(records) + 1:
            break
        fitness = logged[end : end + record.size]
        if fitness.size != record.size or history.crc(fitness) != record.fitness_crc:
            break
        records.append(record)
        end += record.size
    return records


def _lines(directory: Path) -> list[bytes]:
    return (directory / HISTORY).read_bytes().splitlines(keepends=True)


def read_json(directory: Path, name: str) -> Any:
    """The content of a JSON file of the run, or None if there is none."""
    path = directory / name
    return msgspec.json.decode(path.read_bytes()) if path.exists() else None


class Store:
    """Writes a run directory. Make one with `create` or `reopen`; use it as a context manager, or `close` it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        with disk_errors(directory):
            self._history = (directory / HISTORY).open("ab", buffering=0)
            lock(self._history.fileno(), directory)
            for file in leftovers(directory):
                file.unlink(missing_ok=True)
            self._fitness = (directory / FITNESS).open("ab", buffering=0)
            self.records = read_history(directory)
            self._drop_torn_ends()

    @classmethod
    def create(cls, directory: Path, environment: dict[str, Any], spec: str | None = None) -> Self:
        """Start a run in a new or empty directory."""
        if is_run(directory):
            raise EvornnError(
                f"{directory} already holds a run; continue it with: evornn resume {directory}\n"
                "or choose another directory with --out"
            )
        if directory.exists() and (not directory.is_dir() or set(directory.iterdir()) - set(leftovers(directory))):
            raise EvornnError(f"{directory} exists and is not an empty directory; choose another with --out")
        with disk_errors(directory):
            directory.mkdir(parents=True, exist_ok=True)
            if spec is not None:
                write_atomic(directory / SPEC, spec.encode())
            write_atomic(directory / ENVIRONMENT, msgspec.json.format(msgspec.json.encode(environment)) + b"\n")
        return cls(directory)

    @classmethod
    def reopen(cls, directory: Path, environment: dict[str, Any], spec: str | None = None) -> Self:
        """Continue the run in `directory`; the environment is added to those that worked on it, the spec replaced."""
        check_is_run(directory)
        store = cls(directory)
        known = read_json(directory, ENVIRONMENT)  # None: killed before it was written
        again = known and known | {"resumed": [*known.get("resumed", []), environment]}
        store.write_json(ENVIRONMENT, again or environment)
        if spec is not None:
            with disk_errors(directory):
                write_atomic(directory / SPEC, spec.encode())
        return store

    def _drop_torn_ends(self) -> None:
        self._history.truncate(sum(map(len, _lines(self.directory)[: len(self.records)])))
        self._fitness.truncate(8 * sum(r.size for r in self.records))

    def append(self, record: history.Record, fitness: np.ndarray) -> None:
        """Add a generation: its fitness first, then the line that vouches for it."""
        with disk_errors(self.directory):
            _write_all(self._fitness, np.ascontiguousarray(fitness, dtype="<f8").tobytes())
            _write_all(self._history, history.encode(record))
        self.records.append(record)

    def fitness(self, start: int) -> list[np.ndarray]:
        """The logged fitness of each generation after the first `start`."""
        skip = sum(r.size for r in self.records[:start])
        logged = np.fromfile(self.directory / FITNESS, dtype="<f8", offset=8 * skip)
        return np.split(logged, np.cumsum([r.size for r in self.records[start:]])[:-1]) if logged.size else []

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Store a state ("search" and more) after the last appended generation, once all before it is on the disk."""
        data = checkpoint.pack({"generation": len(self.records), **state})
        with disk_errors(self.directory):
            os.fsync(self._fitness.fileno())
            os.fsync(self._history.fileno())
            write_atomic(self.directory / CHECKPOINT, data)

    def load_checkpoint(self) -> tuple[int, dict[str, Any] | None]:
        """(generation, state) of the newest valid checkpoint; (0, None) without one: replay from the start."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            saved = checkpoint.unpack((self.directory / CHECKPOINT).read_bytes())
            if saved["generation"] <= len(self.records) and "search" in saved:
                return saved["generation"], saved
        return 0, None

    def write_json(self, name: str, content: Any) -> None:
        """Write a small JSON file of the run, whole or not at all."""
        with disk_errors(self.directory):
            write_atomic(
                self.directory / name, msgspec.json.format(msgspec.json.encode(content, enc_hook=_plain)) + b"\n"
            )

    def save_best(self, genome: np.ndarray, name: str = BEST) -> None:
        """Write the best genome, float64 [D]."""
        buffer = io.BytesIO()
        np.save(buffer, np.asarray(genome, dtype=np.float64))
        with disk_errors(self.directory):
            write_atomic(self.directory / name, buffer.getvalue())

    def load_best(self) -> np.ndarray:
        """The stored best genome."""
        return np.load(self.directory / BEST, allow_pickle=False)

    def close(self) -> None:
        """Let go of the files; another process may then continue the run."""
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


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be stored")
