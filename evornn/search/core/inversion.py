"""A function minimiser that calls back, turned inside out: it waits while its caller evaluates.

Each minimiser runs in a daemon thread of its own that is blocked whenever it wants a value. `close` ends the thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

import numpy as np

from evornn.errors import EvornnError

Minimiser = Callable[[Callable[[np.ndarray], Any]], Any]


class Ended(EvornnError):
    """The minimiser has returned: it wants nothing more."""


class _Closed(BaseException):
    """Raised inside the minimiser to unwind it; not an Exception, so that no `except Exception` stops it."""


class Inverted:
    """A running `minimise(function)`: `point()` is what it wants evaluated next, `answer(value)` lets it go on.

    A value is whatever the function is to return: a number, or a number and a gradient. `replay` are the values that
    its first calls get at once: a run is restored by telling it again what it was told.
    """

    def __init__(self, minimise: Minimiser, replay: Sequence[Any] = ()) -> None:
        self._points: SimpleQueue = SimpleQueue()
        self._values: SimpleQueue = SimpleQueue()
        self._process = os.getpid()
        arguments = (minimise, list(replay), self._points, self._values)
        self._thread = threading.Thread(target=_run, args=arguments, daemon=True, name="evornn-minimiser")
        self._thread.start()

    @property
    def here(self) -> bool:
        """Whether its thread is one of this process: one that was forked since has only its parent's objects."""
        return self._process == os.getpid()

    def point(self) -> np.ndarray:
        """The point [D] it waits for; raises Ended if it has returned, EvornnError if it failed."""
        point = self._points.get()
        if isinstance(point, BaseException):
            self._thread.join()
            if isinstance(point, Ended):
                raise point
            raise EvornnError(f"the minimiser failed: {point!r}") from point
        return point

    def answer(self, value: Any) -> None:
        """The value at the point it waits for."""
        self._values.put(value)

    def close(self) -> None:
        """End the thread; nothing may be asked afterwards."""
        close_all([self])


def close_all(running: list[Inverted]) -> None:
    """End several threads: all are told first, then all are waited for."""
    here = [one for one in running if one.here]
    for one in here:
        one._values.put(None)
    for one in here:
        if one._thread is not threading.current_thread():  # garbage may be collected there
            one._thread.join()
    running.clear()


def _run(minimise: Minimiser, replay: list[Any], points: SimpleQueue, values: SimpleQueue) -> None:
    told = iter(replay)

    def function(x: np.ndarray) -> Any:
        for value in told:
            return value
        points.put(np.array(x, dtype=np.float64))
        value = values.get()
        if value is None:
            raise _Closed
        return value

    try:
        minimise(function)
        points.put(Ended("the minimiser ended by itself"))
    except _Closed:
        pass
    except BaseException as error:
        points.put(error)
