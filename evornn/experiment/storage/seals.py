"""Small files that vouch for themselves: whole or damaged, but never silently wrong.

A JSON file ends with the CRC-32 of its content (of the values, not of how they are laid out); an array in NumPy's
format is followed by that of its bytes, which NumPy does not look at. Files without are older than these checksums.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from evornn.atomic_files import check_file, damaged

CRC = "crc32"
_TAIL = re.compile(rb"\ncrc32 ([0-9a-f]{8})\n\Z")


def json_bytes(content: Mapping[str, object]) -> bytes:
    """A JSON object with its checksum, laid out for people."""
    plain = msgspec.json.decode(msgspec.json.encode(_printable(content), enc_hook=_plain))
    return msgspec.json.format(msgspec.json.encode(plain | {CRC: _sum_of(plain)})) + b"\n"


def read_json(path: Path) -> Any:
    """What `json_bytes` was given, or None if there is no such file; EvornnError, naming it, if it is damaged."""
    data = read_bytes(path)
    if data is None:
        return None
    try:
        content = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(path, f"it is not the JSON that was written ({error})") from None
    if CRC in content and content.pop(CRC) != _sum_of(content):
        raise damaged(path, "its checksum does not fit")
    return content


def array_bytes(array: np.ndarray) -> bytes:
    """A .npy file, followed by its checksum."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array, dtype=np.float64))
    return buffer.getvalue() + b"\ncrc32 %08x\n" % zlib.crc32(buffer.getvalue())


def read_array(path: Path) -> np.ndarray | None:
    """What `array_bytes` was given, or None if there is no such file; EvornnError, naming it, if it is damaged."""
    data = read_bytes(path)
    if data is None:
        return None
    tail = _TAIL.search(data)
    body = data[: tail.start()] if tail else data
    if tail and int(tail[1], 16) != zlib.crc32(body):
        raise damaged(path, "its checksum does not fit")
    buffer = io.BytesIO(body)
    try:
        array = np.lib.format.read_array(buffer, allow_pickle=False)
    except Exception as error:  # whatever NumPy meets in a damaged file
        raise damaged(path, f"it is not the array that was written ({error})") from None
    if buffer.tell() != len(body) or array.dtype != np.float64 or array.ndim != 1:
        raise damaged(path, "it is not the array that was written")
    return array


def read_bytes(path: Path) -> bytes | None:
    """The content of a file, or None if there is none; EvornnError, naming it, if it cannot be read."""
    check_file(path)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror or error})") from None


def _sum_of(content: Mapping[str, object]) -> str:
    return f"{zlib.crc32(msgspec.json.encode(content)):08x}"


def _printable(value: object) -> Any:
    """Text that is no Unicode (names of files may be any bytes) as near to it as possible."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(item) for item in value]
    return value


def _plain(value: object) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be stored")
