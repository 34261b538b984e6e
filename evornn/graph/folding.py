"""The first pass over a graph: constants folded, equal nodes shared, small functions kept and large ones inlined."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from evornn.formula.elementwise import OPERATIONS
from evornn.formula.node import Constant, Node
from evornn.formula.node_tools import GLOBAL, in_registers, is_constant, value_of
from evornn.formula.trace import Function, reachable, rebuilt

_FOLD: dict[str, Callable[..., Any]] = {
    **{name: functools.partial(o.compute, np) for name, o in OPERATIONS.items() if name != "fma"},
    "to_float": float,
    "sum": np.sum,
    "max": np.max,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
}


class Builder:
    """Makes nodes through rewriting rules, sharing equal ones."""

    def __init__(self, rules: Callable[[Builder, Node, Node | None], Node | None]) -> None:
        self._known: dict[Any, Node] = {}
        self._rules = rules
        self.functions: dict[int, Function] = {}

    def make(
        self,
        op: str,
        args: tuple[Node, ...] = (),
        shape: tuple[int, ...] = (),
        dtype: str = "float",
        attr: Any = None,
        old: Node | None = None,
    ) -> Node:
        """The simplified node for this operation; `old` is the node it replaces, None for one that a rule invents."""
        told = attr.hex() if isinstance(attr, float) else attr  # 0.0 and -0.0 are equal, but not the same
        key = (op, tuple(a.id for a in args), shape, dtype, told, type(attr))
        if key not in self._known:
            node = Node(op, args, shape, dtype, attr)
            better = self._rules(self, node, old)
            self._known[key] = node if better is None else better
        return self._known[key]

    def constant(self, value: Any, dtype: str = "float") -> Node:
        """A constant node."""
        array = np.asarray(value)
        if array.ndim:
            return self.make("constant", (), array.shape, dtype, Constant(array))
        kind = {"float": float, "bool": bool, "int": int}[dtype]
        return self.make("constant", (), (), dtype, kind(array[()]))

    def _structure(self, node: Node, args: tuple[Node, ...]) -> Node:
        if node.op == "call":
            function = self.function(node.attr)
            return (
                Node("results", tuple(self._inlined(function, args)))
                if _too_large(function)
                else self.make("call", args, (), "tuple", function)
            )
        if node.op == "when":
            function = self.function(node.attr)
            if not is_constant(args[0]):
                return self.make("when", args, (), "tuple", function)
            taken = self._inlined(function, args[1:]) if args[0].attr else args[1 : 1 + len(function.outputs)]
            return Node("results", tuple(taken))
        if node.op == "repeat":
            return self.make("repeat", args, (), "tuple", (self.function(node.attr[0]), node.attr[1]))
        if node.op == "item" and args[0].op == "results":
            return args[0].args[node.attr]
        return self.make(node.op, args, node.shape, node.dtype, node.attr, node)

    def function(self, function: Function) -> Function:
        """The simplified form of a sub-function; what it captured becomes an argument."""
        if id(function) not in self.functions:
            inputs = [
                Node("input", (), n.shape, n.dtype, f"a{i}")
                for i, n in enumerate((*function.inputs, *function.captured))
            ]
            old = [n.id for n in (*function.inputs, *function.captured)]
            outputs = rebuilt(function.outputs, dict(zip(old, inputs, strict=True)), self._structure)
            self.functions[id(function)] = Function(function.name, inputs, outputs, function.definition)
            self.functions[id(self.functions[id(function)])] = self.functions[id(function)]
        return self.functions[id(function)]

    def _inlined(self, function: Function, args: tuple[Node, ...]) -> list[Node]:
        inputs = {n.id: a for n, a in zip(function.inputs, args, strict=True)}
        return rebuilt(function.outputs, inputs, self._structure)


def _too_large(function: Function) -> bool:
    """Whether a function's values do not all fit registers: then it is inlined where it is called."""
    inside = (n for n in reachable(function.outputs) if n.op not in GLOBAL and n.dtype != "tuple")
    return not all(in_registers(n) for n in (*function.inputs, *function.outputs, *inside))


def fold(b: Builder, node: Node) -> Node | None:
    """First pass: constants, identities, views of views, and masked writes into buffers."""
    op, args = node.op, node.args
    if op in _FOLD and args and all(is_constant(a) for a in args):
        with np.errstate(all="ignore"):
            return b.constant(_FOLD[op](*(value_of(a) for a in args)), node.dtype)
    if op in ("slice", "gather"):
        return _view(b, node)
    if op in ("expand", "sum_axis", "max_axis") and is_constant(args[0]):
        return b.constant(_along(op, value_of(args[0]), node), node.dtype)
    rule = _IDENTITIES.get(op)
    return rule(b, node, *args) if rule else None


def _along(op: str, value: np.ndarray, node: Node) -> np.ndarray:
    if op == "expand":
        return np.broadcast_to(np.expand_dims(value, node.attr), node.shape)
    return value.sum(node.attr) if op == "sum_axis" else value.max(node.attr)


def _view(b: Builder, node: Node) -> Node | None:
    (x,) = node.args
    if node.op == "slice" and node.attr == 0 and x.shape == node.shape:
        return x
    picks = range(node.attr, node.attr + node.size) if node.op == "slice" else node.attr
    if x.op == "constant":
        picked = value_of(x).ravel()[list(picks)]
        return b.constant(picked.reshape(node.shape) if node.shape else picked[0], node.dtype)
    if x.op == "slice":
        return b.make(
            node.op,
            x.args,
            node.shape,
            node.dtype,
            node.attr + x.attr if node.op == "slice" else tuple(i + x.attr for i in picks),
        )
    if x.op == "concat" and node.size == 1 and not node.shape:
        return _element(b, x, picks[0])
    return None


def _element(b: Builder, x: Node, at: int) -> Node:
    for part in x.args:
        if at < part.size:
            return part if not part.shape else b.make("slice", (part,), (), part.dtype, at)
        at -= part.size
    raise IndexError(at)


def _where(b: Builder, node: Node, mask: Node, x: Node, y: Node) -> Node | None:
    if is_constant(mask) and not mask.shape:
        chosen = x if value_of(mask) else y
        return chosen if chosen.shape == node.shape else None
    if x is y and x.shape == node.shape:
        return x
    if x.op == "put" and x.args[0] is y and not mask.shape:  # a frozen lane keeps its row: write the old one back
        old = b.make("take", (y, x.args[1]), x.args[2].shape)
        return b.make("put", (y, x.args[1], b.make("where", (mask, x.args[2], old), old.shape)), y.shape)
    return None


def _invertible(y: Node) -> bool:
    """Whether the reciprocal is a normal number in float32, too."""
    size = np.abs(value_of(y))
    return bool(np.all((size > 2.0**-125) & (size < 2.0**125)))


def _logic(absorbing: bool) -> Callable[..., Node | None]:
    def rule(b: Builder, node: Node, x: Node, y: Node) -> Node | None:
        for one, other in ((x, y), (y, x)):
            if is_constant(one) and not one.shape:
                if value_of(one) == absorbing:
                    return b.constant(np.full(node.shape, absorbing)[()], "bool")
                return other if other.shape == node.shape else None
        return None

    return rule


_IDENTITIES: dict[str, Callable[..., Node | None]] = {
    "add": lambda b, n, x, y: (
        y if is_constant(x, 0) and y.shape == n.shape else x if is_constant(y, 0) and x.shape == n.shape else None
    ),
    "sub": lambda b, n, x, y: x if is_constant(y, 0) else None,
    "roundoff": lambda b, n, x, y: (
        b.constant(0.0) if (is_constant(x, 0) or is_constant(y, 0)) and not n.shape else None
    ),
    "mul": lambda b, n, x, y: (
        y if is_constant(x, 1) and y.shape == n.shape else x if is_constant(y, 1) and x.shape == n.shape else None
    ),
    "div": lambda b, n, x, y: (
        b.make("mul", (x, b.constant(1 / value_of(y))), n.shape) if is_constant(y) and _invertible(y) else None
    ),
    "neg": lambda b, n, x: x.args[0] if x.op == "neg" else None,
    "not": lambda b, n, x: x.args[0] if x.op == "not" else None,
    "transpose": lambda b, n, x: (
        b.constant(value_of(x).T.copy(), n.dtype) if is_constant(x) else x.args[0] if x.op == "transpose" else None
    ),
    "and": _logic(False),
    "or": _logic(True),
    "where": _where,
}
