"""The one error type users meet, and the checks that word it: the value, what is allowed, and the nearest valid
name.
"""

from __future__ import annotations

import difflib
import math
import reprlib
import sys
from collections.abc import Iterable
from typing import Any

LONGEST = 80  # letters of a value in a message
MOST = 2**63 - 1  # the largest whole number that files and arrays hold


class EvornnError(ValueError):
    """Something the user gave cannot work. The message names the value, the allowed range and, for names, the nearest
    valid one.
    """


class EvornnWarning(UserWarning):
    """Something that goes on, but that the user should know of."""


def shown(value: Any) -> str:
    """A value as messages show it: its repr, cut to a line's length; numbers of many digits by how many they are."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**20:
        digits = int(value.bit_length() * math.log10(2)) + 1
        return f"a whole number of some {digits:,} digits"
    if getattr(type(value), "__repr__", None) is object.__repr__ or callable(value):
        name = getattr(value, "__qualname__", None)
        return f"the function {name}" if name else f"an object of {type(value).__name__}"
    try:
        text = _Short().repr(value)
    except Exception:  # a repr of a user's own may do anything
        return f"an object of {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 20]}...{text[-10:]}"


class _Short(reprlib.Repr):
    """Reprs of a line's length, whatever is in them."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxtuple, self.maxset, self.maxdict = 3, 12, 12, 8, 8
        self.maxstring = self.maxother = LONGEST

    def repr_int(self, value: int, level: int) -> str:
        return shown(value) if abs(value) >= 10**20 else repr(value)


def amount(value: float) -> str:
    """A bound as messages show it: 4,294,967,295; 0.05; 1e+300."""
    if isinstance(value, float) and not (value.is_integer() and abs(value) < 1e15):
        return f"{value:.12g}"
    return f"{int(value):,}"


def nearest(name: str, names: Iterable[str]) -> str:
    """A phrase listing what is valid, led by the closest match to a misspelt `name`."""
    names = list(names)
    folded = {n.lower(): n for n in names}
    close = difflib.get_close_matches(str(name)[:LONGEST].lower(), list(folded), n=1, cutoff=0.5)
    hint = f"; did you mean {folded[close[0]]!r}?" if close else ""
    return f"valid: {', '.join(names)}{hint}"


def check_choice(what: str, value: Any, names: Iterable[str]) -> Any:
    """Return `value` if it is one of `names`, else raise an error that names the nearest one."""
    names = list(names)
    if not isinstance(value, str) or value not in names:
        near = value if isinstance(value, str) else ""
        raise EvornnError(f"{what} is {shown(value)}; {nearest(near, names)}")
    return value


def _is_scalar(value: Any) -> bool:
    """Whether this is one of NumPy's numbers (an array without axes is none) that Python has a number for."""
    if type(value).__module__ != "numpy" or not hasattr(value, "item") or hasattr(value, "__len__"):
        return False
    return isinstance(value.item(), bool | int | float)


def check_flag(what: str, value: Any) -> bool:
    """Return a truth value (Python's, NumPy's, or the word "True" or "False") as Python's, else raise an error."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("True", "False"):
        return value == "True"
    if _is_scalar(value) and isinstance(value.item(), bool):
        return bool(value)
    raise EvornnError(f"{what} is {shown(value)}; valid: True, False")


def check_number(what: str, value: Any, numbers: Iterable[int]) -> int:
    """Return `value`, a whole number or one in words, if it is one of `numbers`, else raise an error."""
    valid = {str(number): number for number in numbers}
    text = value if isinstance(value, str) else shown(value.item() if _is_scalar(value) else value)
    return valid[text] if text in valid else valid[check_choice(what, value, valid)]


def check_range(
    what: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    integer: bool = False,
    open_low: bool = False,
) -> Any:
    """Return `value` if it is a finite number in [low, high] (or (low, high] with `open_low`), else raise an error
    saying so. A whole number is at most 2**63 - 1 where no bound is given.
    """
    kind = "a whole number" if integer else "a number"
    number = not isinstance(value, bool) and isinstance(value, int if integer else (int, float))
    if not number and _is_scalar(value):
        return check_range(what, value.item(), low, high, integer=integer, open_low=open_low)
    limit = MOST if integer else sys.float_info.max
    if number and high == math.inf and value > limit:
        high = limit
    inside = number and -math.inf < value < math.inf and (low < value if open_low else low <= value) and value <= high
    if not inside or abs(value) > limit:
        left, right = "(" if open_low or low == -math.inf else "[", ")" if high == math.inf else "]"
        raise EvornnError(f"{what} is {shown(value)}; it must be {kind} in {left}{amount(low)}, {amount(high)}{right}")
    return value
