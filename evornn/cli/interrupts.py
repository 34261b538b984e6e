"""Ctrl-C and requests to end that cannot get lost."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

ASKED = (signal.SIGINT, signal.SIGTERM)
USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Interrupts:
    """While open, takes Ctrl-C and SIGTERM as a KeyboardInterrupt, and remembers it; `check` raises it again if
    something swallowed it.

    An exception raised while LLVM calls back into Python, as it does during compilation, is printed and dropped there.

    A signal that is ignored stays so: a shell script has the jobs that it starts with `&` ignore Ctrl-C, which is meant
    for what runs in front. SIGTERM (`kill PID`, schedulers, containers) ends those as cleanly.
    """

    def __init__(self) -> None:
        self.seen: int | None = None
        self._previous: dict[signal.Signals, Any] = {}

    @property
    def code(self) -> int:
        """The exit code that shells give to a command ended by the signal: 130 or 143."""
        return 128 + (self.seen or signal.SIGINT)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.seen = number
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if there has been one."""
        if self.seen:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        for number in ASKED if threading.current_thread() is threading.main_thread() else ():
            if signal.getsignal(number) == USUAL[number]:  # not where it is ignored or somebody else's
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        while self._previous:
            signal.signal(*self._previous.popitem())
