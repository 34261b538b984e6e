"""The elementwise operations: one table, from which everything that reads formulas takes what it needs.

An operation is a line of `define` and, if users may write it, a function. Its machine formula, over lanes of any width,
is in `evornn.compiler.lanes`, under the same name: these two files are all that a new operation touches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from evornn.formula import node as graph
from evornn.formula.node import Node, Operand, as_float, lift

__all__ = [
    "absolute", "arctan2", "atan", "cos", "exp", "floor", "log", "maximum", "minimum", "relu", "sigmoid", "sign", "sin",
    "softplus", "sqrt", "tanh",
]  # fmt: skip

Shares = tuple[Any, ...]
N = TypeVar("N", bound="Sums")
V = TypeVar("V", bound=Operand)  # a function of a traced value gives one, of numbers numbers


@dataclass(frozen=True)
class Operation:
    """An elementwise operation of `arity` arguments.

    compute(xp, *arguments): its values by NumPy or another array library. slope(bar, y, *arguments): what it does to a
    cotangent `bar`, y being its value: the arguments' shares, None for none; no slope: it has none anywhere ("flat"),
    or nobody asks. At a kink the slope is that of one side. condition: whether it gives one. partial: it is infinite or
    NaN somewhere. costly: worth storing for the way back. numpy: names of NumPy's functions that mean it. domain:
    where it is smooth, for tests.
    """

    name: str
    arity: int
    compute: Callable[..., Any]
    slope: Callable[..., Shares] | None = None
    flat: bool = False
    condition: bool = False
    partial: bool = False
    costly: bool = False
    numpy: tuple[str, ...] = ()
    domain: tuple[float, float] = (-3.0, 3.0)


OPERATIONS: dict[str, Operation] = {}


def define(
    name: str,
    compute: str | Callable[..., Any],
    slope: Callable[..., Shares] | None = None,
    *,
    arity: int = 1,
    **facts: Any,
) -> None:
    """Add an operation; `compute` as a name: the array library's function."""

    library_name = str(compute)

    def of_the_library(xp: Any, *values: Any) -> Any:
        return getattr(xp, library_name)(*values)

    compute = of_the_library if isinstance(compute, str) else compute
    OPERATIONS[name] = Operation(name, arity, compute, slope, **facts)


# what operations are made with ----------------------------------------------------------------------------------------
def is_traced(*values: object) -> bool:
    """Whether any of the values is a traced one."""
    return any(isinstance(v, Node) for v in values)


def as_number(x: Operand) -> Any:
    """x; a condition as 1.0 where it holds and 0.0 where not, for NumPy has other rules for truth values."""
    if isinstance(x, Node):
        return as_float(x) if x.dtype == "bool" else x
    return np.asarray(x, dtype=np.float64)[()] if getattr(x, "dtype", type(x)) in (np.bool_, bool) else x


def _apply(name: str, *values: Operand) -> Any:
    """The operation of traced values, or of numbers."""
    values = tuple(map(as_number, values))
    if not is_traced(*values):
        return OPERATIONS[name].compute(np, *values)
    return graph.unary(name, *values) if len(values) == 1 else graph.binary(name, *values)


def choose(mask: Node, x: Operand, y: Operand) -> Node:
    """x where the mask holds, else y."""
    a, b = lift(x), lift(y)
    return Node("where", (mask, a, b), mask.shape or a.shape or b.shape)


def _chosen(bar: Node, first: Node) -> Shares:
    return choose(first, bar, 0.0), choose(first, 0.0, bar)


# arithmetic, comparisons ----------------------------------------------------------------------------------------------
define("add", "add", lambda bar, y, a, b: (bar, bar), numpy=("add",), arity=2)
define("sub", "subtract", lambda bar, y, a, b: (bar, -bar), numpy=("subtract",), arity=2)
define("mul", "multiply", lambda bar, y, a, b: (bar * b, bar * a), numpy=("multiply",), arity=2)
define("div", "divide", lambda bar, y, a, b: (bar / b, -(bar / b) * y), partial=True, numpy=("divide",), arity=2)
define("neg", "negative", lambda bar, y, a: (-bar,), numpy=("negative",))
define("fma", lambda xp, a, b, c: a * b + c, arity=3)  # made by the compiler, after slopes
define("lt", "less", condition=True, arity=2)
define("le", "less_equal", condition=True, arity=2)
define("eq", "equal", condition=True, arity=2)
define("ne", "not_equal", condition=True, arity=2)
define("and", "logical_and", condition=True, arity=2)
define("or", "logical_or", condition=True, arity=2)
define("not", "logical_not", condition=True)
define("where", "where", lambda bar, y, mask, a, b: (None, *_chosen(bar, mask)), arity=3)


# functions ------------------------------------------------------------------------------------------------------------
define("sqrt", "sqrt", lambda bar, y, a: (bar * 0.5 / y,), partial=True, costly=True, numpy=("sqrt",), domain=(0.1, 4))


def sqrt(x: V) -> V:
    """Square root; NaN below 0."""
    return _apply("sqrt", x)


define("exp", "exp", lambda bar, y, a: (bar * y,), partial=True, costly=True, numpy=("exp",))


def exp(x: V) -> V:
    """e to the power x."""
    return _apply("exp", x)


define("log", "log", lambda bar, y, a: (bar / a,), partial=True, costly=True, numpy=("log",), domain=(0.1, 4))


def log(x: V) -> V:
    """Natural logarithm; -inf at 0, NaN below."""
    return _apply("log", x)


define("tanh", "tanh", lambda bar, y, a: (bar - bar * (y * y),), costly=True, numpy=("tanh",))


def tanh(x: V) -> V:
    """Hyperbolic tangent."""
    return _apply("tanh", x)


define("sigmoid", lambda xp, a: 1.0 / (1.0 + xp.exp(-a)), lambda bar, y, a: (bar * (y - y * y),), costly=True)


def sigmoid(x: V) -> V:
    """Logistic function 1 / (1 + exp(-x))."""
    return _apply("sigmoid", x)


define("softplus", lambda xp, a: xp.logaddexp(0.0, a), lambda bar, y, a: (bar * sigmoid(a),), costly=True)


def softplus(x: V) -> V:
    """log(1 + exp(x)), without overflow."""
    return _apply("softplus", x)


def relu(x: V) -> V:
    """max(x, 0); NaN stays NaN."""
    return maximum(x, 0.0)


define("sin", "sin", lambda bar, y, a: (bar * cos(a),), costly=True, numpy=("sin",))


def sin(x: V) -> V:
    """Sine of x radians."""
    return _apply("sin", x)


define("cos", "cos", lambda bar, y, a: (-(bar * sin(a)),), costly=True, numpy=("cos",))


def cos(x: V) -> V:
    """Cosine of x radians."""
    return _apply("cos", x)


define("atan", "arctan", lambda bar, y, a: (bar / (1.0 + a * a),), costly=True, numpy=("arctan",))


def atan(x: V) -> V:
    """Arc tangent in radians, between -pi/2 and pi/2."""
    return _apply("atan", x)


define(
    "arctan2",
    "arctan2",
    lambda bar, y, a, b: (bar * b / (a * a + b * b), -(bar * a) / (a * a + b * b)),
    partial=True,
    costly=True,
    numpy=("arctan2",),
    arity=2,
)


def arctan2(y: Operand, x: Operand) -> Any:
    """Angle of the point (x, y) in radians, between -pi and pi."""
    return _apply("arctan2", y, x)


define("floor", "floor", flat=True, numpy=("floor",))


def floor(x: V) -> V:
    """The largest whole number not above x."""
    return _apply("floor", x)


define("sign", "sign", flat=True, numpy=("sign",))


def sign(x: V) -> V:
    """-1, 0 or 1; NaN stays NaN."""
    return _apply("sign", x)


define("abs", "abs", lambda bar, y, a: (bar * sign(a),), numpy=("absolute", "fabs"))


def absolute(x: V) -> V:
    """|x|; the same as abs(x)."""
    return _apply("abs", x)


define("minimum", "minimum", lambda bar, y, a, b: _chosen(bar, a <= b), numpy=("minimum",), arity=2)


def minimum(a: Operand, b: Operand) -> Any:
    """The smaller; NaN if either is NaN."""
    return _apply("minimum", a, b)


define("maximum", "maximum", lambda bar, y, a, b: _chosen(bar, a >= b), numpy=("maximum",), arity=2)


def maximum(a: Operand, b: Operand) -> Any:
    """The larger; NaN if either is NaN."""
    return _apply("maximum", a, b)


# slopes of another function -------------------------------------------------------------------------------------------
define("with_slope", lambda xp, value, smooth: value, lambda bar, y, value, smooth: (None, bar), arity=2)


# sums that keep what rounding drops -----------------------------------------------------------------------------------
def two_sum_error(a: N, b: N) -> N:
    """What rounding drops from a + b, exactly (Knuth 1969, two-sum), for anything that adds and subtracts; NaN where
    the sum is not finite.
    """
    total = a + b
    old = total - b
    return (a - old) + (b - (total - old))


class Sums(Protocol):
    """Anything that adds and subtracts."""

    def __add__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...


def _roundoff(xp: Any, a: Any, b: Any) -> Any:
    lost = two_sum_error(a, b)
    return xp.where(xp.isnan(lost), 0.0, lost)[()]


define("roundoff", _roundoff, flat=True, arity=2)


def roundoff(a: Operand, b: Operand) -> Any:
    """What rounding drops from a + b, so that a sum over many steps can make up for it; 0 where the sum is not finite.
    It has no slope.
    """
    return graph.binary("roundoff", a, b) if is_traced(a, b) else _roundoff(np, a, b)
