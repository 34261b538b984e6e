"""A worker process: takes tasks as lines of JSON on its standard input, tells how they go on its output.

A task is {"function": "package.module:name", "arguments": {...}}; the function is called with `say`, which takes words
of its own on the way, and the arguments. Messages are those of `evornn.executors.base`.

A worker ends when its input does: as soon as its parent is gone, however that died. What a task has done is on the disk
by then, or done again.
"""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable

import msgspec

from evornn.executors.base import Message, Task, is_last


def serve() -> None:
    """Carry out tasks until there are no more."""
    channel = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print goes where errors go, not among the messages
    lines: queue.Queue[bytes | None] = queue.Queue()
    idle = threading.Event()
    idle.set()

    def listen() -> None:
        for line in sys.stdin.buffer:
            idle.clear()
            lines.put(line)
        lines.put(None)
        if not idle.is_set():
            os._exit(1)

    def tell(message: Message) -> None:
        if is_last(message):
            idle.set()
        channel.write(msgspec.json.encode(message) + b"\n")

    threading.Thread(target=listen, daemon=True).start()
    while (line := lines.get()) is not None:
        carry_out(msgspec.json.decode(line, type=Task), tell)


def carry_out(task: Task, tell: Callable[[Message], None]) -> None:
    """Do one task; tells how it ends, whatever happens."""
    from evornn.atomic_files import DiskError
    from evornn.errors import EvornnError

    try:
        module, name = task.function.split(":")
        function = getattr(importlib.import_module(module), name)
        tell({"ended": function(lambda words: tell({"said": words}), **task.arguments)})
    except DiskError as error:
        tell({"fatal": f"{error.what}; then give the same command again"})
    except EvornnError as error:
        tell({"failed": str(error)})
    except Exception as error:  # of a search or a library: other tasks may be fine
        tell({"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})
