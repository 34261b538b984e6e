"""Reverse mode: the graph of a formula transposed, every branch turned round.

This is the transposition of signal-flow graphs of Wan & Beaufays (1996, "Diagrammatic derivation of gradient algorithms
for neural networks"): a sum becomes a branching point, a branching point a sum, a product by W one by W transposed, and
a nonlinearity f one by f'. Applied to one step of a simulation it is the backward step of backpropagation through time.

The adjoint of a function takes the function's inputs and the cotangents of its outputs, and gives the cotangents of its
float inputs, then *effects*: nodes without a value that add to the gradient of a parameter.

    accumulate (v)          attr (name, offset, index): gradient[offset + i] += v[i]
    accumulate_row (v, at)  attr (name, index): gradient[row at] += v, at a whole number
    accumulate_outer (u, x) attr (name, index): gradient of W += u x^T; never materialised

`index` keeps equal effects apart. Adjoints are made before contraction (`simplify.fold_functions`), which then serves
them as any graph. A sub-function's adjoint is made once and called; for loops see `adjoint_loops`.
"""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np

from evornn.formula.node import Node, binary, lift
from evornn.formula.node_tools import flat, full, in_registers, items, layers, padded, shifted, slice_of, spread
from evornn.formula.source_lines import fail
from evornn.formula.sparse_matrix import SparseProduct, put_back
from evornn.formula.trace import Function, reachable
from evornn.graph.derivatives import ELEMENTWISE, WITHOUT_SLOPE
from evornn.graph.partial import partial_values
from evornn.graph.vjp_loops import branch_back, keeping_loop_states, loop_back

ACCUMULATION = "effect"  # the dtype of nodes that are run for what they do


class Adjoints:
    """Makes adjoints, each once for every set of outputs whose cotangent is given."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, tuple[bool, ...], tuple[bool, ...]], tuple[Function, Function]] = {}
        self.numbers = itertools.count()

    def of(self, function: Function, given: tuple[bool, ...] | None = None, partial: tuple[bool, ...] = ()) -> Function:
        """The adjoint of `function`. given: which outputs have a cotangent (default: all float ones). partial: which
        inputs may be infinite or NaN where nobody takes the results (default: none).

        Its inputs are the function's inputs, then the given cotangents; its outputs the cotangents of the float inputs,
        in order, then effects.
        """
        given = given or tuple(o.dtype == "float" for o in function.outputs)
        key = (id(function), given, partial)
        if key not in self._made:
            self._made[key] = (
                function,
                self._make(function, given, partial),
            )  # the function is kept, so that its id stays its
        return self._made[key][1]

    def _make(self, function: Function, given: tuple[bool, ...], partial: tuple[bool, ...]) -> Function:
        function = keeping_loop_states(self, function)
        seeds = [o for o, g in zip(function.outputs, given, strict=True) if g]
        cotangents = [Node("input", (), o.shape, "float", f"bar{i}") for i, o in enumerate(seeds)]
        unsure = {n.id for n, p in zip(function.inputs, partial, strict=False) if p}
        sweep = Sweep(self, partial_values(function, unsure))
        for node, cotangent in zip(seeds, cotangents, strict=True):
            sweep.add(node, cotangent)
        own = frozenset(n.id for n in function.inputs)
        for node in reversed(reachable(function.outputs, own)):
            if node.id not in own:
                sweep.visit(node)
        outputs = [full(sweep.cotangent(n), n.shape) for n in function.inputs if n.dtype == "float"]
        return Function(f"{function.name}_adjoint", [*function.inputs, *cotangents], [*outputs, *sweep.effects], None)


class Sweep:
    """One function's reverse sweep: cotangents gathered node by node, and the effects met."""

    def __init__(self, maker: Adjoints, partial: frozenset[int] = frozenset()) -> None:
        self.maker, self.partial = maker, partial
        self.effects: list[Node] = []
        self._whole: dict[int, list[Node]] = defaultdict(list)
        self._pieces: dict[int, list[tuple[int, Node]]] = defaultdict(list)
        self._rows: dict[int, list[tuple[Node, Node]]] = defaultdict(list)
        self._items: dict[int, dict[int, Node]] = defaultdict(dict)

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
        if node.op == "parameter":
            self.effect("accumulate_row", (cotangent, at), node.attr)
        elif node.op != "constant":
            self._rows[node.id].append((at, cotangent))

    def effect(self, op: str, args: tuple[Node, ...], name: str, *where: int) -> None:
        """Something to add to the gradient of the parameter `name`."""
        self.effects.append(Node(op, args, (), ACCUMULATION, (name, *where, next(self.maker.numbers))))

    def take_effects(self, results: list[Node]) -> None:
        """Keep the effects among the results of a call or loop."""
        self.effects += [r for r in results if r.dtype == ACCUMULATION]

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
            if given := self._items[node.id]:
                {"call": Sweep._call, "repeat": loop_back, "when": branch_back}[node.op](self, node, given)
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
        elif node.op not in WITHOUT_SLOPE:
            fail(f"operation {node.op!r} has no adjoint")

    def _elementwise(self, node: Node, bar: Node) -> None:
        factors = [self._guarded(n, bar) for n in (node, *node.args)]
        for arg, part in zip(node.args, ELEMENTWISE[node.op](bar, *factors), strict=True):
            if part is None or arg.dtype != "float":
                continue
            if arg.shape == node.shape:
                self.add(arg, part)
            elif part.shape:
                self.add(arg, Node("sum", (part,)))
            else:
                self.add(arg, part * float(node.size))

    def _guarded(self, factor: Node, bar: Node) -> Node:
        """A factor of a slope; 1 where the cotangent is 0 if it may be infinite or NaN there: 0 times NaN is not 0."""
        if factor.dtype != "float" or factor.id not in self.partial:
            return factor
        unused = Node("eq", (bar, lift(0.0)), bar.shape, "bool")
        return Node("where", (unused, lift(1.0), factor), factor.shape or bar.shape)

    def _or_zero(self, result: Node, bar: Node, *factors: Node) -> Node:
        """A product with the cotangent; 0 where all of that is 0, if one of these factors may be infinite or NaN."""
        if not any(f.id in self.partial for f in factors):
            return result
        size = Node("sum", (Node("abs", (flat(bar),), (bar.size,)),))
        unused = Node("eq", (size, lift(0.0)), (), "bool")
        return Node("where", (unused, lift(np.zeros(result.shape)), result), result.shape)

    def _sum(self, node: Node, bar: Node) -> None:
        self.add(node.args[0], bar)

    def _max(self, node: Node, bar: Node) -> None:
        (x,) = node.args
        top = Node("eq", (x, node), x.shape, "bool")  # several may be the largest: they share
        count = Node("sum", (Node("where", (top, lift(1.0), lift(0.0)), x.shape),))
        self.add(x, Node("where", (top, bar / count, lift(0.0)), x.shape))

    def _sum_axis(self, node: Node, bar: Node) -> None:
        self.add(node.args[0], spread(bar, node.args[0].shape, node.attr))

    def _max_axis(self, node: Node, bar: Node) -> None:
        (x,), axis = node.args, node.attr
        top = Node("eq", (x, spread(node, x.shape, axis)), x.shape, "bool")
        count = Node("sum_axis", (Node("where", (top, lift(1.0), lift(0.0)), x.shape),), node.shape, "float", axis)
        self.add(x, Node("where", (top, spread(full(bar, node.shape) / count, x.shape, axis), lift(0.0)), x.shape))

    def _expand(self, node: Node, bar: Node) -> None:
        (x,) = node.args
        many = node.size // x.size
        self.add(x, Node("sum_axis", (bar,), x.shape, "float", node.attr) if bar.shape else bar * float(many))

    def _carried(self, node: Node, bar: Node) -> None:
        self.add(node.args[0], bar)

    def _matvec(self, node: Node, bar: Node) -> None:
        matrix, x = node.args
        bar = full(bar, node.shape)
        self.add(x, self._or_zero(Node("matvec", (matrix.T, bar), x.shape), bar, matrix))
        self._outer_to(matrix, bar, self._or_zero(x, bar, x))

    def _outer_to(self, matrix: Node, u: Node, x: Node) -> None:
        """The cotangent u x^T of a matrix; never made for a parameter."""
        turned = matrix.op == "transpose"
        leaf, pair = (matrix.args[0], (x, u)) if turned else (matrix, (u, x))
        if leaf.op == "parameter":
            self.effect("accumulate_outer", pair, leaf.attr)
        elif leaf.op != "constant":
            self.add(leaf, Node("outer", pair, leaf.shape))

    def _solve(self, node: Node, bar: Node) -> None:
        matrix, right = node.args
        turned = matrix if node.attr else matrix.T
        back = Node("solve", (turned, full(bar, node.shape)), node.shape, "float", node.attr)
        back = self._or_zero(back, full(bar, node.shape), node)
        self.add(right, back)
        self._outer_to(matrix, -back, self._or_zero(node, full(bar, node.shape), node))

    def _matmul(self, node: Node, bar: Node) -> None:
        a, b = node.args
        bar = full(bar, node.shape)
        self.add(a, self._or_zero(Node("matmul", (bar, b.T), a.shape), bar, b))
        self.add(b, self._or_zero(Node("matmul", (a.T, bar), b.shape), bar, a))

    def _recurrence(self, node: Node, bar: Node) -> None:
        (factor, term), (axis, reverse) = node.args, node.attr
        on = -1 if reverse else 1
        following = shifted(factor, -on, axis) if factor.shape else factor
        back = Node("recurrence", (following, full(bar, node.shape)), node.shape, "float", (axis, not reverse))
        self.add(term, back)
        part = back * shifted(node, on, axis)
        self.add(factor, part if factor.shape else Node("sum", (part,)))

    def _sparse(self, node: Node, bar: Node) -> None:
        self.add(node.args[0], node.attr.T @ full(bar, node.shape))

    def _sparse_values(self, node: Node, bar: Node) -> None:
        values, x = node.args
        bar, pattern = full(bar, node.shape), node.attr
        self.add(x, self._or_zero(SparseProduct(pattern.T, values) @ bar, bar, values))
        picked = np.argsort(pattern.order)  # entries in the order of their values
        parts = (
            Node("gather", (a,), values.shape, "float", tuple(places[picked].tolist()))
            for a, places in ((bar, pattern.rows), (self._or_zero(x, bar, x), pattern.columns))
        )
        self.add(values, binary("mul", *parts))

    def _outer(self, node: Node, bar: Node) -> None:
        a, b = node.args
        bar = full(bar, node.shape)
        self.add(a, self._or_zero(Node("matvec", (bar, b), a.shape), bar, b))
        self.add(b, self._or_zero(Node("matvec", (bar.T, a), b.shape), bar, a))

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
        (x,) = node.args
        if in_registers(node) and in_registers(x):
            for i, place in enumerate(node.attr):
                self.add_piece(x, place, slice_of(bar, i, ()) if bar.shape else bar)
        else:
            self.add(x, put_back(flat(full(bar, node.shape)), node.attr, x.shape))

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
        partial = tuple(a.id in self.partial for a in node.args)
        adjoint = self.maker.of(function, tuple(i in given for i in range(len(function.outputs))), partial)
        call = Node("call", (*node.args, *(given[i] for i in sorted(given))), (), "tuple", adjoint)
        results = items(call, adjoint.outputs)
        self.take_effects(results)
        for arg, part in zip([a for a in node.args if a.dtype == "float"], results, strict=False):
            self.add(arg, part)
