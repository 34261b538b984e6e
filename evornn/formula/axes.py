"""Operations along the axes of vectors and matrices: reductions, and other shapes. Axes count as NumPy's do; None: all
elements together.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from evornn.formula.elementwise import as_number, exp, is_traced
from evornn.formula.node import Node, as_float, compare, lift, reshaped
from evornn.formula.operations import where
from evornn.formula.source_lines import fail

Axis: TypeAlias = int | None


def axis_of(node: Node, axis: Axis) -> Axis:
    """0 or 1 for a matrix; None for all elements, and for a vector's own axis."""
    if axis is None:
        return None
    if not isinstance(axis, int | np.integer) or not -node.ndim <= axis < node.ndim:
        fail(f"axis={axis!r} of a value of shape {node.shape}; it has axes {list(range(node.ndim))}, or None for all")
    return int(axis) % node.ndim if node.ndim == 2 else None


def _kept(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape of a reduction that keeps its axes as 1."""
    return (1,) * len(shape) if axis is None else tuple(1 if i == axis else n for i, n in enumerate(shape))


def _reduced(word: str, x: Any, axis: Axis, keepdims: bool) -> Node:
    node = as_float(lift(x))
    at = axis_of(node, axis)
    if at is None:
        result = Node(word, (node,))
    elif node.shape[at] == 1:
        result = reshaped(node, (node.size,))
    else:
        result = Node(f"{word}_axis", (node,), (node.shape[1 - at],), "float", at)
    return reshaped(result, _kept(node.shape, at)) if keepdims else result


# reductions -----------------------------------------------------------------------------------------------------------
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum of all elements, or along an axis of a matrix."""
    return _reduced("sum", x, axis, keepdims) if is_traced(x) else np.sum(as_number(x), axis, keepdims=keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Mean of all elements, or along an axis of a matrix."""
    if not is_traced(x):
        return np.mean(as_number(x), axis, keepdims=keepdims)
    at = axis_of(x, axis)
    return sum(x, axis, keepdims) * (1.0 / (x.size if at is None else x.shape[at]))


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest element, or along an axis of a matrix; NaN if any is NaN."""
    return _reduced("max", x, axis, keepdims) if is_traced(x) else np.max(as_number(x), axis, keepdims=keepdims)


def softmax(x: Any, axis: Axis = None) -> Any:
    """exp(x - max x) / sum of the same: positive, adds up to 1, along the axis."""
    x = as_number(x)
    if axis is None or np.ndim(x) < 2:
        e = exp(x - max(x))
        return e * (1.0 / sum(e))
    e = exp(x - max(x, axis, keepdims=True))
    return e * (1.0 / sum(e, axis, keepdims=True))


def argmax(x: Any, axis: Axis = None) -> Any:
    """The index of the largest element, the first of equals and of NaN, as a number; it has no slope."""
    if not is_traced(x):
        return np.asarray(np.argmax(as_number(x), axis), dtype=np.float64)[()]
    node = as_float(x)
    at = axis_of(node, axis)
    count = node.size if at is None else node.shape[at]
    places = np.arange(count).reshape(node.shape if at is None else [(-1, 1), (1, -1)][at])
    top = compare("eq", node, max(node, at, keepdims=at is not None)) | compare("ne", node, node)
    return -max(where(top, -1.0 * places, -1.0 * count), at)


# shapes ---------------------------------------------------------------------------------------------------------------
def reshape(x: Any, *shape: int | tuple[int, ...]) -> Any:
    """The same elements, row by row, as a vector (n,) or matrix (n, m); one length may be -1."""
    wanted = shape[0] if len(shape) == 1 else shape
    if not is_traced(x):
        return np.reshape(np.asarray(x), wanted)
    try:
        found = np.empty(x.shape, np.bool_).reshape(wanted).shape  # type: ignore[arg-type]
    except (ValueError, TypeError):
        fail(f"reshape of shape {x.shape} to {wanted!r}; it has {x.size} elements")
    if len(found) > 2:
        fail(f"reshape to {found}: values of formulas are numbers, vectors and matrices")
    return reshaped(x, found) if found else x[(0,) * x.ndim] if x.shape else x


def roll(x: Any, shift: int, axis: Axis = None) -> Any:
    """Elements moved `shift` places on; those past the end come first."""
    if not is_traced(x):
        return np.roll(x, shift, axis)
    if not isinstance(shift, int | np.integer):
        fail(f"roll by {shift!r}; the shift must be a whole number that is known when the formula is traced")
    at = axis_of(x, axis)
    if not x.shape:
        return x
    if at == 1:
        return x[np.arange(x.shape[0])[:, None], np.roll(np.arange(x.shape[1]), shift)]
    rows = reshaped(x, (x.size,)) if at is None else x
    start = -int(shift) % len(rows)
    return reshaped(Node("concat", (rows[start:], rows[:start]), rows.shape, x.dtype), x.shape) if start else x


# sums and products so far ---------------------------------------------------------------------------------------------
def _so_far(x: Any, axis: Axis) -> tuple[Node, Axis]:
    """The value along whose axis is gone, all elements as a vector if there is none."""
    node = as_float(lift(x))
    at = axis_of(node, axis)
    return (reshaped(node, (node.size,)), None) if axis is None else (node, at)


def cumsum(x: Any, axis: Axis = None) -> Any:
    """Sums of the first elements, in order, along the axis."""
    if not is_traced(x):
        return np.cumsum(as_number(x), axis)
    node, at = _so_far(x, axis)
    return Node("recurrence", (lift(1.0), node), node.shape, "float", (at, False))


def cumprod(x: Any, axis: Axis = None) -> Any:
    """Products of the first elements, in order, along the axis."""
    if not is_traced(x):
        return np.cumprod(as_number(x), axis)
    node, at = _so_far(x, axis)
    first = np.zeros(node.shape, np.bool_)
    first[(slice(None), 0) if at == 1 else 0] = True
    return Node("recurrence", (node, where(first, node, 0.0)), node.shape, "float", (at, False))
