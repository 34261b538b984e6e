"""The threads of a backend: started on first use, shared by all who evaluate at once, and started anew after a fork."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from evornn.sharing import MAKING

Work = Callable[[Iterable[tuple[int, int]]], None]  # works through spans of jobs: first, last + 1


class _Pool:
    """A pool of one process: a forked child has none of its parent's threads, and perhaps a lock that never opens."""

    def __init__(self) -> None:
        self.process, self.lock = os.getpid(), threading.Lock()
        self.pool: ThreadPoolExecutor | None = None


class Threads:
    """`count` threads."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._last: _Pool | None = None

    @property
    def _pool(self) -> _Pool:
        if self._last is None or self._last.process != os.getpid():
            with MAKING:
                if self._last is None or self._last.process != os.getpid():
                    self._last = _Pool()
        return self._last

    def share(self, work: Work, jobs: int, threads: int, stop: np.ndarray) -> None:
        """Let so many threads take spans of `jobs` jobs until none is left. On Ctrl-C the flag `stop` [1] is set, at
        which kernels look every 256 steps.
        """
        chunk = max(1, jobs // (threads * 8))
        starts = iter(range(0, jobs, chunk))
        lock = threading.Lock()

        def spans() -> Iterator[tuple[int, int]]:
            while not stop[0]:
                with lock:
                    first = next(starts, None)
                if first is None:
                    return
                yield first, min(first + chunk, jobs)

        running = self._submitted(lambda: work(spans()), threads)
        try:
            if not running:  # no thread can be started: Python is ending, or the system's limit is reached
                work(spans())
            wait(running)
        except BaseException:
            stop[0] = 1
            wait(running)
            raise
        for future in running:
            future.result()

    def _submitted(self, work: Callable[[], None], threads: int) -> list:
        """The work handed to so many threads; to none where a thread cannot be started."""
        shared = self._pool
        with shared.lock:
            if shared.pool is None:
                shared.pool = ThreadPoolExecutor(self.count, thread_name_prefix="evornn")
            try:
                return [shared.pool.submit(work) for _ in range(threads)]
            except RuntimeError:
                shared.pool.shutdown()  # the first of them may have begun
                shared.pool = None
                return []

    def close(self) -> None:
        """Stop the threads; they are started again when needed."""
        shared = self._pool
        with shared.lock:
            pool, shared.pool = shared.pool, None
        if pool is not None:
            pool.shutdown()
