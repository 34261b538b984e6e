"""The operations of formulas. Each works on NumPy values (the float64 oracle, one lane) and on traced values
(building the graph).

Vectors have shape (n,), matrices (n, m). Elementwise operations take equal shapes or scalars beside one shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from evornn.formula import node as graph
from evornn.formula.arithmetic import rounded
from evornn.formula.index_range import check_index
from evornn.formula.node import Node, as_float, broadcast, lift
from evornn.formula.source_lines import fail
from evornn.formula.state import State, flatten, tree_map


def _traced(*values: Any) -> bool:
    return any(isinstance(v, Node) for v in values)


def _number(x: Any) -> Any:
    """x; a condition as 1.0 where it holds and 0.0 where not, for NumPy has other rules for truth values."""
    if isinstance(x, Node):
        return as_float(x) if x.dtype == "bool" else x
    return np.asarray(x, dtype=np.float64)[()] if getattr(x, "dtype", type(x)) in (np.bool_, bool) else x


def _each(op: str, function: Callable[..., Any], x: Any) -> Any:
    return graph.unary(op, _number(x)) if _traced(x) else function(_number(x))


def _both(op: str, function: Callable[..., Any], a: Any, b: Any) -> Any:
    return graph.binary(op, _number(a), _number(b)) if _traced(a, b) else function(_number(a), _number(b))


# elementwise ----------------------------------------------------------------------------------------------------------
def sqrt(x: Any) -> Any:
    """Square root; NaN below 0."""
    return _each("sqrt", np.sqrt, x)


def exp(x: Any) -> Any:
    """e to the power x."""
    return _each("exp", np.exp, x)


def log(x: Any) -> Any:
    """Natural logarithm; -inf at 0, NaN below."""
    return _each("log", np.log, x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return _each("tanh", np.tanh, x)


def sigmoid(x: Any) -> Any:
    """Logistic function 1 / (1 + exp(-x))."""
    return _each("sigmoid", lambda v: 1.0 / (1.0 + np.exp(-np.asarray(v)))[()], x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return _each("softplus", lambda v: np.logaddexp(0.0, v), x)


def relu(x: Any) -> Any:
    """max(x, 0); NaN stays NaN."""
    return maximum(x, 0.0)


def sin(x: Any) -> Any:
    """Sine of x radians."""
    return _each("sin", np.sin, x)


def cos(x: Any) -> Any:
    """Cosine of x radians."""
    return _each("cos", np.cos, x)


def floor(x: Any) -> Any:
    """The largest whole number not above x."""
    return _each("floor", np.floor, x)


def round(x: Any) -> Any:
    """The nearest whole number, halves to the even one; -0.0 as 0.0."""
    return rounded(as_float(x)) if _traced(x) else np.rint(_number(x)) + 0.0


def sign(x: Any) -> Any:
    """-1, 0 or 1; NaN stays NaN."""
    return _each("sign", np.sign, x)


def absolute(x: Any) -> Any:
    """|x|; the same as abs(x)."""
    return _each("abs", np.abs, x)


def minimum(a: Any, b: Any) -> Any:
    """The smaller; NaN if either is NaN."""
    return _both("minimum", np.minimum, a, b)


def maximum(a: Any, b: Any) -> Any:
    """The larger; NaN if either is NaN."""
    return _both("maximum", np.maximum, a, b)


def two_sum_error(a: Any, b: Any) -> Any:
    """What rounding drops from a + b, exactly (Knuth 1969, two-sum), for anything that adds and subtracts; NaN where
    the sum is not finite.
    """
    total = a + b
    old = total - b
    return (a - old) + (b - (total - old))


def roundoff(a: Any, b: Any) -> Any:
    """What rounding drops from a + b, so that a sum over many steps can make up for it; 0 where the sum is not finite.
    It has no slope.
    """
    if _traced(a, b):
        return graph.binary("roundoff", a, b)
    lost = two_sum_error(a, b)
    return np.where(np.isnan(lost), 0.0, lost)[()]


def clip(x: Any, low: Any, high: Any) -> Any:
    """x limited to [low, high]; NaN stays NaN."""
    return minimum(maximum(x, low), high)


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, else b. Both are computed; a and b may be records with equal fields."""
    if isinstance(a, State) or isinstance(b, State):
        return tree_map(lambda x, y: where(condition, x, y), a, b)
    if not _traced(condition, a, b):
        chosen = np.where(condition, a, b)[()]
        return chosen if chosen.dtype.kind in "fb" else np.asarray(chosen, dtype=np.float64)[()]
    mask, x, y = lift(condition), lift(a), lift(b)
    if mask.dtype != "bool":
        fail("where needs a condition (a comparison) first, not a number")
    if x.dtype == y.dtype == "bool":
        return (mask & x) | (~mask & y)
    x, y = as_float(x), as_float(y)
    return Node("where", (mask, x, y), broadcast("where", mask, x, y))


# vectors and matrices -------------------------------------------------------------------------------------------------
def dot(a: Any, b: Any) -> Any:
    """Inner product of two vectors."""
    return graph.matmul(_number(a), _number(b)) if _traced(a, b) else np.dot(_number(a), _number(b))


def outer(a: Any, b: Any) -> Any:
    """Matrix [n, m] of products a[i] b[j]."""
    if not _traced(a, b):
        return np.outer(_number(a), _number(b))
    x, y = as_float(lift(a)), as_float(lift(b))
    if x.ndim != 1 or y.ndim != 1:
        fail(f"outer needs two vectors, not shapes {x.shape} and {y.shape}")
    return Node("outer", (x, y), (x.size, y.size))


def sum(x: Any) -> Any:
    """Sum of all elements."""
    return Node("sum", (as_float(x),)) if _traced(x) else np.sum(_number(x))


def mean(x: Any) -> Any:
    """Mean of all elements."""
    return sum(x) * (1.0 / x.size) if _traced(x) else np.mean(_number(x))


def max(x: Any) -> Any:
    """The largest element; NaN if any is NaN."""
    return Node("max", (as_float(x),)) if _traced(x) else np.max(_number(x))


def softmax(x: Any) -> Any:
    """exp(x - max x) / sum of the same: positive, adds up to 1."""
    x = _number(x)
    e = exp(x - max(x))
    return e * (1.0 / sum(e))


def concat(*parts: Any) -> Any:
    """One vector from vectors and scalars, in order."""
    _some("concat", parts)
    if not _traced(*parts):
        return np.concatenate([np.atleast_1d(np.asarray(p, dtype=np.float64)) for p in parts])
    nodes = [as_float(lift(p)) for p in parts]
    if any(n.ndim > 1 for n in nodes):
        fail("concat joins vectors and scalars")
    return Node("concat", tuple(nodes), (int(np.sum([n.size for n in nodes])),))


def _some(name: str, parts: tuple[Any, ...]) -> None:
    if not parts:
        fail(f"{name} of nothing; give vectors or scalars")


def stack(*rows: Any) -> Any:
    """A vector from scalars, or a matrix [k, n] from k vectors of length n."""
    _some("stack", rows)
    if not _traced(*rows):
        return np.stack([np.asarray(r, dtype=np.float64) for r in rows])
    nodes = [as_float(lift(r)) for r in rows]
    if len({n.shape for n in nodes}) > 1 or nodes[0].ndim > 1:
        fail(f"stack needs rows of one shape, not {[n.shape for n in nodes]}")
    return Node("concat", tuple(nodes), (len(nodes), *nodes[0].shape))


def split(x: Any, parts: int | list[int]) -> list[Any]:
    """Consecutive pieces of a vector: `parts` equal ones, or one of each given length."""
    n = len(x)
    if isinstance(parts, int):
        if parts < 1 or n % parts:
            fail(f"a vector of {n} cannot be split into {parts} equal parts")
        parts = [n // parts] * parts
    ends = np.cumsum(parts)
    if ends[-1] != n:
        fail(f"parts {parts} do not add up to the vector's {n}")
    return [x[int(end - size) : int(end)] for size, end in zip(parts, ends, strict=True)]


def lookup(table: Any, at: Any) -> Any:
    """Row `at` of a constant table [K] or [K, n]. `at` is the time step, or a number per individual (rounded down,
    kept within 0..K-1).
    """
    table = np.asarray(table, dtype=np.float64)
    if table.ndim not in (1, 2) or not len(table):
        fail(f"a lookup table has shape [K] or [K, n], not {table.shape}")
    if not _traced(at):
        return table[int(np.clip(np.floor(at) if np.isfinite(at) else 0, 0, len(table) - 1))]
    if at.shape:
        fail("lookup takes one index: a scalar")
    at = at if at.dtype == "int" else as_float(at)
    return Node("lookup", (at,), table.shape[1:], "float", graph.Constant(table))


def put(buffer: Any, at: Any, value: Any) -> Any:
    """A copy of buffer [K] or [K, n] with row `at` (computed from the time step) replaced: a ring buffer at `t % K`."""
    if not _traced(buffer, at, value):
        changed = np.array(buffer, dtype=np.float64)
        changed[int(at)] = value
        return changed
    node, row = as_float(lift(buffer)), as_float(lift(value))
    if not graph.is_uniform(at) or not node.shape:
        fail(
            "put needs a buffer [K] or [K, n] and an index that is a whole number or computed from the time step alone"
        )
    if not isinstance(at, Node) and not -node.shape[0] <= at < node.shape[0]:
        fail(f"put at row {at} of a buffer with {node.shape[0]} rows")
    if isinstance(at, Node):
        check_index(at, node.shape[0])
    where_ = at if isinstance(at, Node) else Node("constant", (), (), "int", int(at) % node.shape[0])
    if row.shape != node.shape[1:]:
        fail(f"put of a row of shape {row.shape} into a buffer of shape {node.shape}")
    return Node("put", (node, where_, row), node.shape)


def leaves_are_traced(tree: Any) -> bool:
    """Whether any leaf of nested records is a traced value."""
    return _traced(*flatten(tree)[0])
