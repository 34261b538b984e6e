"""The graph behind a formula: immutable single-assignment nodes with known shape and dtype, and the operators users
write on them.

A node is one operation. Its id grows with creation, so ids are a topological order and a graph is whatever is reachable
from its outputs. Three dtypes: "float" (one number a lane), "bool" (a mask) and "int" (uniform over lanes: the time
step and what is computed from it). Shapes are (), (n,) or (n, m) and are checked here, while the user's line is still
on the stack.
"""

from __future__ import annotations

import itertools
import linecache
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from evornn.errors import EvornnError

_HERE = str(Path(__file__).parent)
_ids = itertools.count()


class FormulaError(EvornnError):
    """A formula that cannot be traced; the message names the user's file, line and text."""


def user_line() -> str:
    """`file:line: text` of the innermost frame outside this package: the user's own line."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    name, line = frame.f_code.co_filename, frame.f_lineno
    return f"{name}:{line}: `{linecache.getline(name, line).strip()}`"


def fail(message: str) -> NoReturn:
    """Raise a FormulaError that names the user's line."""
    raise FormulaError(f"{user_line()}: {message}")


class Constant:
    """A constant array inside a graph, compared by content so that equal constants are one node."""

    def __init__(self, array: Any) -> None:
        self.array = np.ascontiguousarray(array, dtype=np.float64)
        self.array.setflags(write=False)
        self._key = (self.array.shape, self.array.tobytes())

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._key == other._key

    def __repr__(self) -> str:
        return f"Constant{self.array.shape}"


class Node:
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
        return self.args[0] if self.op == "transpose" else Node("transpose", (self,), self.shape[::-1])

    def __repr__(self) -> str:
        return f"<{self.op} {self.dtype}{list(self.shape)}>"

    # arithmetic -------------------------------------------------------------------------------------------------------
    def __add__(self, other: Any) -> Node:
        return binary("add", self, other)

    def __radd__(self, other: Any) -> Node:
        return binary("add", other, self)

    def __sub__(self, other: Any) -> Node:
        return binary("sub", self, other)

    def __rsub__(self, other: Any) -> Node:
        return binary("sub", other, self)

    def __mul__(self, other: Any) -> Node:
        return binary("mul", self, other)

    def __rmul__(self, other: Any) -> Node:
        return binary("mul", other, self)

    def __truediv__(self, other: Any) -> Node:
        return binary("div", as_float(self), other)

    def __rtruediv__(self, other: Any) -> Node:
        return binary("div", other, as_float(self))

    def __floordiv__(self, other: Any) -> Node:
        return _uniform("floordiv", self, other)

    def __mod__(self, other: Any) -> Node:
        return _uniform("mod", self, other)

    def __neg__(self) -> Node:
        return unary("neg", self)

    def __pos__(self) -> Node:
        return self

    def __abs__(self) -> Node:
        return unary("abs", self)

    def __pow__(self, power: Any) -> Node:
        if isinstance(power, bool) or not isinstance(power, int):
            fail(f"a power must be a whole number, not {power!r}; use exp(k * log(x)) or sqrt(x)")
        return _power(self, power)

    def __matmul__(self, other: Any) -> Node:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Node:
        return matmul(other, self)

    # comparisons and masks --------------------------------------------------------------------------------------------
    def __lt__(self, other: Any) -> Node:
        return compare("lt", self, other)

    def __le__(self, other: Any) -> Node:
        return compare("le", self, other)

    def __gt__(self, other: Any) -> Node:
        return compare("lt", other, self)

    def __ge__(self, other: Any) -> Node:
        return compare("le", other, self)

    def __eq__(self, other: Any) -> Node:  # type: ignore[override]
        return compare("eq", self, other)

    def __ne__(self, other: Any) -> Node:  # type: ignore[override]
        return compare("ne", self, other)

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Node:
        return logical("and", self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Node:
        return logical("or", self, other)

    __ror__ = __or__

    def __invert__(self) -> Node:
        if self.dtype != "bool":
            fail("~ needs a condition (a comparison), not a number")
        return Node("not", (self,), self.shape, "bool")

    # parts ------------------------------------------------------------------------------------------------------------
    def __len__(self) -> int:
        if not self.shape:
            fail("a scalar has no length")
        return self.shape[0]

    def __iter__(self) -> Any:
        return iter([self[i] for i in range(len(self))])

    def __getitem__(self, key: Any) -> Node:
        return index(self, key)

    # what a traced value cannot be ------------------------------------------------------------------------------------
    def __bool__(self) -> NoReturn:
        fail(
            "a traced value has no truth value: it differs between individuals, so `if`, `while`, `and`, `or`, `not` "
            "and `min`/`max` "
            "cannot follow it; use where(condition, a, b), `&`, `|`, `~`, minimum or maximum"
        )

    def __float__(self) -> NoReturn:
        fail(
            "float() of a traced value: it has no number yet; keep it in the formula, "
            "and choose with where(condition, a, b)"
        )

    def __int__(self) -> NoReturn:
        fail("int() of a traced value: it has no number yet; use floor(x), lookup(table, x) or where(condition, a, b)")

    __index__ = __int__

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        fail("a traced value cannot become a NumPy array; use the functions of evornn.formula (concat, stack, ...)")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Let NumPy's own functions and constants meet traced values: np.tanh(x) and array * x trace like tanh(x) and
        x * array.
        """
        name = _UFUNCS.get(ufunc.__name__)
        if method != "__call__" or kwargs or name is None:
            fail(f"np.{ufunc.__name__} is not a formula operation; see evornn.formula for what is")
        return name(*inputs)


# building blocks ------------------------------------------------------------------------------------------------------
def lift(value: Any) -> Node:
    """A Node for `value`: itself, or a constant for a number or array."""
    if isinstance(value, Node):
        return value
    if isinstance(value, bool | np.bool_):
        return Node("constant", (), (), "bool", bool(value))
    if isinstance(value, int | float | np.integer | np.floating):
        return Node("constant", (), (), "float", float(value))
    if isinstance(value, np.ndarray | list | tuple) and np.asarray(value).dtype.kind in "fiu":
        array = np.asarray(value, dtype=np.float64)
        return Node("constant", (), array.shape, "float", Constant(array) if array.ndim else float(array))
    fail(f"{value!r} ({type(value).__name__}) cannot be part of a formula; numbers, arrays and traced values can")


def as_float(node: Node) -> Node:
    """`node` as a float value: masks become 0 and 1, uniform integers are converted."""
    if node.dtype == "float":
        return node
    if node.dtype == "int":
        return Node("to_float", (node,), node.shape)
    return Node("where", (node, lift(1.0), lift(0.0)), node.shape)


def broadcast(what: str, *nodes: Node) -> tuple[int, ...]:
    """The common shape: equal shapes, or scalars beside one shape."""
    shapes = {n.shape for n in nodes if n.shape}
    if len(shapes) > 1:
        fail(f"{what} of shapes {' and '.join(map(str, sorted(shapes)))}: they must be equal, or one a scalar")
    return shapes.pop() if shapes else ()


def _is_uniform(value: Any) -> bool:
    return (isinstance(value, Node) and value.dtype == "int") or (
        isinstance(value, int | np.integer) and not isinstance(value, bool)
    )


def _uniform(op: str, a: Any, b: Any) -> Node:
    """Integer arithmetic on the time step: the same for every lane."""
    if not (_is_uniform(a) and _is_uniform(b)):
        fail(
            f"{'//' if op == 'floordiv' else '%'} works on the time step and whole numbers; for other values use floor"
        )
    pair = tuple(x if isinstance(x, Node) else Node("constant", (), (), "int", int(x)) for x in (a, b))
    return Node(op, pair, (), "int")


def binary(op: str, a: Any, b: Any) -> Node:
    """Elementwise a op b."""
    if op in ("add", "sub", "mul", "minimum", "maximum") and _is_uniform(a) and _is_uniform(b):
        return _uniform(op, a, b)
    x, y = as_float(lift(a)), as_float(lift(b))
    return Node(op, (x, y), broadcast(op, x, y))


def unary(op: str, a: Any) -> Node:
    """Elementwise op(a)."""
    x = as_float(lift(a))
    return Node(op, (x,), x.shape)


def compare(op: str, a: Any, b: Any) -> Node:
    """Elementwise comparison: a mask."""
    x, y = as_float(lift(a)), as_float(lift(b))
    return Node(op, (x, y), broadcast("comparison", x, y), "bool")


def logical(op: str, a: Any, b: Any) -> Node:
    """Mask op mask."""
    x, y = lift(a), lift(b)
    if x.dtype != "bool" or y.dtype != "bool":
        fail(f"{'&' if op == 'and' else '|'} needs conditions on both sides; put each comparison in parentheses")
    return Node(op, (x, y), broadcast(op, x, y), "bool")


def _power(x: Node, power: int) -> Node:
    if power < 0:
        return 1.0 / _power(x, -power)
    if power == 0:
        return lift(np.ones(x.shape)) if x.shape else lift(1.0)
    half = _power(x, power // 2) if power > 1 else None
    if half is None:
        return x
    return half * half * x if power % 2 else half * half


def matmul(a: Any, b: Any) -> Node:
    """Matrix @ vector, vector @ matrix or vector @ vector."""
    x, y = as_float(lift(a)), as_float(lift(b))
    if x.ndim == 2 and y.ndim == 1 and x.shape[1] == y.shape[0]:
        return Node("matvec", (x, y), (x.shape[0],))
    if x.ndim == 1 and y.ndim == 2 and x.shape[0] == y.shape[0]:
        return Node("matvec", (y.T, x), (y.shape[1],))
    if x.ndim == 1 and y.ndim == 1 and x.shape == y.shape:
        return Node("sum", (x * y,))
    fail(f"@ of shapes {x.shape} and {y.shape}: needs [n, m] @ [m], [n] @ [n, m] or [n] @ [n]")


def index(x: Node, key: Any) -> Node:
    """x[i], x[i:j], W[i], W[i, j], W[:, j] with static indices; buffer[i] with an index computed from the time step."""
    if isinstance(key, Node):
        if key.dtype != "int" or not x.shape:
            fail(
                "an index must be static or come from the time step alone; for one per individual use lookup(table, x)"
            )
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


_UFUNCS: dict[str, Any] = {
    **{
        name: lambda a, b, op=op: binary(op, a, b)
        for name, op in {
            "add": "add",
            "subtract": "sub",
            "multiply": "mul",
            "minimum": "minimum",
            "maximum": "maximum",
        }.items()
    },
    **{
        name: lambda a, op=op: unary(op, a)
        for name, op in {
            "tanh": "tanh",
            "exp": "exp",
            "log": "log",
            "sqrt": "sqrt",
            "sin": "sin",
            "cos": "cos",
            "absolute": "abs",
            "floor": "floor",
            "sign": "sign",
            "negative": "neg",
        }.items()
    },
    "divide": lambda a, b: binary("div", a, b),
    "matmul": matmul,
    "power": lambda a, b: lift(a) ** b,
    "less": lambda a, b: compare("lt", a, b),
    "less_equal": lambda a, b: compare("le", a, b),
    "greater": lambda a, b: compare("lt", b, a),
    "greater_equal": lambda a, b: compare("le", b, a),
    "equal": lambda a, b: compare("eq", a, b),
    "not_equal": lambda a, b: compare("ne", a, b),
    "bitwise_and": lambda a, b: logical("and", a, b),
    "bitwise_or": lambda a, b: logical("or", a, b),
    "logical_and": lambda a, b: logical("and", a, b),
    "logical_or": lambda a, b: logical("or", a, b),
}
