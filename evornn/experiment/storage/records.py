"""Records of generations: one line of JSON each, and one row of the history array."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from evornn.errors import EvornnError


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One generation; `evaluations`, `gradients`, `reevaluations`, `restarts`, `steps`, `tests`, `test_steps` are
    totals since the start of the run.

    `gradients`: how many of the evaluations were gradients; `reevaluations`: how many were of genomes evaluated before
    (among the last 8,192 evaluations); `restarts`: how often the search has started afresh. `generation` counts from 1;
    `size`: members evaluated in it; `best`: best fitness so far; `top`, `mean`, `median`: of this generation's fitness,
    NaN members left out; `nan`: how many those were. `seconds`: wall time of the run so far; `simulating`: of it, what
    this generation's evaluation took. `tested`: digest of the champion put to the task's test, if one was; `tests`,
    `test_steps`: such tests and their simulated steps, no part of `evaluations` and `steps`. `learned`: share of the
    training data learned by the best genome. `genomes_crc`, `fitness_crc`: CRC-32 of what was evaluated and told, for
    `resume`. NaN stands where nothing was measured.
    """

    generation: int
    evaluations: int
    steps: int
    size: int
    best: float
    top: float
    mean: float
    median: float
    nan: int
    seconds: float
    simulating: float
    solved: bool
    tested: str | None
    tests: int
    test_steps: int
    learned: float
    genomes_crc: int
    fitness_crc: int
    gradients: int = 0
    reevaluations: int = 0
    restarts: int = 0


TOTALS = ("evaluations", "steps", "tests", "test_steps", "gradients", "reevaluations", "restarts")  # of a run
_FLOATS = {f.name for f in msgspec.structs.fields(Record) if f.type is float}
_COLUMNS = [
    (f.name, {int: "i8", float: "f8", bool: "?"}[f.type]) for f in msgspec.structs.fields(Record) if f.name != "tested"
]


_SEAL = re.compile(rb',"crc32":"([0-9a-f]{8})"}\n\Z')


def encode(record: Record, before: int = 0) -> bytes:
    """The record as one line of JSON; NaN and infinities become null.

    It ends with a checksum of itself and of all lines before it, whose CRC-32 is `before`.
    """
    body = msgspec.json.encode(record)[:-1]
    return body + b',"crc32":"%08x"}\n' % zlib.crc32(body, before)


def sealed(line: bytes, before: int = 0) -> bool | None:
    """Whether a line's checksum fits, given the CRC-32 of all lines before it; None if it has none."""
    seal = _SEAL.search(line)
    return None if seal is None else int(seal[1], 16) == zlib.crc32(line[: seal.start()], before)


def decode(line: bytes) -> Record | None:
    """The record in a line of JSON, or None for a torn line; raises EvornnError for a record of another version."""
    try:
        fields = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    fields = {name: math.nan if value is None and name in _FLOATS else value for name, value in fields.items()}
    try:
        return msgspec.convert(fields, Record)
    except msgspec.ValidationError as error:
        raise EvornnError(f"this history was written by another version of evornn: {error}") from None


def as_array(records: Sequence[Record]) -> np.ndarray:
    """The records as a structured array with one row a generation and the numeric fields of `Record` as columns."""
    return np.array([tuple(getattr(r, name) for name, _ in _COLUMNS) for r in records], dtype=_COLUMNS)


def crc(array: np.ndarray) -> int:
    """CRC-32 of an array's float64 bytes."""
    return zlib.crc32(np.ascontiguousarray(array, dtype="<f8").data)


def summarise(fitness: np.ndarray) -> dict[str, Any]:
    """Top, mean and median of a generation's fitness [P], with NaN members counted and left out."""
    valid = fitness[~np.isnan(fitness)]
    if not valid.size:
        return {"top": math.nan, "mean": math.nan, "median": math.nan, "nan": fitness.size}
    return {
        "top": float(valid.max()),
        "mean": float(valid.mean()),
        "median": float(np.median(valid)),
        "nan": int(fitness.size - valid.size),
    }
