"""The other operations of formulas: choices, vectors, matrices, tables. Each works on NumPy values (the float64 oracle,
one lane) and on traced values (building the graph). Those along the axes of vectors and matrices are in `axes`.

Vectors have shape (n,), matrices (n, m). Elementwise operations take equal shapes, scalars beside one shape, and rows
and columns beside a matrix, as NumPy does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evornn.formula import node as graph
from evornn.formula.arithmetic import rounded
from evornn.formula.elementwise import arctan2, as_number, is_traced, maximum, minimum, sqrt, tanh
from evornn.formula.index_range import check_index
from evornn.formula.node import Node, Operand, aligned, as_float, lift
from evornn.formula.source_lines import fail
from evornn.formula.state import State, flatten, tree_map


# compositions and choices ---------------------------------------------------------------------------------------------
def round(x: Any) -> Any:
    """The nearest whole number, halves to the even one; -0.0 as 0.0."""
    return rounded(as_float(x)) if is_traced(x) else np.rint(as_number(x)) + 0.0


def clip(x: Operand, low: Operand, high: Operand) -> Any:
    """x limited to [low, high]; NaN stays NaN."""
    return minimum(maximum(x, low), high)


def arcsin(x: Any) -> Any:
    """Arc sine in radians; NaN beyond -1 and 1."""
    return arctan2(x, sqrt((1.0 - x) * (1.0 + x))) if is_traced(x) else np.arcsin(as_number(x))


def arccos(x: Any) -> Any:
    """Arc cosine in radians; NaN beyond -1 and 1."""
    return arctan2(sqrt((1.0 - x) * (1.0 + x)), x) if is_traced(x) else np.arccos(as_number(x))


def gelu(x: Any) -> Any:
    """x times the normal distribution's share below it, by tanh within 0.0005 (Hendrycks & Gimpel 2016)."""
    x = as_number(x)
    return 0.5 * x * (1.0 + tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * (x * x * x))))


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, else b. Both are computed; a and b may be records with equal fields."""
    if isinstance(a, State) or isinstance(b, State):
        return tree_map(lambda x, y: where(condition, x, y), a, b)
    if not is_traced(condition, a, b):
        chosen = np.where(condition, a, b)[()]
        return chosen if chosen.dtype.kind in "fb" else np.asarray(chosen, dtype=np.float64)[()]
    mask, x, y = lift(condition), lift(a), lift(b)
    if mask.dtype != "bool":
        fail("where needs a condition (a comparison) first, not a number")
    if x.dtype == y.dtype == "bool":
        return (mask & x) | (~mask & y)
    return Node("where", *aligned("where", mask, as_float(x), as_float(y)))


# vectors and matrices -------------------------------------------------------------------------------------------------
def dot(a: Operand, b: Operand) -> Any:
    """Inner product of two vectors."""
    return graph.matmul(as_number(a), as_number(b)) if is_traced(a, b) else np.dot(as_number(a), as_number(b))


def outer(a: Operand, b: Operand) -> Any:
    """Matrix [n, m] of products a[i] b[j]."""
    if not is_traced(a, b):
        return np.outer(as_number(a), as_number(b))
    x, y = as_float(lift(a)), as_float(lift(b))
    if x.ndim != 1 or y.ndim != 1:
        fail(f"outer needs two vectors, not shapes {x.shape} and {y.shape}")
    return Node("outer", (x, y), (x.size, y.size))


def solve(A: Any, b: Any, symmetric: bool = False) -> Any:
    """x with A x = b: A [n, n], b [n]. By Gauss's elimination with partial pivoting; symmetric=True: A is symmetric and
    positive definite (only what is right of its diagonal is read), at half the cost and without pivots. Where A is
    singular, the result is infinite or NaN.
    """
    if not is_traced(A, b):
        return solution(np.asarray(as_number(A)), np.asarray(as_number(b)))
    matrix, right = as_float(lift(A)), as_float(lift(b))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or right.shape != matrix.shape[:1]:
        fail(f"solve of shapes {matrix.shape} and {right.shape}; it needs a matrix [n, n] and a vector [n]")
    return Node("solve", (matrix, right), right.shape, "float", bool(symmetric))


def solution(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """NumPy's solution of systems [..., n, n] and [..., n]; NaN for those that are singular."""
    try:
        return np.linalg.solve(A, b[..., None])[..., 0]
    except np.linalg.LinAlgError:
        if A.ndim == 2:
            return np.full(b.shape, np.nan)
        return np.stack([solution(a, v) for a, v in zip(A, b, strict=True)])


def concat(*parts: Operand) -> Any:
    """One vector from vectors and scalars, in order."""
    _some("concat", parts)
    if not is_traced(*parts):
        return np.concatenate([np.atleast_1d(np.asarray(p, dtype=np.float64)) for p in parts])
    nodes = [as_float(lift(p)) for p in parts]
    if any(n.ndim > 1 for n in nodes):
        fail("concat joins vectors and scalars")
    return Node("concat", tuple(nodes), (int(np.sum([n.size for n in nodes])),))


def _some(name: str, parts: tuple[object, ...]) -> None:
    if not parts:
        fail(f"{name} of nothing; give vectors or scalars")


def stack(*rows: Operand) -> Any:
    """A vector from scalars, or a matrix [k, n] from k vectors of length n."""
    _some("stack", rows)
    if not is_traced(*rows):
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
    """Row `at` of a table [K] or [K, n], constant or computed. `at` is a whole number, such as the time step, or a
    number for each individual; it is rounded down and kept within 0..K-1.
    """
    if isinstance(table, Node):
        return _row_of(table, at)
    table = np.asarray(table, dtype=np.float64)
    if table.ndim not in (1, 2) or not len(table):
        fail(f"a lookup table has shape [K] or [K, n], not {table.shape}")
    if not is_traced(at):
        return table[row_number(np, at, len(table))]
    if at.shape:
        fail("lookup takes one index: a scalar")
    at = at if at.dtype == "int" else as_float(at)
    return Node("lookup", (at,), table.shape[1:], "float", graph.Constant(table))


def put(buffer: Operand, at: Any, value: Operand) -> Any:
    """A copy of buffer [K] or [K, n] with row `at` replaced: a ring buffer at `t % K`. `at` is a whole number, of the
    time step or a data row; or a number for each individual, rounded down and kept within 0..K-1.
    """
    if not is_traced(buffer, at, value):
        changed = np.array(buffer, dtype=np.float64)
        changed[int(at) if graph.is_uniform(at) else row_number(np, at, len(changed))] = value
        return changed
    node, row = as_float(lift(buffer)), as_float(lift(value))
    if not node.shape:
        fail("put needs a buffer [K] or [K, n]")
    if not graph.is_uniform(at):
        if not isinstance(at, Node):
            fail(f"put at row {at!r}: a fixed row is a whole number")
        return Node("put", (node, _index_of_lanes(at), _of_row(node, row)), node.shape)
    if not isinstance(at, Node) and not -node.shape[0] <= at < node.shape[0]:
        fail(f"put at row {at} of a buffer with {node.shape[0]} rows")
    if isinstance(at, Node):
        check_index(at, node.shape[0])
    where_ = at if isinstance(at, Node) else Node("constant", (), (), "int", int(at) % node.shape[0])
    return Node("put", (node, where_, _of_row(node, row)), node.shape)


def _of_row(buffer: Node, row: Node) -> Node:
    """The row, if it is one of the buffer's shape."""
    if row.shape != buffer.shape[1:]:
        fail(f"put of a row of shape {row.shape} into a buffer of shape {buffer.shape}")
    return row


def row_number(xp: Any, at: Any, rows: int) -> Any:
    """Numbers as indices: rounded down, kept within the rows; NaN and infinity as 0. xp: the array library."""
    return xp.clip(xp.floor(xp.where(xp.isfinite(at), at, 0)), 0, rows - 1).astype(int)


def _index_of_lanes(at: Any) -> Node:
    """A number as an index of each lane's own."""
    index = as_float(lift(at))
    if index.shape:
        fail(f"an index is one number, not shape {index.shape}")
    return index


def _row_of(table: Node, at: Any) -> Node:
    """lookup in a table that is computed."""
    if not table.shape:
        fail("a table has shape [K] or [K, n], and this is one number")
    if not graph.is_uniform(at):
        return Node("take", (table, _index_of_lanes(at)), table.shape[1:], table.dtype)
    inside = minimum(maximum(at, 0), table.shape[0] - 1)
    return table[inside]


def leaves_are_traced(tree: object) -> bool:
    """Whether any leaf of nested records is a traced value."""
    return is_traced(*flatten(tree)[0])
