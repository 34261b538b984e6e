"""Reverse mode for loops and branches. A loop becomes one that keeps its states, and one that runs from the last turn
to the first; a branch becomes a branch.

The states that the body's adjoint reads are kept in a table, a row for each turn; a counter is counted back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evornn.formula.node import Node, lift
from evornn.formula.node_tools import SMALL, carried, flat, full, is_constant, items, renewed, slice_of, whole_number
from evornn.formula.source_lines import fail
from evornn.formula.trace import Function, reachable, rebuilt

if TYPE_CHECKING:
    from evornn.graph.vjp import Adjoints, Sweep


def keeping_loop_states(maker: Adjoints, function: Function) -> Function:
    """The same function with every `repeat` also keeping the states that its adjoint needs."""
    if not any(n.op == "repeat" for n in reachable(function.outputs)):
        return function

    def rule(node: Node, args: tuple[Node, ...]) -> Node:
        floats = node.op == "repeat" and any(o.dtype == "float" for o in node.attr[0].outputs)
        return _keeping(maker, node, args) if floats else renewed(node, args)

    outputs = rebuilt(function.outputs, {n.id: n for n in function.inputs}, rule)
    return Function(function.name, function.inputs, outputs, None)


def _keeping(maker: Adjoints, node: Node, args: tuple[Node, ...]) -> Node:
    """repeat f, and a table [n, size] of the float states before each turn: extra states `table, turn` at the end."""
    body, times = node.attr
    count = len(body.outputs)
    needed = _needed(maker, body)
    width = sum(n.size for n in needed)
    rows = max(times, -(-(SMALL + 1) // width))  # large, so that it is kept in memory
    table = Node("input", (), (rows, width), "float", "table")
    turn = Node("input", (), (), "int", "turn")
    kept = Node("concat", tuple(flat(n) for n in needed), (width,))
    outputs = [*body.outputs, Node("put", (table, turn, kept), table.shape), turn + 1]
    inputs = [*body.inputs[:count], table, turn, *body.inputs[count:]]
    storing = Function(f"{body.name}_keeping", inputs, outputs, None)
    empty = carried(lift(np.zeros(table.shape)))
    return Node("repeat", (*args[:count], empty, whole_number(0), *args[count:]), (), "tuple", (storing, times, body))


def _needed(maker: Adjoints, body: Function) -> list[Node]:
    """The float states of a loop that its adjoint reads; the first if it reads none."""
    read = {n.id for n in reachable(maker.of(body).outputs)}
    states = body.inputs[: len(body.outputs)]
    for state, after in zip(states, body.outputs, strict=True):
        if state.dtype != "float" and state.id in read and not _counts(state, after):
            fail(f"a loop's state of kind {state.dtype} cannot be run backwards; keep it as a number")
    floats = [n for n in states if n.dtype == "float"]
    return [n for n in floats if n.id in read] or floats[:1]


def _counts(state: Node, after: Node) -> bool:
    """Whether a state is a counter: one more with every turn."""
    return after.op == "add" and after.dtype == "int" and after.args[0] is state and is_constant(after.args[1], 1)


def loop_back(sweep: Sweep, node: Node, given: dict[int, Node]) -> None:
    """Pass the cotangents `given` of the results of a loop prepared by `_keeping` on to its arguments."""
    storing, times, body = node.attr
    count = len(body.outputs)
    table = Node("item", (node,), storing.outputs[count].shape, "float", count)
    rest = node.args[count + 2 :]
    counts = [first for first, n in zip(node.args[:count], body.inputs, strict=False) if n.dtype == "int"]
    reverse = _backward(sweep.maker, body, table.shape, (*counts, *rest), node.id in sweep.partial)
    floats = [i for i, o in enumerate(body.outputs) if o.dtype == "float"]
    first = [carried(full(given.get(i), body.outputs[i].shape)) for i in floats]
    zero = [carried(lift(np.zeros(a.shape))) for a in body.inputs[count:] if a.dtype == "float"]
    loop = Node(
        "repeat", (*first, *zero, whole_number(times - 1), table, *counts, *rest), (), "tuple", (reverse, times)
    )
    ends = items(loop, reverse.outputs)
    sweep.take_effects(ends)
    targets = [node.args[i] for i in floats] + [a for a in rest if a.dtype == "float"]
    for target, end in zip(targets, ends, strict=False):
        sweep.add(target, end)


def _backward(
    maker: Adjoints, body: Function, kept_shape: tuple[int, ...], rest: tuple[Node, ...], partial: bool
) -> Function:
    """One turn back: cotangents of the float states, sums of those of the other arguments, the turn's number -> the
    same before that turn, then effects. Its last inputs are the table, where counters begin, and the other arguments.
    """
    count, adjoint = len(body.outputs), maker.of(body, None, (partial,) * len(body.inputs))
    states = [Node("input", (), o.shape, "float", "bar") for o in body.outputs if o.dtype == "float"]
    sums = [Node("input", (), a.shape, "float", "sum") for a in body.inputs[count:] if a.dtype == "float"]
    turn, kept = Node("input", (), (), "int", "turn"), Node("input", (), kept_shape, "float", "table")
    others = [Node("input", (), a.shape, a.dtype, "other") for a in rest]
    row = Node("take", (kept, turn), kept_shape[1:])
    old, start = {}, 0
    for state in _needed(maker, body):
        old[state.id] = slice_of(row, start, state.shape)
        start += state.size
    begin = iter(others)
    before = [
        next(begin) + turn if n.dtype == "int" else old.get(n.id, lift(np.zeros(n.shape))) for n in body.inputs[:count]
    ]
    results = items(Node("call", (*before, *begin, *states), (), "tuple", adjoint), adjoint.outputs)
    backward, added = results[: len(states)], results[len(states) : len(states) + len(sums)]
    outputs = [*backward, *(s + a for s, a in zip(sums, added, strict=True)), turn - 1]
    effects = results[len(states) + len(sums) :]
    return Function(f"{body.name}_backward", [*states, *sums, turn, kept, *others], [*outputs, *effects], None)


def branch_back(sweep: Sweep, node: Node, given: dict[int, Node]) -> None:
    """Pass the cotangents `given` of the results of a branch on to its arguments; unchanged where it is not taken."""
    body, (holds, *args) = node.attr, node.args
    count, adjoint = len(body.outputs), sweep.maker.of(body, None, (node.id in sweep.partial,) * len(body.inputs))
    states = [Node("input", (), o.shape, "float", "bar") for o in body.outputs if o.dtype == "float"]
    sums = [Node("input", (), a.shape, "float", "sum") for a in body.inputs[count:] if a.dtype == "float"]
    own = [Node("input", (), a.shape, a.dtype, "own") for a in body.inputs]
    results = items(Node("call", (*own, *states), (), "tuple", adjoint), adjoint.outputs)
    ends_at = len(states) + len(sums)
    backward, added, effects = results[: len(states)], results[len(states) : ends_at], results[ends_at:]
    outputs = [*backward, *(s + a for s, a in zip(sums, added, strict=True)), *effects]
    turned = Function(f"{body.name}_backward", [*states, *sums, *own], outputs, None)
    floats = [i for i, o in enumerate(body.outputs) if o.dtype == "float"]
    first = [carried(full(given.get(i), body.outputs[i].shape)) for i in floats]
    zero = [carried(lift(np.zeros(n.shape))) for n in sums]
    ends = items(Node("when", (holds, *first, *zero, *args), (), "tuple", turned), outputs)
    sweep.take_effects(ends)
    targets = [args[i] for i in floats] + [a for a in args[count:] if a.dtype == "float"]
    for target, end in zip(targets, ends, strict=False):
        sweep.add(target, end)
