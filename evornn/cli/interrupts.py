"""Ctrl-C that cannot get lost."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Self


class Interrupts:
    """While open, remembers a Ctrl-C; `check` raises it again if something swallowed it.

    An exception raised while LLVM calls back into Python, as it does during compilation, is printed and dropped there.
    """

    def __init__(self) -> None:
        self.seen = False
        self._previous = signal.getsignal(signal.SIGINT)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.seen = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if there has been one."""
        if self.seen:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        if self._previous is signal.default_int_handler:  # not where interrupts are ignored or somebody else's
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._previous)
