"""NumPy's functions of whole arrays in a formula: the formula's operation, refused where NumPy's differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from evornn.formula import axes, elementwise, operations
from evornn.formula import node as graph
from evornn.formula.node import Node, Operand, as_float, binary, lift, refuse_conditions
from evornn.formula.node_tools import SMALL
from evornn.formula.source_lines import fail

Bound: TypeAlias = "Operand | None"


def _reduced(operation: Callable[..., Any], conditions: bool = False) -> Callable[..., Any]:
    """A reduction of all elements, or along an axis."""

    def reduction(x: Operand, axis: Any = None, keepdims: bool = False) -> Any:
        node = lift(x)
        if not conditions:
            refuse_conditions("a reduction", node)
        return operation(node, axis, keepdims)

    return reduction


def _clip(x: Operand, a_min: Bound = None, a_max: Bound = None, *, min: Bound = None, max: Bound = None) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    node = lift(x)
    refuse_conditions("np.clip", node)
    node = node if low is None else binary("maximum", node, low)
    return node if high is None else binary("minimum", node, high)


def _joined(what: str, parts: Sequence[Operand], operation: Callable[..., Any], shapes: tuple[int, ...]) -> Any:
    nodes = [lift(part) for part in parts]
    refuse_conditions(what, *nodes)
    if any(n.ndim not in shapes for n in nodes):
        fail(f"{what} of shapes {[n.shape for n in nodes]}: use concat or stack, which join vectors and scalars")
    return operation(*nodes)


def _along(axis: object) -> None:
    if axis not in (0, None):
        fail(f"axis={axis!r}: vectors are joined along axis 0")


def _concatenate(parts: Sequence[Operand], axis: object = 0) -> Any:
    _along(axis)
    return _joined("np.concatenate", parts, operations.concat, (1,))


def _stacked(parts: Sequence[Operand], axis: object = 0) -> Any:
    _along(axis)
    return _joined("np.stack", parts, operations.stack, (0, 1))


def _dot(a: Operand, b: Operand) -> Any:
    x, y = lift(a), lift(b)
    return graph.matmul(x, y) if x.ndim and y.ndim else binary("mul", x, y)


def _inner(a: Operand, b: Operand) -> Any:
    x, y = lift(a), lift(b)
    if x.ndim > 1 or y.ndim > 1:
        fail("an inner product of matrices; use sum(a * b) or @")
    return _dot(x, y)


def _outer(a: Operand, b: Operand) -> Any:
    refuse_conditions("np.outer", lift(a), lift(b))
    return operations.outer(a, b)


def _norm(x: Operand) -> Any:
    node = as_float(lift(x))
    return elementwise.sqrt(axes.sum(node * node)) if node.ndim else abs(node)


def _variance(x: Node, axis: axes.Axis, keepdims: bool) -> Node:
    apart = x - axes.mean(x, axis, keepdims=x.ndim == 2)
    return axes.mean(apart * apart, axis, keepdims)


def _deviation(x: Node, axis: axes.Axis, keepdims: bool) -> Node:
    return elementwise.sqrt(_variance(x, axis, keepdims))


def _round(x: Operand, decimals: int = 0) -> Any:
    node = lift(x)
    refuse_conditions("np.round", node)
    if not graph.is_uniform(decimals) or isinstance(decimals, Node):
        fail(f"decimals is {decimals!r}; it must be a whole number")
    scale = 10.0 ** abs(decimals)
    if decimals == 0:
        return operations.round(node)
    return operations.round(node * scale) / scale if decimals > 0 else operations.round(node / scale) * scale


def _full(x: Node, value: Operand) -> Any:
    return np.full(x.shape, value, dtype=np.float64)[()]


def ravel(x: Any) -> Any:
    """All elements as a vector."""
    return axes.reshape(x, -1)


def _min(x: Node, axis: axes.Axis, keepdims: bool) -> Node:
    return -axes.max(-x, axis, keepdims)


def _all(x: Node, axis: axes.Axis, keepdims: bool) -> Node:
    return ~_any(~x, axis, keepdims)


def _any(x: Node, axis: axes.Axis, keepdims: bool) -> Node:
    if x.dtype != "bool":
        fail("any and all need conditions (comparisons), not numbers")
    return axes.max(x, axis, keepdims) > 0.5


def _product(x: Node, axis: axes.Axis, keepdims: bool) -> Node:
    at = axes.axis_of(x, axis)
    if at is None and x.size <= SMALL:
        result = lift(1.0)
        for one in ravel(x):
            result = result * one
    else:
        so_far = axes.cumprod(x, at)
        result = so_far[:, -1] if at == 1 else so_far[-1]
    if not keepdims:
        return result
    return axes.reshape(result, tuple(1 if at in (None, i) else n for i, n in enumerate(x.shape)))


def _dropped(x: Any, axis: Any = None) -> Any:
    """np.squeeze."""
    if axis is not None and x.shape[axis] != 1:
        fail(f"axis {axis} of shape {x.shape} is not 1 long")
    drop = {axis % x.ndim} if axis is not None else {i for i, n in enumerate(x.shape) if n == 1}
    return axes.reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in drop))


def _inserted(x: Any, axis: int) -> Any:
    """np.expand_dims."""
    shape = list(x.shape)
    shape.insert(axis % (x.ndim + 1), 1)
    return axes.reshape(x, tuple(shape))


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.clip: _clip,
    np.where: lambda condition, a, b: operations.where(condition, a, b),
    np.dot: _dot,
    np.vdot: _inner,
    np.inner: _inner,
    np.outer: _outer,
    np.sum: _reduced(axes.sum, conditions=True),
    np.mean: _reduced(axes.mean, conditions=True),
    np.max: _reduced(axes.max),
    np.min: _reduced(_min),
    np.prod: _reduced(_product),
    np.var: _reduced(_variance),
    np.std: _reduced(_deviation),
    np.any: _reduced(_any, conditions=True),
    np.all: _reduced(_all, conditions=True),
    np.concatenate: _concatenate,
    np.hstack: lambda parts: _joined("np.hstack", parts, operations.concat, (0, 1)),
    np.append: lambda x, values: _joined("np.append", (x, values), operations.concat, (0, 1)),
    np.stack: _stacked,
    np.vstack: lambda parts: _joined("np.vstack", parts, operations.stack, (1,)),
    np.round: _round,
    np.transpose: lambda x: lift(x).T if lift(x).ndim == 2 else lift(x),
    np.linalg.norm: _norm,
    np.linalg.solve: lambda a, b: operations.solve(a, b),
    np.flip: lambda x: x[::-1],
    np.roll: axes.roll,
    np.argmax: axes.argmax,
    np.cumsum: axes.cumsum,
    np.cumprod: axes.cumprod,
    np.reshape: axes.reshape,
    np.squeeze: _dropped,
    np.expand_dims: _inserted,
    np.diff: lambda x: x[1:] - x[:-1],
    np.ravel: ravel,
    np.zeros_like: lambda x: _full(x, 0.0),
    np.ones_like: lambda x: _full(x, 1.0),
    np.full_like: _full,
    np.shape: lambda x: x.shape,
    np.size: lambda x: x.size,
    np.ndim: lambda x: x.ndim,
}
FUNCTIONS[np.around] = _round
