"""Worker processes: they are given tasks, listened to, and replaced if they die.

A process is started with this one's module path, so that they work from scripts and notebooks as they are.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import msgspec

from evornn.errors import EvornnError
from evornn.executors.base import Executor, Message, N, Task, is_last

ATTEMPTS = 3  # at a task whose worker dies
END_SECONDS = 5.0  # that a worker without a task has to end by itself
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS")
CODE = "import sys; sys.path[:], sys.argv[:] = {path!r}, {argv!r}; from evornn.executors.worker import serve; serve()"


class Died(Exception):
    """A worker process ended before its task did."""


class WorkerPool(Executor):
    """Up to `count` worker processes."""

    def __init__(self, count: int) -> None:
        self._workers: list[subprocess.Popen[bytes] | None] = [None] * count
        self._stopping = False

    def carry_out(self, tasks: Sequence[tuple[N, Task]], note: Callable[[N, Message], None]) -> None:
        """As `Executor.carry_out`. A task whose worker dies is begun again, `ATTEMPTS` times in all."""
        waiting, heard = deque(tasks), queue.SimpleQueue[tuple[N, Message] | None]()
        threads = [
            threading.Thread(target=self._drive, args=(place, waiting, heard), daemon=True)
            for place in range(min(len(self._workers), len(tasks)))
        ]
        for thread in threads:
            thread.start()
        busy = len(threads)
        try:
            while busy:
                said = heard.get()
                if said is None:
                    busy -= 1
                else:
                    note(*said)
        except BaseException:
            self._stopping = True
            waiting.clear()
            self._kill()
            raise
        finally:
            for thread in threads:
                thread.join(END_SECONDS)

    def _drive(
        self, place: int, waiting: deque[tuple[N, Task]], heard: queue.SimpleQueue[tuple[N, Message] | None]
    ) -> None:
        """Give tasks to one worker until there are none left."""
        if hasattr(signal, "pthread_sigmask"):  # workers inherit it: Ctrl-C is this process's to answer
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        while not self._stopping:
            try:
                name, task = waiting.popleft()
            except IndexError:
                break
            try:
                for message in self._insisting(place, task):
                    heard.put((name, message))
            except Exception as error:
                heard.put((name, {"fatal": f"a worker process cannot be used: {error}"}))
                break
        heard.put(None)

    def _insisting(self, place: int, task: Task) -> Iterator[Message]:
        """What a worker says of a task, the last message being one that ends it."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                yield from self._messages(place, task)
                return
            except Died as death:
                self._workers[place] = None
                if self._stopping:
                    return
                if attempt == ATTEMPTS:
                    yield {"failed": f"its worker process died {ATTEMPTS} times: {death}"}

    def _messages(self, place: int, task: Task) -> Iterator[Message]:
        worker = self._workers[place] = self._workers[place] or _started()
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(msgspec.json.encode(task) + b"\n")
            worker.stdin.flush()
        except OSError:
            pass  # it is gone: read what it has said, then how it ended
        for line in worker.stdout:
            message = msgspec.json.decode(line, type=Message)
            yield message
            if is_last(message):
                return
        raise Died(_how(worker.wait()))

    def _kill(self) -> None:
        for worker in self._workers:
            if worker is not None:
                worker.kill()

    def __exit__(self, *_: object) -> None:
        """Let the workers end, or make them."""
        for worker in self._workers:
            if worker is None:
                continue
            assert worker.stdin is not None
            try:
                worker.stdin.close()
                worker.wait(END_SECONDS)
            except (OSError, subprocess.TimeoutExpired):
                worker.kill()
                worker.wait()


def _started() -> subprocess.Popen[bytes]:
    """A new worker process."""
    code = CODE.format(path=sys.path, argv=sys.argv)
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )


def _how(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"it ended with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"{name} (out of memory?)" if name == "SIGKILL" else name


def default_workers() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_workers(count: int | None) -> int:
    """`count`, or as many as there are cores."""
    if count is None:
        return default_workers()
    if count < 1:
        raise EvornnError(f"workers is {count}; it must be at least 1")
    return count
