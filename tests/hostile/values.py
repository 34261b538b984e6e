"""Values that no option expects, and calls that may refuse them by EvornnError only, in bounded time."""

from __future__ import annotations

import contextlib
import datetime
import enum
import inspect
import math
import signal
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from evornn.errors import EvornnError
from tests.guards import HANGS

HANGING = int(HANGS)  # alarms take whole seconds
LONGEST = 1500  # letters of a message


class Colour(enum.Enum):
    RED = 1


class Bare:
    """An object of a user's own."""


def nested(depth: int) -> list:
    """[[[...]]]"""
    found: list = []
    for _ in range(depth):
        found = [found]
    return found


VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None, "True": lambda: True, "False": lambda: False, "nan": lambda: math.nan,
    "inf": lambda: math.inf, "-inf": lambda: -math.inf, "0": lambda: 0, "1": lambda: 1, "-1": lambda: -1,
    "2.5": lambda: 2.5, "1e-320": lambda: 1e-320, "1e19": lambda: 1e19, "1e308": lambda: 1e308,
    "-1e308": lambda: -1e308, "10**9": lambda: 10**9, "2**63": lambda: 2**63, "2**63-1": lambda: 2**63 - 1,
    "10**30": lambda: 10**30, "-10**30": lambda: -(10**30), "10**400": lambda: 10**400, "10**5000": lambda: 10**5000,
    "empty": lambda: "", "abc": lambda: "abc", "long": lambda: "x" * 10_000, "unicode": lambda: "\u0394\N{SNOWMAN}\n\0",
    "bytes": lambda: b"abc", "list": list, "[1]": lambda: [1], "['x']": lambda: ["x"], "[None]": lambda: [None],
    "many": lambda: list(range(5000)), "nested": lambda: nested(500), "tuple": tuple, "pair": lambda: (1, 2),
    "dict": dict, "{'name': 1}": lambda: {"name": 1}, "{1: 2}": lambda: {1: 2}, "set": lambda: {1},
    "date": lambda: datetime.date(2024, 2, 29), "time": lambda: datetime.datetime(2024, 2, 29), "object": object,
    "bare": Bare, "class": lambda: Bare, "int": lambda: int, "lambda": lambda: lambda *_: 1, "range": lambda: range(3),
    "int8": lambda: np.int8(-3), "int8 100": lambda: np.int8(100),
    "float32": lambda: np.float32("nan"), "np.bool": lambda: np.bool_(True),
    "0-d": lambda: np.array(3), "0-d object": lambda: np.array(None), "array": lambda: np.arange(3.0),
    "no array": lambda: np.empty(0), "objects": lambda: np.array([None, "x"], dtype=object),
    "fraction": lambda: Fraction(1, 3), "decimal": lambda: Decimal("0.5"), "complex": lambda: 1j,
    "enum": lambda: Colour.RED, "generator": lambda: iter([1]), "slice": lambda: slice(3), "...": lambda: ...,
}  # fmt: skip


class Hangs(BaseException):
    """Raised in a call that does not come to an end."""


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Stop what hangs."""

    def stop(*_: Any) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANGING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of NumPy: numbers overflow where they are 1e308
            yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def options(make: Any, *without: str) -> list[str]:
    """Options that a constructor or function names in its signature."""
    spread = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    parameters = inspect.signature(make).parameters.values()
    return [p.name for p in parameters if p.kind not in spread and p.name not in without]


def complaint(call: Callable[[], Any], names: list[str]) -> str | None:
    """What is wrong with how `call` refuses, or None: EvornnError that names an option, in few words, in time."""
    try:
        with guarded():
            call()
    except EvornnError as error:
        text = str(error)
        if len(text) > LONGEST:
            return f"a message of {len(text):,} letters: {text[:200]}"
        if not any(name in text for name in names):
            return f"names no option: {text}"
        if any(ord(letter) < 32 for letter in text):
            return f"has control characters: {text!r}"
        return None
    except Hangs:
        return "does not come to an end"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return None
