"""How far an index computed from the time step or from data rows goes, found while a formula is traced: a row that an
array does not have is an error there, as it is in NumPy, and not another row.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evornn.formula.source_lines import fail

if TYPE_CHECKING:
    from evornn.formula.node import Node

Range = tuple[int, int]

_known: contextvars.ContextVar[dict[str, Range] | None] = contextvars.ContextVar("known", default=None)
TIME = "the time step"


@contextlib.contextmanager
def known_ranges(steps: int, series: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Formulas traced inside are for episodes of at most `steps` steps, with these data rows name -> [E, T, ...]."""
    whole = {name: array for name, array in series.items() if array.dtype.kind in "iu" and array.size}
    token = _known.set({TIME: (0, steps - 1), **{name: (int(a.min()), int(a.max())) for name, a in whole.items()}})
    try:
        yield
    finally:
        _known.reset(token)


def check_index(at: Node, rows: int) -> None:
    """Fail if the index leaves an array of so many rows within an episode's steps, as far as can be told."""
    reached = _range(at)
    if reached is None or (-rows <= reached[0] and reached[1] < rows):
        return
    known = _known.get() or {}
    fail(
        f"the index goes from {reached[0]:,} to {reached[1]:,} in the {known[TIME][1] + 1:,} steps of an episode; "
        f"the array has {rows:,} rows: write array[t % {rows}], or give the task fewer steps or other data rows"
    )


def _range(node: Node) -> Range | None:
    """The smallest and largest value of a whole number; None if that is not known."""
    known = _known.get()
    if known is None:
        return None
    if node.op == "time":
        return known[TIME]
    if node.op == "input":
        return known.get(node.attr)
    if node.op in ("slice", "gather", "take"):
        return _range(node.args[0])
    if node.op == "constant":
        return int(node.attr), int(node.attr)
    parts = [_range(arg) for arg in node.args]
    if len(parts) != 2 or parts[0] is None or parts[1] is None:
        return None
    return _of_two(node.op, *parts)  # type: ignore[arg-type]


def _of_two(op: str, a: Range, b: Range) -> Range | None:
    if op == "add":
        return a[0] + b[0], a[1] + b[1]
    if op == "sub":
        return a[0] - b[1], a[1] - b[0]
    if op == "mul":
        corners = [x * y for x in a for y in b]
        return min(corners), max(corners)
    if b[0] != b[1] or b[0] <= 0:
        return None
    if op == "floordiv":
        return a[0] // b[0], a[1] // b[0]
    if op == "mod":
        return a if a[0] >= 0 and a[1] < b[0] else (0, b[0] - 1)
    return None
