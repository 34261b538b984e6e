"""What can befall a file: eight kinds of damage for tests of directories that must survive all of them.

`damage(path, kind, seed)` does one of `KINDS` to a file in place. It returns what must still be there afterwards: the
file behind a symlink, which nothing may write to or delete, or None.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path


def _empty(path: Path, rng: random.Random) -> None:
    path.write_bytes(b"")


def _truncated(path: Path, rng: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(len(data))])


def _altered(path: Path, rng: random.Random) -> None:
    """One byte is another one; in text, a digit becomes another digit: what no parser notices."""
    data = bytearray(path.read_bytes())
    digits = [i for i, byte in enumerate(data) if byte in b"0123456789"] if _is_text(data) else []
    at = rng.choice(digits) if digits else rng.randrange(len(data))
    data[at] = ord("0") + (data[at] - ord("0") + rng.randrange(1, 10)) % 10 if digits else data[at] ^ 0x55
    path.write_bytes(bytes(data))


def _random(path: Path, rng: random.Random) -> None:
    path.write_bytes(rng.randbytes(max(64, path.stat().st_size)))


def _missing(path: Path, rng: random.Random) -> None:
    path.unlink()


def _directory(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()
    (path / "kept.txt").write_text("somebody's")


def _nested(path: Path, rng: random.Random) -> None:
    """Brackets 100,000 deep: well-formed, and too much for a parser that recurses."""
    path.write_bytes(b"[" * 100_000 + b"]" * 100_000 + b"\n")


def _symlink(path: Path, rng: random.Random) -> Path:
    """The file lies elsewhere and is linked to."""
    elsewhere = path.parent.parent / f"elsewhere-{path.parent.name}-{path.name}"
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)
    return elsewhere


KINDS: dict[str, Callable[[Path, random.Random], Path | None]] = {
    "empty": _empty,
    "truncated": _truncated,
    "altered": _altered,
    "random": _random,
    "missing": _missing,
    "directory": _directory,
    "nested": _nested,
    "symlink": _symlink,
}


def damage(path: Path, kind: str, seed: int = 0) -> Path | None:
    """Do one of `KINDS` to the file; gives the file that a symlink now points to, else None."""
    return KINDS[kind](path, random.Random(seed))


def _is_text(data: bytearray) -> bool:
    return all(byte >= 32 or byte in b"\t\n\r" for byte in data) and max(data, default=0) < 128
