"""Machine formulas of the elementwise operations, over the algebra of lanes (see `elementary`).

The names are those of `evornn.formula.elementwise`; where Python has such a word, `_` follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from evornn.compiler.lanes import elementary
from evornn.compiler.lanes.algebra import Elementwise, FullArithmetic, L
from evornn.formula.elementwise import OPERATIONS, two_sum_error


def maximum(m: FullArithmetic[L], a: L, b: L) -> L:
    """max with NaN if either is NaN; one instruction against a constant."""
    if m.is_constant(b):
        return m.where(b > a, b, a)
    return m.where(m.is_nan(a), a, m.where(b <= a, a, b))


def minimum(m: FullArithmetic[L], a: L, b: L) -> L:
    """min likewise."""
    if m.is_constant(b):
        return m.where(b < a, b, a)
    return m.where(m.is_nan(a), a, m.where(b >= a, a, b))


def _roundoff(m: FullArithmetic[L], a: L, b: L) -> L:
    lost = two_sum_error(a, b)
    return m.where(m.is_nan(lost), 0.0, lost)


def _sign(m: FullArithmetic[L], x: L) -> L:
    return m.where(x > 0.0, m.const(1.0), m.where(x < 0.0, m.const(-1.0), x))


def _name(operation: str) -> str:
    return f"{operation}_" if operation in ("and", "or", "not") else operation


_FORMULAS: dict[str, Callable[..., Any]] = {
    "add": lambda m, a, b: a + b,
    "sub": lambda m, a, b: a - b,
    "mul": lambda m, a, b: a * b,
    "div": lambda m, a, b: a / b,
    "neg": lambda m, a: -a,
    "fma": lambda m, a, b, c: m.fma(a, b, c),
    "abs": lambda m, a: m.abs(a),
    "sqrt": lambda m, a: m.sqrt(a),
    "floor": lambda m, a: m.floor(a),
    "sign": _sign,
    "roundoff": _roundoff,
    "minimum": minimum,
    "maximum": maximum,
    **elementary.FUNCTIONS,
    "where": lambda m, c, a, b: m.where(c, a, b),
    "arctan2": elementary.arctan2,
    "with_slope": lambda m, a, b: a,
    "lt": lambda m, a, b: a < b,
    "le": lambda m, a, b: a <= b,
    "eq": lambda m, a, b: a == b,
    "ne": lambda m, a, b: a != b,
    "and": lambda m, a, b: a & b,
    "or": lambda m, a, b: a | b,
    "not": lambda m, a: ~a,
}
ELEMENTWISE = cast(
    dict[str, Elementwise], {_name(name): _FORMULAS[name] for name in OPERATIONS} | {"lanes": lambda m, a: a}
)
MASKS = tuple(_name(name) for name, o in OPERATIONS.items() if o.condition)
LOGICAL = ("and_", "or_", "not_")
