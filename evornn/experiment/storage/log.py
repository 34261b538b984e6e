"""The log of a run: the history's lines and the fitness file, each vouched for by the other.

Missing bytes at the end of either are what a crash leaves, and the generations they belong to are evaluated again.
Bytes that are there but wrong, and an end that a later file speaks of, are damage: an error that names the file.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evornn.atomic_files import damaged
from evornn.errors import EvornnError
from evornn.experiment.storage import records as history
from evornn.experiment.storage import seals

ENVIRONMENT, HISTORY, FITNESS, RESULT = "environment.json", "history.jsonl", "fitness.f64", "result.json"
SEALED = "checksums"  # in the environment of a run whose every line has a checksum


class Log(NamedTuple):
    """The generations that are there in full; `size` and `crc`: of the lines that hold them; `lines`: complete ones,
    `values`: of fitness, that there are.
    """

    records: list[history.Record]
    size: int
    crc: int
    lines: int
    values: int

    @property
    def spare(self) -> int:
        """Fitness values that no line speaks of."""
        return self.values - sum(record.size for record in self.records)


def read_log(directory: Path) -> Log:
    """What the log of a run holds; EvornnError, naming file and place, if it is damaged."""
    data, logged = seals.read_bytes(directory / HISTORY) or b"", read_fitness(directory)
    records: list[history.Record] = []
    size = crc = end = 0
    lines = [line + b"\n" for line in data.split(b"\n")[:-1]]  # the last one, if torn, is left out
    vouched = False
    for number, line in enumerate(lines, 1):
        fits = history.sealed(line, crc)
        record = history.decode(line) if fits is not False and not (vouched and fits is None) else None
        if record is None or record.generation != number or record.size < 0:
            raise damaged(directory / HISTORY, f"line {number} is not what was written")
        vouched |= bool(fits)
        fitness = logged[end : end + record.size]
        if fitness.size != record.size:
            break
        if history.crc(fitness) != record.fitness_crc:
            raise damaged(directory / FITNESS, f"the fitness of generation {number} is not what was told")
        records.append(record)
        end += record.size
        size, crc = size + len(line), zlib.crc32(line, crc)
    if records and not vouched and _promises_checksums(directory):
        raise damaged(directory / HISTORY, f"line {len(records)} has lost its checksum")
    return Log(records, size, crc, len(lines), logged.size)


def check_end(directory: Path, log: Log) -> None:
    """Raise EvornnError if the run's result speaks of more than the log holds."""
    try:
        result = seals.read_json(directory / RESULT) or {}
    except EvornnError:  # the log does not need it
        return
    spent = log.records[-1].evaluations if log.records else 0
    if isinstance(told := result.get("evaluations"), int) and told > spent:
        raise _shorter(directory, log, f"{RESULT} speaks of {told:,} evaluations")


def check_reaches(directory: Path, log: Log, generation: int, source: str) -> None:
    """Raise EvornnError unless the log holds so many generations, which `source` speaks of."""
    if len(log.records) < generation:
        raise _shorter(directory, log, f"{source} speaks of {generation:,} generations")


def _shorter(directory: Path, log: Log, told: str) -> EvornnError:
    name = FITNESS if log.lines > len(log.records) else HISTORY
    spent = log.records[-1].evaluations if log.records else 0
    there = "holds no generation" if (directory / name).exists() else "is missing"
    if log.records:
        there = f"ends after {len(log.records):,} generations and {spent:,} evaluations"
    return damaged(directory / name, f"it {there}, but {told}")


def read_fitness(directory: Path) -> np.ndarray:
    """Every told fitness, float64 [n]; empty if there is no such file."""
    data = seals.read_bytes(directory / FITNESS) or b""
    return np.frombuffer(data[: len(data) // 8 * 8], dtype="<f8")


def _promises_checksums(directory: Path) -> bool:
    try:
        return SEALED in (seals.read_json(directory / ENVIRONMENT) or {})
    except EvornnError:
        return False
