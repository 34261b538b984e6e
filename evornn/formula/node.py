"""The graph behind a formula: immutable single-assignment nodes with known shape and dtype, and the operators users
write on them.

A node is one operation. Its id grows with creation, so ids are a topological order and a graph is whatever is reachable
from its outputs. Three dtypes: "float" (one number a lane), "bool" (a mask) and "int" (whole numbers: the time step,
data rows of whole numbers, and what is computed from these). Shapes are (), (n,) or (n, m) and are checked here, while
the user's line is still on the stack.
"""

from __future__ import annotations

import itertools
import sys
from typing import Any, TypeAlias, cast

import numpy as np

from evornn.formula.index_range import check_index
from evornn.formula.operators import Operators, Refusals, install
from evornn.formula.source_lines import fail, wrong

_ids = itertools.count()
COUNTED = "counted"  # marks the choice of 1 and 0 that stands for a condition in arithmetic
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "neg": "-", "and": "&", "or": "|", "xor": "^"}


Operand: TypeAlias = "Node | np.ndarray | np.generic | float | list[Any] | tuple[Any, ...]"  # what operators take
Index: TypeAlias = "Node | int | slice | np.ndarray | tuple[Any, ...]"


class Constant:
    """A constant array inside a graph, compared by content so that equal constants are one node."""

    def __init__(self, array: np.ndarray | list[float]) -> None:
        self.array = np.ascontiguousarray(array, dtype=np.float64)
        self.array.setflags(write=False)
        self._key = (self.array.shape, self.array.tobytes())

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._key == other._key

    def __repr__(self) -> str:
        return f"Constant{self.array.shape}"


class Node(Operators, Refusals):
    """One traced value: operation, arguments, static attribute, shape and dtype. Behaves like the number or array it
    stands for.
    """

    __slots__ = ("args", "attr", "dtype", "id", "op", "shape")

    def __init__(
        self, op: str, args: tuple[Node, ...] = (), shape: tuple[int, ...] = (), dtype: str = "float", attr: Any = None
    ) -> None:
        self.op, self.args, self.shape, self.dtype, self.attr = op, args, shape, dtype, attr
        self.id = next(_ids)

    @property
    def size(self) -> int:
        """Number of elements: 1 for a scalar."""
        return int(np.prod(self.shape, dtype=int))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def T(self) -> Node:
        """The transposed matrix (used by `W.T @ x`)."""
        if self.ndim != 2:
            fail(f"only a matrix has .T; this value has shape {self.shape}")
        return self.args[0] if self.op == "transpose" else Node("transpose", (self,), self.shape[::-1], self.dtype)

    def __repr__(self) -> str:
        return f"<{self.op} {self.dtype}{list(self.shape)}>"


# building blocks ------------------------------------------------------------------------------------------------------
def lift(value: Operand) -> Node:
    """A Node for `value`: itself, or a constant for a number or array."""
    if isinstance(value, Node):
        return value
    if isinstance(value, bool | np.bool_):
        return Node("constant", (), (), "bool", bool(value))
    if isinstance(value, int | float | np.integer | np.floating):
        try:
            return Node("constant", (), (), "float", float(value))
        except OverflowError:
            fail("a whole number that no float can hold")
    if isinstance(value, list | tuple) and any(isinstance(v, Node) for v in value):
        fail("a list of traced values is no vector; use concat(...) or stack(...)")
    array = _array(value)
    if array is not None and array.dtype.kind == "b":
        return Node("constant", (), array.shape, "bool", Constant(array) if array.ndim else bool(array))
    if array is not None and array.dtype.kind in "fiu":
        return Node("constant", (), array.shape, "float", Constant(array) if array.ndim else float(array))
    raise wrong(
        f"{value!r} ({type(value).__name__}) cannot be part of a formula; numbers, arrays and traced values can"
    )


def _array(value: Operand) -> np.ndarray | None:
    """The array of an array or list; None if there is none."""
    if not isinstance(value, np.ndarray | list | tuple):
        return None
    try:
        return np.asarray(value)
    except ValueError:  # rows of different lengths
        return None


def refuse_conditions(what: str, *values: Operand, any_of_them: bool = False) -> None:
    """Fail where all values (or any of them) are conditions. NumPy has other rules for these alone: it takes a sum for
    `or`, a product for `and`, and refuses a difference.
    """
    conditions = [isinstance(v, bool | np.bool_) or getattr(v, "dtype", None) in ("bool", np.bool_) for v in values]
    if (any if any_of_them else all)(conditions):
        fail(
            f"{what} of conditions: write where(condition, 1.0, 0.0) to count one as a number, "
            "or join them by `&`, `|`, `^`, `~`"
        )


def as_float(node: Node) -> Node:
    """`node` as a float value: masks become 0 and 1, uniform integers are converted."""
    if node.dtype == "float":
        return node
    if node.dtype == "int":
        return Node("to_float", (node,), node.shape)
    return Node("where", (node, lift(1.0), lift(0.0)), node.shape, "float", COUNTED)


def aligned(what: str, *nodes: Node) -> tuple[tuple[Node, ...], tuple[int, ...]]:
    """Values as one operation takes them, each of the common shape or a scalar, and that shape: equal shapes, scalars,
    and beside a matrix its rows and columns, as NumPy has it.
    """
    shapes = {n.shape for n in nodes if n.shape}
    if len(shapes) < 2:
        return nodes, shapes.pop() if shapes else ()
    named = " and ".join(map(str, sorted(shapes)))
    if all(len(s) == 1 for s in shapes):
        fail(f"{what} of shapes {named}: they must be equal, or one a scalar; v[:, None] is a column, for a matrix")
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        n, m = max(shapes, key=lambda s: (len(s), s))
        fits = f"{n, m}, {(m,)} or {1, m} for every row, {n, 1} for every column (v[:, None]), or a scalar"
        fail(f"{what} of shapes {named}: beside {n, m} fit {fits}")
    return tuple(expanded(n, shape) for n in nodes), shape


def expanded(node: Node, shape: tuple[int, ...]) -> Node:
    """A vector, row or column repeated to a matrix of this shape; a scalar stays one."""
    if node.size == 1 or node.size == np.prod(shape):
        return reshaped(node, shape if node.size == np.prod(shape) and node.shape else ())
    new = 1 if node.ndim == 2 and node.shape[1] == 1 else 0
    return Node("expand", (reshaped(node, (node.size,)),), shape, node.dtype, new)


def reshaped(node: Node, shape: tuple[int, ...]) -> Node:
    """The same elements, row by row, in another shape of the same size."""
    if node.shape == shape:
        return node
    if not node.shape:
        node = Node("concat", (as_float(node),), (1,))
    if node.op == "gather":
        return Node("gather", node.args, shape, node.dtype, node.attr)
    whole = node.op == "slice" and node.attr == 0 and node.args[0].size == node.size
    node = node.args[0] if whole else node
    return node if node.shape == shape else Node("slice", (node,), shape, node.dtype, 0)


def is_uniform(value: Operand) -> bool:
    """Whether it is a whole number, or comes from the time step alone: the same for every lane."""
    if isinstance(value, Node):
        return value.dtype == "int"
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def binary(op: str, a: Operand, b: Operand) -> Node:
    """Elementwise a op b; arithmetic on the time step stays whole."""
    if op != "div" and is_uniform(a) and is_uniform(b):
        if op in ("floordiv", "mod") and not isinstance(b, Node) and b == 0:
            fail("// and % by 0")
        pair = tuple(x if isinstance(x, Node) else Node("constant", (), (), "int", int(cast(int, x))) for x in (a, b))
        return Node(op, pair, (), "int")
    x, y = lift(a), lift(b)
    refuse_conditions(_SIGNS.get(op, op), x, y)
    return Node(op, *aligned(op, as_float(x), as_float(y)))


def unary(op: str, a: Operand) -> Node:
    """Elementwise op(a)."""
    x = lift(a)
    refuse_conditions(_SIGNS.get(op, op), x)
    return Node(op, (as_float(x),), x.shape)


def compare(op: str, a: Operand, b: Operand) -> Node:
    """Elementwise comparison: a mask."""
    return Node(op, *aligned("comparison", as_float(lift(a)), as_float(lift(b))), "bool")


def logical(op: str, a: Operand, b: Operand) -> Node:
    """Mask op mask."""
    x, y = lift(a), lift(b)
    if x.dtype != "bool" or y.dtype != "bool":
        fail(f"{_SIGNS[op]} needs conditions on both sides; put each comparison in parentheses")
    if op == "xor":
        return (x & ~y) | (~x & y)
    return Node(op, *aligned(op, x, y), "bool")


def matmul(a: Operand, b: Operand) -> Node:
    """Matrix @ vector, vector @ matrix, vector @ vector or matrix @ matrix."""
    refuse_conditions("@", lift(a), lift(b))
    x, y = as_float(lift(a)), as_float(lift(b))
    if x.ndim == 2 and y.ndim == 1 and x.shape[1] == y.shape[0]:
        return Node("matvec", (x, y), (x.shape[0],))
    if x.ndim == 1 and y.ndim == 2 and x.shape[0] == y.shape[0]:
        return Node("matvec", (y.T, x), (y.shape[1],))
    if x.ndim == 1 and y.ndim == 1 and x.shape == y.shape:
        return Node("sum", (x * y,))
    if x.ndim == 2 and y.ndim == 2 and x.shape[1] == y.shape[0]:
        return Node("matmul", (x, y), (x.shape[0], y.shape[1]))
    raise wrong(f"@ of shapes {x.shape} and {y.shape}: needs [n, m] @ [m], [n] @ [n, m], [n] @ [n] or [n, k] @ [k, m]")


def index(x: Node, key: Index) -> Node:
    """x[i], x[i:j], W[i], W[i, j], W[:, j] with static indices; buffer[i] with an index computed from the time step."""
    if isinstance(key, Node):
        if key.dtype != "int" or not x.shape:
            fail(
                "an index must be static, or a whole number of the time step or of a data row; for one per individual "
                "use lookup(table, x)"
            )
        check_index(key, x.shape[0])
        return Node("take", (x, key), x.shape[1:], x.dtype)
    if not x.shape:
        fail("a scalar cannot be indexed")
    try:
        picked = np.arange(x.size).reshape(x.shape)[key]
    except (IndexError, TypeError) as error:
        fail(f"index {key!r} of a value of shape {x.shape}: {error}")
    flat = np.atleast_1d(picked).ravel()
    shape = picked.shape if isinstance(picked, np.ndarray) else ()
    if len(shape) > 2 or flat.size == 0:
        fail(f"index {key!r} of a value of shape {x.shape} gives shape {shape}")
    if flat.size == x.size and np.array_equal(flat, np.arange(x.size)):
        return x if shape == x.shape else Node("slice", (x,), shape, x.dtype, 0)
    if np.array_equal(flat, np.arange(flat[0], flat[0] + flat.size)):
        return Node("slice", (x,), shape, x.dtype, int(flat[0]))
    return Node("gather", (x,), shape, x.dtype, tuple(int(i) for i in flat))


install("node", sys.modules[__name__])
