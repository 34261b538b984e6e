"""Questions about nodes, and small nodes that graphs are rewritten with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evornn.formula.node import Constant, Node, lift

SMALL = 16  # elements of a vector that is kept in registers; larger values live in memory
GLOBAL = ("constant", "parameter")  # leaves that every function body may use without being passed them


# questions ------------------------------------------------------------------------------------------------------------
def value_of(node: Node) -> Any:
    """The number or array of a constant node: of truth values for a condition."""
    if not isinstance(node.attr, Constant):
        return node.attr
    return node.attr.array != 0 if node.dtype == "bool" else node.attr.array


def is_constant(node: Node, value: Any = None) -> bool:
    """Whether `node` is a constant (a scalar equal to `value`, if given)."""
    return node.op == "constant" and (value is None or (not isinstance(node.attr, Constant) and node.attr == value))


def in_registers(node: Node) -> bool:
    """Whether the value is a scalar or a small vector."""
    return node.ndim == 0 or (node.ndim == 1 and node.size <= SMALL)


# nodes ----------------------------------------------------------------------------------------------------------------
def renewed(node: Node, args: tuple[Node, ...]) -> Node:
    """The same operation on `args`: the node itself if they are its own."""
    same = all(a is b for a, b in zip(args, node.args, strict=True))
    return node if same else Node(node.op, args, node.shape, node.dtype, node.attr)


def full(node: Node | None, shape: tuple[int, ...]) -> Node:
    """A value of this shape: a scalar spread, nothing as zeros."""
    if node is None:
        return lift(np.zeros(shape)) if shape else lift(0.0)
    return node if node.shape == shape else lift(np.ones(shape)) * node


def spread(node: Node, shape: tuple[int, ...], axis: int) -> Node:
    """What a reduction along an axis gave, repeated to the shape that was reduced; a scalar stays one."""
    return Node("expand", (node,), shape, node.dtype, axis) if node.shape else node


def items(node: Node, outputs: Sequence[Node]) -> list[Node]:
    """Every result of a call or loop of a function with these outputs."""
    return [Node("item", (node,), o.shape, o.dtype, i) for i, o in enumerate(outputs)]


def carried(node: Node) -> Node:
    """The first value of something that a loop changes."""
    return Node("carried", (node,), node.shape, node.dtype)


def whole_number(value: int) -> Node:
    """A loop's first turn."""
    return carried(Node("constant", (), (), "int", value))


def flat(node: Node) -> Node:
    """A matrix as a vector."""
    return node if node.ndim < 2 else Node("slice", (node,), (node.size,), "float", 0)


def slice_of(node: Node, start: int, shape: tuple[int, ...]) -> Node:
    """Consecutive elements as an array of this shape."""
    size = int(np.prod(shape, dtype=int))
    return node if node.size == size and node.shape == shape else Node("slice", (node,), shape, "float", start)


def layers(pieces: list[tuple[int, Node]]) -> list[list[tuple[int, Node]]]:
    """Pieces (first element, value) sorted into as few layers without overlap as a greedy choice gives."""
    found: list[list[tuple[int, Node]]] = []
    for start, node in sorted(pieces, key=lambda p: p[0]):
        for layer in found:
            if layer[-1][0] + layer[-1][1].size <= start:
                layer.append((start, node))
                break
        else:
            found.append([(start, node)])
    return found


def padded(layer: list[tuple[int, Node]], shape: tuple[int, ...]) -> Node:
    """Pieces without overlap joined to an array of this shape, zeros between them."""
    parts: list[Node] = []
    end = 0
    for start, node in [*layer, (int(np.prod(shape, dtype=int)), None)]:
        if start > end:
            parts.append(lift(np.zeros(start - end)) if start - end > 1 else lift(0.0))
        if node is not None:
            parts.append(node)
            end = start + node.size
    if len(parts) == 1 and parts[0].shape:
        return parts[0] if parts[0].shape == shape else Node("slice", (parts[0],), shape, "float", 0)
    return Node("concat", tuple(parts), shape)


def shifted(node: Node, by: int, axis: int | None) -> Node:
    """Elements one place on (by = 1) or back (by = -1) along an axis, a vector's own or a matrix's; 0 where none is."""
    if axis == 1:
        columns = np.arange(node.size).reshape(node.shape)
        picks = np.full_like(columns, node.size)
        picks[:, max(by, 0) : columns.shape[1] + min(by, 0)] = columns[:, max(-by, 0) : columns.shape[1] - max(by, 0)]
        zero = Node("concat", (flat(node), lift(0.0)), (node.size + 1,))
        return Node("gather", (zero,), node.shape, "float", tuple(picks.ravel().tolist()))
    width = node.size // node.shape[0]
    if node.size == width:
        return full(None, node.shape)
    kept = slice_of(flat(node), width if by < 0 else 0, (node.size - width,))
    zeros = full(None, (width,))
    return Node("concat", (kept, zeros) if by < 0 else (zeros, kept), node.shape)
