"""Executors: who carries out tasks, and what is promised of it.

A task is pure: a function named by its place, and plain values for it. Begun again it gives the same, so an executor
begins a task again that was lost with the process it ran in. What it says on the way and how it ends are messages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Self, TypedDict, TypeVar

import msgspec

N = TypeVar("N")


class Task(msgspec.Struct, frozen=True):
    """A call of `function`, "package.module:name": first with what takes its words on the way, then with these
    arguments, plain values as in JSON. It returns plain values.
    """

    function: str
    arguments: dict[str, Any]


class Message(TypedDict, total=False):
    """What is heard of a task: `said`, words of its own on the way; then one of `ended`, what its function returned,
    `failed`, why this task cannot be done (with a `traceback`, if that is a fault), `fatal`, why no other can either.
    """

    said: dict[str, Any]
    ended: Any
    failed: str
    traceback: str
    fatal: str


def is_last(message: Message) -> bool:
    """Whether a message ends its task."""
    return not {"ended", "failed", "fatal"}.isdisjoint(message)


class Executor(ABC):
    """Carries out tasks, some at once; use it as a context manager."""

    @abstractmethod
    def carry_out(self, tasks: Sequence[tuple[N, Task]], note: Callable[[N, Message], None]) -> None:
        """Carry out tasks, begun in order, each with a name. `note` hears, in this thread, the name of a task and a
        message; if it raises, all work stops.
        """

    def results(self, tasks: Sequence[Task], note: Callable[[Message], None]) -> list[Any]:
        """What tasks return, in their order; None for one that has not ended well. `note` hears every message."""
        found: list[Any] = [None] * len(tasks)

        def heard(number: int, message: Message) -> None:
            note(message)
            found[number] = message.get("ended", found[number])

        self.carry_out(list(enumerate(tasks)), heard)
        return found

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """Let go of what the work was done by."""
