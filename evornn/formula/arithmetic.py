"""Powers, remainders and rounding of traced values, composed of the graph's own operations: every reader and both kinds
of derivative have them at once.

Values equal NumPy's to within a few roundings; those of a real power to |b log a| of them.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from evornn.formula.node import (
    COUNTED,
    Node,
    Operand,
    aligned,
    as_float,
    binary,
    compare,
    is_uniform,
    lift,
    refuse_conditions,
    unary,
)
from evornn.formula.node_tools import value_of
from evornn.formula.operators import install
from evornn.formula.source_lines import fail


def _where(mask: Node, a: Operand, b: Operand) -> Node:
    x, y = lift(a), lift(b)
    if x.dtype == y.dtype == "bool":
        return (mask & x) | (~mask & y)
    return Node("where", *aligned("where", mask, x, y))


# powers ---------------------------------------------------------------------------------------------------------------
def power(a: Operand, b: Operand) -> Node:
    """a ** b."""
    refuse_conditions("a power", a, b, any_of_them=True)
    if isinstance(a, Node) and isinstance(b, int | float | np.integer | np.floating):
        return _fixed_power(a, float(b)) if math.isfinite(b) else fail(f"a power must be finite, not {b!r}")
    x, y = as_float(lift(a)), as_float(lift(b))
    if x.op == "constant" and not x.shape and x.attr > 0:
        return unary("exp", y * math.log(x.attr))
    zero = compare("eq", x, 0.0)
    size = unary("exp", y * unary("log", _where(zero, 1.0, unary("abs", x))))
    size = _where(zero, _where(y > 0.0, 0.0, _where(y < 0.0, math.inf, y + 1.0)), size)
    half = y * 0.5
    signed = _where(compare("eq", half, unary("floor", half)), size, -size)
    whole = compare("eq", y, unary("floor", y))
    return _where(x < 0.0, _where(whole, signed, math.nan), size)


def _fixed_power(x: Node, k: float) -> Node:
    if k < 0 and _counts(x):
        fail("a negative power of conditions and whole numbers, which NumPy refuses; write 1.0 / x ** k")
    if k.is_integer():
        return whole_power(x, int(k))
    x = as_float(x)
    if abs(k) == 0.5:
        root = unary("sqrt", x)
        return root if k > 0 else 1.0 / root
    positive = x > 0.0
    result = unary("exp", k * unary("log", _where(positive, x, 1.0)))
    return _where(positive, result, _where(compare("eq", x, 0.0), 0.0 if k > 0 else math.inf, math.nan))


def _counts(x: Node) -> bool:
    """Whether conditions are counted in x, and NumPy may know it as a whole number."""
    if x.op in ("add", "sub", "mul"):
        whole = [_counts(a) or (a.op == "constant" and not np.any(value_of(a) % 1)) for a in x.args]
        return all(whole) and any(a.op != "constant" for a in x.args)
    return x.attr == COUNTED or (x.op == "neg" and _counts(x.args[0]))


def whole_power(x: Node, power: int) -> Node:
    """x ** power by repeated squaring."""
    if power < 0:
        return 1.0 / whole_power(x, -power)
    if power == 0:
        return lift(np.ones(x.shape)) if x.shape else lift(1.0)
    if power == 1:
        return x
    half = whole_power(x, power // 2)
    return half * half * x if power % 2 else half * half


# remainders -----------------------------------------------------------------------------------------------------------
def divide_down(a: Operand, b: Operand) -> tuple[Node, Node]:
    """a // b and a % b, the remainder with the sign of b as in Python. Exact up to quotients of 2^22 in float32 and
    2^51 in float64.

    A quotient that was rounded before it was cut may be one too large or too small: of the three candidates, the
    largest whose remainder has the right sign.
    """
    refuse_conditions("// and %", a, b, any_of_them=True)
    x, m = as_float(lift(a)), as_float(lift(b))
    if m.op == "constant" and not m.shape and m.attr == 0:
        fail("// and % by 0")
    high, low = _halves(m)
    q = unary("floor", x / m)

    def remainder(quotient: Node) -> Node:  # 0 times infinity is not what is left
        left = x - quotient * high if low is None else (x - quotient * high) - quotient * low
        return _where(compare("eq", quotient, 0.0), x, left)

    def fits(r: Node) -> Node:
        return _where(m < 0.0, r <= 0.0, r >= 0.0)

    above, below = q + 1.0, q - 1.0
    over, exact, under = remainder(above), remainder(q), remainder(below)
    r = _where(fits(over), over, _where(fits(exact), exact, under))
    lost = compare("ne", r, r) & compare("ne", m, 0.0)
    whole = _where(fits(over), above, _where(fits(exact) | compare("eq", m, 0.0), q, below))
    return _where(lost, r, whole), r


def _halves(m: Node) -> tuple[Node, Node | None]:
    """A constant as two of 26 bits, whose products with quotients are exact also for who rounds them before they are
    added; others whole.
    """
    if m.op != "constant":
        return m, None
    whole = np.asarray(value_of(m))
    high = (whole.view(np.int64) & ~np.int64(0x7FFFFFF)).view(np.float64)
    if not np.isfinite(whole).all() or np.array_equal(high, whole):
        return m, None
    return lift(high[()]), lift((whole - high)[()])


def whole_arithmetic(op: str, a: Operand, b: Operand) -> Node:
    """a // b or a % b: of whole numbers and the time step a whole number, else of numbers."""
    if is_uniform(a) and is_uniform(b):
        return binary(op, a, b)
    quotient, left = divide_down(a, b)
    return quotient if op == "floordiv" else left


# rounding -------------------------------------------------------------------------------------------------------------
def rounded(x: Node) -> Node:
    """The nearest whole number, halves to the even one."""
    low = unary("floor", x)
    left, half = x - low, low * 0.5
    even = compare("eq", half, unary("floor", half))
    tie = _where(even, low, low + 1.0)
    return _where(left > 0.5, low + 1.0, _where(left < 0.5, low, tie))


install("arithmetic", sys.modules[__name__])
