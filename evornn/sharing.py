"""Locks, and things made on first use, once: for the threads of a process, and across a fork.

A forked child has one thread. A lock that another thread held would stay locked there for ever, and what that thread
was making would stay half made: a fork waits until such work is done.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, Self, TypeVar, overload

T = TypeVar("T")


class Closable(Protocol):
    """What holds threads, processes or a device's memory until it is closed."""

    def close(self) -> None: ...


class Lock(Protocol):
    """A lock that one thread may take several times."""

    def acquire(self) -> bool: ...
    def release(self) -> None: ...


_held: list[Lock] = []  # locks that a fork takes, in this order


def fork_safe_lock() -> threading.RLock:
    """A reentrant lock for module level. A fork waits for it, so the child finds it free and what it guards whole."""
    lock = threading.RLock()
    _held.append(lock)
    return lock


_innermost: list[Lock] = []  # those that it takes last, for they are taken under the others


def hold_over_forks(lock: Lock, innermost: bool = False) -> None:
    """Let forks wait for another library's reentrant lock too, after ours; innermost: after all others."""
    (_innermost if innermost else _held).append(lock)


_taken: list[Lock] = []  # by the fork that is going on


def _before() -> None:
    for lock in (*_held, *_innermost):
        lock.acquire()
        _taken.append(lock)


def _after() -> None:
    while _taken:
        _taken.pop().release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)

STREAMS = fork_safe_lock()  # the global random streams, and how logging is configured
MAKING = fork_safe_lock()  # tracing, compiling, and everything else that is made on first use


class made_once(Generic[T]):
    """Decorator of a method: a property that is computed on first use, by one thread; then a plain attribute."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self.__doc__ = make, make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, one: None, owner: type) -> Self: ...
    @overload
    def __get__(self, one: object, owner: type) -> T: ...
    def __get__(self, one: object | None, owner: type) -> Self | T:
        if one is None:
            return self
        with MAKING:
            if self._name not in one.__dict__:
                one.__dict__[self._name] = self._make(one)
            return one.__dict__[self._name]


def made_so_far(one: object, name: str) -> Closable | None:
    """What a `made_once` property that is closed in the end holds, None where nobody has asked for it."""
    found: Closable | None = one.__dict__.get(name)
    return found


def not_made(one: object) -> dict[str, object]:
    """The attributes of an object but its `made_once` properties: what a copy starts from."""
    made = {name for cls in type(one).__mro__ for name, held in vars(cls).items() if isinstance(held, made_once)}
    return {name: value for name, value in one.__dict__.items() if name not in made}
