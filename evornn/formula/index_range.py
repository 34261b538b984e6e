"""How far an index computed from the time step goes, found while a formula is traced: a row that an array does not have
is an error there, as it is in NumPy, and not another row.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evornn.formula.source_lines import fail

if TYPE_CHECKING:
    from evornn.formula.node import Node

Range = tuple[int, int]

_last: contextvars.ContextVar[int | None] = contextvars.ContextVar("last", default=None)


@contextlib.contextmanager
def steps_from_zero(steps: int) -> Iterator[None]:
    """Formulas traced inside are for episodes of at most `steps` steps."""
    token = _last.set(steps - 1)
    try:
        yield
    finally:
        _last.reset(token)


def check_index(at: Node, rows: int) -> None:
    """Fail if the index leaves an array of so many rows within an episode's steps, as far as can be told."""
    reached = _range(at)
    if reached is None or (-rows <= reached[0] and reached[1] < rows):
        return
    fail(
        f"the index goes from {reached[0]:,} to {reached[1]:,} in the {_last.get() + 1:,} steps of an episode; "  # type: ignore[operator]
        f"the array has {rows:,} rows: write array[t % {rows}], or give the task fewer steps"
    )


def _range(node: Node) -> Range | None:
    """The smallest and largest value of a whole number; None if that is not known."""
    last = _last.get()
    if last is None:
        return None
    if node.op == "time":
        return 0, last
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
