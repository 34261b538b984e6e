"""Files written so that a crash leaves the old content or the new, never half; and plain words for a full disk.

Nothing is written or deleted through a symbolic link: a file is replaced by another one, and what is appended to must
be a file itself.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import secrets
import shlex
import socket
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from evornn.errors import EvornnError

_TEMPORARY = re.compile(r"\.([0-9a-f]{8})-([0-9]+)-[0-9a-f]+\.evornn-tmp")  # host, process, anything
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


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
                f", then: {resume_command(directory)}",
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise EvornnError(
                f"cannot write to {directory}: the name is too long; choose another with --out"
            ) from error
        raise DiskError(f"cannot write to {directory}: {error.strerror or error}") from error


def resume_command(directory: Path) -> str:
    """The command that continues the run in a directory, as a shell takes it."""
    return shlex.join(["evornn", "resume", str(directory)])


def damaged(path: Path, what: str) -> EvornnError:
    """An error that names a damaged file of a run and says what can be done."""
    return EvornnError(f"{path} is damaged: {what}. Nothing was changed; restore it from a copy, or start a new run")


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, flush it to the disk, then rename it into place."""
    temporary = path.with_name(f".{_host()}-{os.getpid()}-{secrets.token_hex(6)}.evornn-tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o666)  # never another's
    try:
        with os.fdopen(handle, "wb") as file:
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
    """Half-written files that processes which were killed in `write_atomic` have left behind.

    Files of any other name are somebody else's, and those of a process that lives, or is on another machine, may still
    be wanted.
    """
    return [file for file in directory.glob(".*.evornn-tmp") if _abandoned(file)]


def _abandoned(file: Path) -> bool:
    made = _TEMPORARY.fullmatch(file.name)
    if made is None or file.is_symlink() or not file.is_file() or made[1] != _host():
        return False
    return not _lives(int(made[2]))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    try:  # killed, but nobody has asked yet how it ended
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (OSError, IndexError):
        return True


def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def open_own(path: Path) -> tuple[io.FileIO, bool]:
    """A file opened for appending, unbuffered, and whether this made it; EvornnError if it is a link or no file."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _NO_FOLLOW
    check_file(path, own=True)
    try:
        return io.FileIO(os.open(path, flags | os.O_EXCL, 0o666), "ab"), True
    except FileExistsError:
        return io.FileIO(os.open(path, flags, 0o666), "ab"), False


def check_file(path: Path, own: bool = False) -> None:
    """Raise EvornnError if there is something at `path` that is no file; `own`: a link to one is none either."""
    if own and path.is_symlink():
        raise EvornnError(
            f"{path} is a symbolic link; a run writes to files of its own only. Put the file itself there"
        )
    if os.path.lexists(path) and not path.is_file():
        raise EvornnError(f"{path} is not a file; move it away, or restore the file from a copy")


def lock(handle: int, directory: Path) -> bool:
    """Refuse to go on if another living process writes to this run; the lock goes with the process that holds it.

    Gives False where the file system knows no locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise EvornnError(f"{directory} is being written by another process") from error
    except OSError:
        return False
    return True


@contextlib.contextmanager
def new_directory(candidates: Iterable[Path]) -> Iterator[Path]:
    """The first of these directories that could be made: two processes never get the same. If nothing was put into it,
    it is removed at the end, and the folders that were made for it.
    """
    made: list[Path] = []
    try:
        for directory in candidates:
            with disk_errors(directory):
                missing = [p for p in directory.parents if not p.exists()]
                directory.parent.mkdir(parents=True, exist_ok=True)
                made += [p for p in missing if p not in made]
                try:
                    directory.mkdir()
                except FileExistsError:
                    continue
            made.insert(0, directory)
            yield directory
            return
    finally:
        with contextlib.suppress(OSError):  # not empty
            for directory in made:
                directory.rmdir()
