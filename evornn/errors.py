"""The one error type users meet, and the checks that word it: the value, what is allowed, and the nearest valid
name.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any


class EvornnError(ValueError):
    """Something the user gave cannot work. The message names the value, the allowed range and, for names, the nearest
    valid one.
    """


class EvornnWarning(UserWarning):
    """Something that goes on, but that the user should know of."""


def nearest(name: str, names: Iterable[str]) -> str:
    """A phrase listing what is valid, led by the closest match to a misspelt `name`."""
    names = list(names)
    folded = {n.lower(): n for n in names}
    close = difflib.get_close_matches(str(name).lower(), list(folded), n=1, cutoff=0.5)
    hint = f"; did you mean {folded[close[0]]!r}?" if close else ""
    return f"valid: {', '.join(names)}{hint}"


def check_choice(what: str, value: Any, names: Iterable[str]) -> Any:
    """Return `value` if it is one of `names`, else raise an error that names the nearest one."""
    names = list(names)
    if value not in names:
        raise EvornnError(f"{what} is {value!r}; {nearest(str(value), names)}")
    return value


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
    saying so.
    """
    kind = "a whole number" if integer else "a number"
    number = not isinstance(value, bool) and isinstance(value, int if integer else (int, float))
    if not number and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # NumPy scalars
        return check_range(what, value.item(), low, high, integer=integer, open_low=open_low)
    inside = number and math.isfinite(value) and (low < value if open_low else low <= value) and value <= high
    if not inside:
        left, right = "(" if open_low or low == -math.inf else "[", ")" if high == math.inf else "]"
        raise EvornnError(f"{what} is {value!r}; it must be {kind} in {left}{low:g}, {high:g}{right}")
    return value
