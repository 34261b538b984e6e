"""The folder where compiled kernels are kept, one file each. Nothing that is wrong with it ever stops a start.

Entries are pickles, which are code: the folder and every file must be this user's own, and not for others to write. A
checksum finds those that are cut off or damaged. What cannot be read or written is compiled and kept in memory, and
said once. Files are written aside and renamed, so that several processes may write the same entry, and any of them may
be killed. The files used least recently go first when there are more bytes than `limit`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
import time
from pathlib import Path

from evornn.errors import EvornnError

MEGABYTES = 512.0  # unless EVORNN_CACHE_MB says otherwise
MAGIC = b"evornn kernel 1\n"
STALE = 3600.0  # seconds after which nobody is still writing a temporary file
OURS = ("evornn_kernel_*", ".evornn_kernel_*.tmp", "__pycache__/evornn_kernel_*")  # the last: of versions before
_said: list[str] = []


def say_once(problem: str) -> None:
    """One line on standard error, the first time that there is something to say."""
    if not _said:
        _said.append(problem)
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none
            sys.stderr.write(f"evornn: kernel cache: {problem}\n")


def cache_folder() -> Path:
    """Where kernels are kept: the folder that is asked for, or where that is refused, the user's own."""
    asked, own = asked_folder(), _own_folder()
    return own if refusal(asked) and not refusal(own) else asked


def asked_folder() -> Path:
    """EVORNN_CACHE, or the user's cache folder."""
    asked = os.environ.get("EVORNN_CACHE", "").strip()
    if not asked:
        return _own_folder()
    return Path(os.path.abspath(os.path.expanduser(asked)))  # noqa: PTH100, PTH111 - pathlib's raises without HOME


def _own_folder() -> Path:
    import platformdirs

    given = Path(platformdirs.user_cache_dir("evornn")) / "kernels"
    return given if given.is_absolute() else Path(tempfile.gettempdir()) / f"evornn-{_user()}" / "kernels"


def limit() -> int:
    """Bytes that the cache may take: EVORNN_CACHE_MB megabytes, 512 unless told; 0 keeps nothing."""
    given = os.environ.get("EVORNN_CACHE_MB", "").strip()
    try:
        megabytes = float(given) if given else MEGABYTES
        return int(1e6 * megabytes) if megabytes >= 0 else int("a negative limit")
    except (ValueError, OverflowError):
        say_once(f"EVORNN_CACHE_MB is {given!r}, which is no number of megabytes from 0; the limit is {MEGABYTES:g}")
        return int(1e6 * MEGABYTES)


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def refusal(folder: Path) -> str:
    """Why a folder is not used; "" if it is, or can be made."""
    try:
        found = folder.stat()  # where a link leads
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return f"{folder} cannot be looked at ({_reason(error)})"
    if not stat.S_ISDIR(found.st_mode):
        return f"{folder} is no folder"
    return f"{folder} {why}" if (why := _others(found)) else ""


def _others(found: os.stat_result) -> str:
    """How others could have written it."""
    if not hasattr(os, "getuid"):
        return ""
    if found.st_uid != _user():
        return f"belongs to another user ({found.st_uid})"
    return "may be written by others (chmod go-w makes it safe)" if found.st_mode & 0o022 else ""


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _usable() -> Path | None:
    """The folder in use, None where there is none; says so where it is not the one asked for."""
    folder = cache_folder()
    if why := refusal(asked_folder()):
        say_once(f"{why}; not used, {'compiled kernels stay in memory' if refusal(folder) else f'{folder} is instead'}")
    return None if refusal(folder) else folder


# entries --------------------------------------------------------------------------------------------------------------
def read(name: str) -> bytes | None:
    """The entry of that name, None where there is none that can be trusted and used."""
    folder = _usable()
    if folder is None:
        return None
    path = folder / name
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        say_once(f"{path} cannot be read ({_reason(error)})")
        return None
    try:
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or (why := _others(found)):
                say_once(f"{path} {why if stat.S_ISREG(found.st_mode) else 'is no file'}; not used")
                return None
            whole = file.read()
    except (OSError, MemoryError) as error:
        say_once(f"{path} cannot be read ({_reason(error)})")
        return None
    head = len(MAGIC)
    if whole[:head] != MAGIC or hashlib.sha256(whole[head + 32 :]).digest() != whole[head : head + 32]:
        forget(name)  # damaged: it is compiled and written again
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used just now
    return whole[head + 32 :]


def write(name: str, content: bytes) -> None:
    """Keep an entry, if that can be done."""
    folder, whole = _usable(), MAGIC + hashlib.sha256(content).digest() + content
    if folder is None or len(whole) > limit():
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}-", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(whole)
            Path(temporary).replace(folder / name)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
        evict(limit())
    except (OSError, ValueError) as error:
        say_once(f"{folder} cannot be written ({_reason(error)}); compiled kernels stay in memory")


def forget(name: str) -> None:
    """Remove an entry, if that can be done."""
    with contextlib.suppress(OSError, ValueError):
        (cache_folder() / name).unlink()


# all of them ----------------------------------------------------------------------------------------------------------
def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """This library's files, the least recently used first."""
    found = []
    for pattern in OURS:
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):
                found.append((path, path.lstat()))
    return sorted(found, key=lambda one: one[1].st_mtime)


def evict(most: int) -> None:
    """Remove temporary files that nobody writes any more, and, of more than `most` bytes, what was used longest ago
    until a tenth is free.
    """
    files = _files(cache_folder())
    held, free = sum(found.st_size for _, found in files), False
    for path, found in files:
        abandoned = path.suffix == ".tmp" and time.time() - found.st_mtime > STALE
        free = free or held > most
        if abandoned or (free and held > 0.9 * most):
            with contextlib.suppress(OSError):
                path.unlink()
                held -= found.st_size


def contents() -> dict[str, int]:
    """Number of kernels in the cache and bytes used."""
    files = _files(cache_folder())
    return {"kernels": sum(p.suffix == ".kernel" for p, _ in files), "bytes": sum(f.st_size for _, f in files)}


def clear() -> int:
    """Remove every cached kernel; returns how many. Only this library's files are touched."""
    removed = 0
    for file, _ in _files(cache_folder()):
        try:
            file.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise EvornnError(f"cannot remove {file}: {error}") from error
        removed += file.suffix == ".kernel"
    return removed
