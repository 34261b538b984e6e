"""Files written so that a crash leaves the old content or the new, never half; and plain words for a full disk."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from evornn.errors import EvornnError


class DiskError(EvornnError):
    """A disk that is full or cannot be written; `what` says so without saying how to go on."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what + remedy)
        self.what = what


@contextlib.contextmanager
def disk_errors(directory: Path) -> Iterator[None]:
    """Turn a full or unwritable disk into an error that says what happened and how to go on."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskError(
                f"the disk is full while writing to {directory}; what was written before is kept. Free some space",
                f", then: evornn resume {directory}",
            ) from error
        raise DiskError(f"cannot write to {directory}: {error.strerror or error}") from error


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, flush it to the disk, then rename it into place."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # not every file system lets a directory be synced
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def leftovers(directory: Path) -> list[Path]:
    """Half-written files that processes which were killed in `write_atomic` have left behind."""
    return list(directory.glob(".*.tmp"))


def lock(handle: int, directory: Path) -> None:
    """Refuse to go on if another living process writes to this run; the lock goes with the process that holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise EvornnError(f"{directory} is being written by another process") from error
    except OSError:  # a file system without locks
        return
