"""Standard output and errors that never stop a run: closed pipes, full disks, terminals without the letters.

`evornn run S | head -1` goes on to its end in silence, as do the other long commands; what only tells something ends
there with exit code 141, which a shell gives to a program that a closed pipe has ended. Letters that a terminal does
not have become "?".
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

CLOSED_PIPE = 141  # 128 + SIGPIPE


class Outlet(io.FileIO):
    """A standard stream. `error` is what the first failed write met; nothing is written after it.

    `goes_on`: whether a failed write is kept quiet.
    """

    goes_on = False
    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write, or do nothing if that cannot be done any more."""
        if self.error is None:
            try:
                return super().write(data)
            except OSError as error:
                self.error = error
                if not self.goes_on:
                    raise
        return memoryview(data).nbytes


def install() -> list[Outlet]:
    """Put outlets in place of standard output and errors; a stream that is closed leads nowhere."""
    _open_closed()
    outlets = []
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        old = getattr(sys, name)
        outlet = Outlet(descriptor, "wb", closefd=False)
        stream = io.TextIOWrapper(
            io.BufferedWriter(outlet),
            encoding=old.encoding if old else "utf-8",
            errors="backslashreplace" if name == "stderr" else "replace",
            line_buffering=name == "stderr" or outlet.isatty(),
        )
        with contextlib.suppress(OSError, ValueError, AttributeError):
            old.flush()
        setattr(sys, name, stream)
        outlets.append(outlet)
    return outlets


def _open_closed() -> None:
    """Keep numbers 0 to 2 from being given to files of a run: what is printed would end up in them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free


def finish(outlets: list[Outlet], code: int) -> int:
    """Write what is still held back; the exit code, in which a failed write shows unless the command goes on."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    failed = next((outlet.error for outlet in outlets if outlet.error is not None and not outlet.goes_on), None)
    if failed is None or code:
        return code
    return CLOSED_PIPE if isinstance(failed, BrokenPipeError) else 1


def failed() -> bool:
    """Whether standard output or errors could not be written."""
    return any(outlet.error is not None for outlet in _outlets())


def _outlets() -> list[Outlet]:
    raws = [getattr(getattr(stream, "buffer", None), "raw", None) for stream in (sys.stdout, sys.stderr)]
    return [raw for raw in raws if isinstance(raw, Outlet)]


@contextlib.contextmanager
def going_on(whether: bool) -> Iterator[None]:
    """Let a command go on where its output cannot be written; only where `install` has put outlets."""
    for outlet in _outlets():
        outlet.goes_on = whether
    yield


@contextlib.contextmanager
def notes() -> Iterator[None]:
    """Tell warnings of evornn in a line, without the place in its source."""
    from evornn.errors import EvornnWarning

    with warnings.catch_warnings():
        warnings.simplefilter("always", EvornnWarning)
        plain = warnings.showwarning

        def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, EvornnWarning):
                print(f"note: {message}", file=sys.stderr, flush=True)
            else:
                plain(message, category, *place, **more)

        warnings.showwarning = show
        yield
