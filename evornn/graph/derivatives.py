"""Slopes of elementwise operations, as the table of operations says, and what has none."""

from __future__ import annotations

from evornn.formula.elementwise import OPERATIONS

ELEMENTWISE = {name: o.slope for name, o in OPERATIONS.items() if o.slope is not None}  # rule(bar, y, *arguments)
WITHOUT_SLOPE = ("to_float", "lookup", "random", *(name for name, o in OPERATIONS.items() if o.flat))
PARTIAL = ("solve", *(name for name, o in OPERATIONS.items() if o.partial))  # infinite or NaN somewhere
COSTLY = tuple(name for name, o in OPERATIONS.items() if o.costly)  # worth storing for the way back
