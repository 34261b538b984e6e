"""A search's state as one file: a checksum, a line of JSON for the structure, then the raw bytes of its arrays.

Pickle is avoided on purpose: a run directory is something people pass on to each other.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.errors import EvornnError
from evornn.experiment.storage import seals

if TYPE_CHECKING:
    from evornn.experiment.storage.records import Record

CHECKPOINT = "checkpoint.bin"
_MAGIC = b"evornn-checkpoint-1 "


def pack(state: object) -> bytes:
    """Bytes of a structure of plain values: None, bool, int of any size, float, str, bytes, list, tuple, dict, arrays.

    Dicts have str keys. Tuples come back as lists, NumPy scalars as Python's. Raises TypeError, naming the place, for
    anything else.
    """
    blobs: list[bytes] = []
    head = json.dumps(_strip(state, blobs, "state")).encode() + b"\n"
    body = head + b"".join(blobs)
    return _MAGIC + b"%08x\n" % zlib.crc32(body) + body


def unpack(data: bytes) -> Any:
    """The structure that `pack` wrote; raises ValueError if the bytes are not whole."""
    start = len(_MAGIC) + 9
    body = data[start:]
    if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : start] != b"%08x\n" % zlib.crc32(body):
        raise ValueError("the checkpoint is damaged")
    head, _, blob = body.partition(b"\n")
    return _fill(json.loads(head), memoryview(blob))


def place(records: Sequence[Record]) -> dict[str, Any]:
    """Where in a run with these records a state is: what `newest` knows it by."""
    return {"generation": len(records), "after": _last_told(records, len(records))}


def newest(directory: Path, records: Sequence[Record]) -> dict[str, Any] | None:
    """The state that `pack` wrote of a run with these records and its `place`; None if there is none, if it is damaged
    or of another run: the log tells all that it does.
    """
    try:
        saved = unpack(seals.read_bytes(directory / CHECKPOINT) or b"")
        generation = saved["generation"]
    except (EvornnError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(generation, int) or not isinstance(saved.get("search"), dict):
        return None
    if generation <= len(records) and saved.get("after", _last_told(records, generation)) != _last_told(
        records, generation
    ):
        return None
    return saved


def _last_told(records: Sequence[Record], generation: int) -> list[int]:
    """Checksums of the genomes and the fitness of a generation; empty before the first."""
    return [records[generation - 1].genomes_crc, records[generation - 1].fitness_crc] if generation else []


def _strip(value: object, blobs: list[bytes], where: str) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_strip(v, blobs, f"{where}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        return {"dict": {k: _strip(v, blobs, f"{where}[{k!r}]") for k, v in value.items()}}
    offset = sum(map(len, blobs))
    if isinstance(value, bytes):
        blobs.append(value)
        return {"bytes": [offset, len(value)]}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        value = value.astype(value.dtype.newbyteorder("<"), order="C", copy=False)
        blobs.append(value.tobytes())
        return {"array": [offset, len(blobs[-1]), value.dtype.str, value.shape]}
    raise TypeError(
        f"{where} is a {type(value).__name__}; a search's state may hold numbers, text, lists, dicts, bytes and arrays"
    )


def _fill(value: object, blob: memoryview) -> Any:
    if isinstance(value, list):
        return [_fill(v, blob) for v in value]
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {k: _fill(v, blob) for k, v in value["dict"].items()}
    if "bytes" in value:
        offset, size = value["bytes"]
        return bytes(blob[offset : offset + size])
    offset, size, dtype, shape = value["array"]
    return np.frombuffer(blob[offset : offset + size], dtype=dtype).reshape(shape).copy()
