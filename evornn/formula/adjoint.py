"""Reverse mode: the graph of a formula transposed, every branch turned round.

This is the transposition of signal-flow graphs of Wan & Beaufays (1996, "Diagrammatic derivation of gradient algorithms
for neural networks"): a sum becomes a branching point, a branching point a sum, a product by W one by W transposed, and
a nonlinearity f one by f'. Applied to one step of a simulation it is the backward step of backpropagation through time.

The adjoint of a function takes the function's inputs and the cotangents of its outputs, and gives the cotangents of its
float inputs, then *effects*: nodes without a value that add to the gradient of a parameter.

    accumulate (v)          attr (name, offset, index): gradient[offset + i] += v[i]
    accumulate_outer (u, x) attr (name, transposed, index): gradient of W += u x^T, or x u^T; never materialised

`index` keeps equal effects apart. Adjoints are made before contraction (`simplify.fold_functions`), which then serves
them as any graph. A sub-function's adjoint is made once and called; a loop becomes a loop that keeps its states and one
that runs backwards.
"""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np

from evornn.formula.adjoint_rules import ELEMENTWISE
from evornn.formula.graph import Node, fail, lift
from evornn.formula.simplify import SMALL
from evornn.formula.trace import Function, reachable

EFFECT = "effect"  # the dtype of nodes that are run for what they do


class Adjoints:
    """Makes adjoints, each once for every set of outputs whose cotangent is given."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, tuple[bool, ...]], tuple[Function, Function]] = {}
        self.numbers = itertools.count()

    def of(self, function: Function, given: tuple[bool, ...] | None = None) -> Function:
        """The adjoint of `function`. given: which outputs have a cotangent (default: all float ones).

        Its inputs are the function's inputs, then the given cotangents; its outputs the cotangents of the float inputs,
        in order, then effects.
        """
        given = given or tuple(o.dtype == "float" for o in function.outputs)
        key = (id(function), given)
        if key not in self._made:
            self._made[key] = (function, self._make(function, given))  # the function is kept, so that its id stays its
        return self._made[key][1]

    def _make(self, function: Function, given: tuple[bool, ...]) -> Function:
        function = self._keeping_loop_states(function)
        seeds = [o for o, g in zip(function.outputs, given, strict=True) if g]
        cotangents = [Node("input", (), o.shape, "float", f"bar{i}") for i, o in enumerate(seeds)]
        sweep = Sweep(self)
        for node, cotangent in zip(seeds, cotangents, strict=True):
            sweep.add(node, cotangent)
        own = frozenset(n.id for n in function.inputs)
        for node in reversed(reachable(function.outputs, own)):
            if node.id not in own:
                sweep.visit(node)
        outputs = [full(sweep.cotangent(n), n.shape) for n in function.inputs if n.dtype == "float"]
        return Function(f"{function.name}_adjoint", [*function.inputs, *cotangents], [*outputs, *sweep.effects], None)

    def _keeping_loop_states(self, function: Function) -> Function:
        """The same function with every `repeat` also keeping the states that its adjoint needs."""
        if not any(n.op == "repeat" for n in reachable(function.outputs)):
            return function
        known: dict[int, Node] = {n.id: n for n in function.inputs}
        for node in reachable(function.outputs, frozenset(known)):
            if node.id not in known:
                args = tuple(known[a.id] for a in node.args)
                known[node.id] = (
                    self._keeping(node, args)
                    if node.op == "repeat"
                    else node
                    if all(a is b for a, b in zip(args, node.args, strict=True))
                    else Node(node.op, args, node.shape, node.dtype, node.attr)
                )
        return Function(function.name, function.inputs, [known[o.id] for o in function.outputs], None)

    def _keeping(self, node: Node, args: tuple[Node, ...]) -> Node:
        """repeat f, and a table [n, size] of the float states before each turn: extra states `table, turn` at the
        end.
        """
        body, times = node.attr
        count = len(body.outputs)
        needed = self._needed(body)
        rows = max(times, -(-(SMALL + 1) // max(_width(needed), 1)))  # large, so that it is kept in memory
        table = Node("input", (), (rows, _width(needed)), "float", "table")
        turn = Node("input", (), (), "int", "turn")
        kept = Node("concat", tuple(flat(n) for n in needed), (_width(needed),)) if needed else lift(np.zeros(1))
        outputs = [*body.outputs, Node("put", (table, turn, kept), table.shape), turn + 1]
        inputs = [*body.inputs[:count], table, turn, *body.inputs[count:]]
        saving = Function(f"{body.name}_keeping", inputs, outputs, None)
        empty = Node("carried", (lift(np.zeros(table.shape)),), table.shape)
        return Node(
            "repeat", (*args[:count], empty, whole_number(0), *args[count:]), (), "tuple", (saving, times, body)
        )

    def _needed(self, body: Function) -> list[Node]:
        """The float states of a loop that its adjoint reads."""
        adjoint = self.of(body)
        read = {n.id for n in reachable(adjoint.outputs)}
        states = body.inputs[: len(body.outputs)]
        for state in states:
            if state.dtype != "float" and state.id in read:
                fail(f"a loop's state of kind {state.dtype} cannot be run backwards; keep it as a number")
        return [n for n in states if n.id in read] or [n for n in states if n.dtype == "float"][:1]

    def loop(self, sweep: Sweep, node: Node, given: dict[int, Node]) -> None:
        """The adjoint of a loop prepared by `_keeping`: a loop from the last turn to the first."""
        saving, times, body = node.attr
        count, adjoint, needed = len(body.outputs), self.of(body), self._needed(body)
        table = Node("item", (node,), saving.outputs[count].shape, "float", count)
        rest = node.args[count + 2 :]
        states = [Node("input", (), o.shape, "float", "bar") for o in body.outputs if o.dtype == "float"]
        sums = [Node("input", (), a.shape, "float", "sum") for a in body.inputs[count:] if a.dtype == "float"]
        turn, kept = Node("input", (), (), "int", "turn"), Node("input", (), table.shape, "float", "table")
        others = [Node("input", (), a.shape, a.dtype, "other") for a in rest]
        row = Node("take", (kept, turn), table.shape[1:])
        old, start = {}, 0
        for state in needed:
            old[state.id] = slice_of(row, start, state.shape)
            start += state.size
        before = [old.get(n.id, lift(np.zeros(n.shape))) for n in body.inputs[:count]]
        call = Node("call", (*before, *others, *states), (), "tuple", adjoint)
        results = items(call, adjoint)
        backward, added = results[: len(states)], results[len(states) : len(states) + len(sums)]
        outputs = [*backward, *(s + a for s, a in zip(sums, added, strict=True)), turn - 1]
        effects = results[len(states) + len(sums) :]
        reverse = Function(f"{body.name}_backward", [*states, *sums, turn, kept, *others], [*outputs, *effects], None)
        floats = [i for i, o in enumerate(body.outputs) if o.dtype == "float"]
        first = [carried(full(given.get(i), body.outputs[i].shape)) for i in floats]
        zero = [carried(lift(np.zeros(s.shape))) for s in sums]
        loop = Node("repeat", (*first, *zero, whole_number(times - 1), table, *rest), (), "tuple", (reverse, times))
        ends = items(loop, reverse)
        sweep.effects += [e for e in ends if e.dtype == EFFECT]
        targets = [node.args[i] for i in floats] + [a for a in rest if a.dtype == "float"]
        for target, end in zip(targets, ends, strict=False):
            sweep.add(target, end)


class Sweep:
    """One function's reverse sweep: cotangents gathered node by node, and the effects met."""

    def __init__(self, maker: Adjoints) -> None:
        self.maker = maker
        self.effects: list[Node] = []
        self._whole: dict[int, list[Node]] = defaultdict(list)
        self._pieces: dict[int, list[tuple[int, Node]]] = defaultdict(list)
        self._rows: dict[int, list[tuple[Node, Node]]] = defaultdict(list)
        self._items: dict[int, dict[int, Node]] = defaultdict(dict)
        self._nodes: dict[int, Node] = {}

    # gathering --------------------------------------------------------------------------------------------------------
    def add(self, node: Node, cotangent: Node) -> None:
        """`cotangent` of the node's shape, or a scalar that stands for all its elements."""
        if node.dtype == "float" and node.op != "constant":
            self._whole[node.id].append(cotangent)

    def add_piece(self, node: Node, start: int, cotangent: Node) -> None:
        """Cotangent of the elements from `start` on."""
        if node.op == "parameter":
            self.effect("accumulate", (cotangent,), node.attr, start)
        elif node.op != "constant":
            self._pieces[node.id].append((start, cotangent))

    def add_row(self, node: Node, at: Node, cotangent: Node) -> None:
        """Cotangent of row `at`."""
        if node.op != "constant":
            self._rows[node.id].append((at, cotangent))

    def effect(self, op: str, args: tuple[Node, ...], name: str, where: int | bool) -> None:
        """Something to add to the gradient of the parameter `name`."""
        self.effects.append(Node(op, args, (), EFFECT, (name, where, next(self.maker.numbers))))

    def cotangent(self, node: Node) -> Node | None:
        """The sum of what was gathered for a node; None if nothing was."""
        parts = list(self._whole[node.id])
        parts += [padded(layer, node.shape) for layer in layers(self._pieces[node.id])]
        total = None
        for part in parts:
            total = part if total is None else total + part
        for at, row in self._rows[node.id]:
            total = full(total, node.shape)
            total = Node("put", (total, at, Node("take", (total, at), row.shape) + row), node.shape)
        return total

    # one node ---------------------------------------------------------------------------------------------------------
    def visit(self, node: Node) -> None:
        """Pass a node's cotangent on to its arguments."""
        if node.dtype == "tuple":
            if self._items[node.id]:
                (self._call if node.op == "call" else self._repeat)(node, self._items[node.id])
            return
        bar = self.cotangent(node) if node.dtype == "float" else None
        if bar is None:
            return
        if node.op == "parameter":
            self.effect("accumulate", (full(bar, node.shape),), node.attr, 0)
        elif node.op in ELEMENTWISE:
            self._elementwise(node, bar)
        elif (rule := getattr(self, f"_{node.op}", None)) is not None:
            rule(node, bar)
        elif node.op not in _WITHOUT_SLOPE:
            fail(f"operation {node.op!r} has no adjoint")

    def _elementwise(self, node: Node, bar: Node) -> None:
        for arg, part in zip(node.args, ELEMENTWISE[node.op](bar, node, *node.args), strict=True):
            if part is None or arg.dtype != "float":
                continue
            if arg.shape == node.shape:
                self.add(arg, part)
            elif part.shape:
                self.add(arg, Node("sum", (part,)))
            else:
                self.add(arg, part * float(node.size))

    def _sum(self, node: Node, bar: Node) -> None:
        self.add(node.args[0], bar)

    def _max(self, node: Node, bar: Node) -> None:
        (x,) = node.args
        top = Node("eq", (x, node), x.shape, "bool")  # several may be the largest: they share
        count = Node("sum", (Node("where", (top, lift(1.0), lift(0.0)), x.shape),))
        self.add(x, Node("where", (top, bar / count, lift(0.0)), x.shape))

    def _carried(self, node: Node, bar: Node) -> None:
        self.add(node.args[0], bar)

    def _matvec(self, node: Node, bar: Node) -> None:
        matrix, x = node.args
        bar = full(bar, node.shape)
        self.add(x, Node("matvec", (matrix.T, bar), x.shape))
        turned = matrix.op == "transpose"
        leaf = matrix.args[0] if turned else matrix
        if leaf.op == "parameter":
            self.effect("accumulate_outer", (x, bar) if turned else (bar, x), leaf.attr, False)
        elif leaf.op != "constant":
            self.add(leaf, Node("outer", (x, bar) if turned else (bar, x), leaf.shape))

    def _sparse(self, node: Node, bar: Node) -> None:
        self.add(node.args[0], node.attr.T @ full(bar, node.shape))

    def _outer(self, node: Node, bar: Node) -> None:
        a, b = node.args
        bar = full(bar, node.shape)
        self.add(a, Node("matvec", (bar, b), a.shape))
        self.add(b, Node("matvec", (bar.T, a), b.shape))

    def _transpose(self, node: Node, bar: Node) -> None:
        rows, columns = node.shape
        turned = tuple(np.arange(node.size).reshape(rows, columns).T.ravel().tolist())
        self.add(node.args[0], Node("gather", (full(bar, node.shape),), (columns, rows), "float", turned))

    def _concat(self, node: Node, bar: Node) -> None:
        start = 0
        for arg in node.args:
            self.add(arg, slice_of(bar, start, arg.shape) if bar.shape else bar)
            start += arg.size

    def _slice(self, node: Node, bar: Node) -> None:
        self.add_piece(node.args[0], node.attr, full(bar, node.shape))

    def _gather(self, node: Node, bar: Node) -> None:
        for i, place in enumerate(node.attr):
            self.add_piece(node.args[0], place, slice_of(bar, i, ()) if bar.shape else bar)

    def _take(self, node: Node, bar: Node) -> None:
        self.add_row(node.args[0], node.args[1], full(bar, node.shape))

    def _put(self, node: Node, bar: Node) -> None:
        buffer, at, row = node.args
        bar = full(bar, node.shape)
        self.add(row, Node("take", (bar, at), row.shape))
        self.add(buffer, Node("put", (bar, at, lift(np.zeros(row.shape))), buffer.shape))

    def _item(self, node: Node, bar: Node) -> None:
        self._items[node.args[0].id][node.attr] = full(bar, node.shape)

    def _call(self, node: Node, given: dict[int, Node]) -> None:
        function: Function = node.attr
        adjoint = self.maker.of(function, tuple(i in given for i in range(len(function.outputs))))
        results = items(Node("call", (*node.args, *(given[i] for i in sorted(given))), (), "tuple", adjoint), adjoint)
        self.effects += [r for r in results if r.dtype == EFFECT]
        for arg, part in zip([a for a in node.args if a.dtype == "float"], results, strict=False):
            self.add(arg, part)

    def _repeat(self, node: Node, given: dict[int, Node]) -> None:
        self.maker.loop(self, node, given)


_WITHOUT_SLOPE = ("floor", "sign", "to_float", "lookup", "random")  # constant almost everywhere, or no argument


# small nodes ----------------------------------------------------------------------------------------------------------
def full(node: Node | None, shape: tuple[int, ...]) -> Node:
    """A cotangent of this shape: a scalar spread, nothing as zeros."""
    if node is None:
        return lift(np.zeros(shape)) if shape else lift(0.0)
    return node if node.shape == shape else lift(np.ones(shape)) * node


def items(node: Node, function: Function) -> list[Node]:
    """Every result of a call or loop."""
    return [Node("item", (node,), o.shape, o.dtype, i) for i, o in enumerate(function.outputs)]


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
    """Pieces sorted into as few layers without overlap as a greedy choice gives."""
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
    return parts[0] if len(parts) == 1 and parts[0].shape == shape else Node("concat", tuple(parts), shape)


def _width(nodes: list[Node]) -> int:
    return sum(n.size for n in nodes)
