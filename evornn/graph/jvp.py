"""Forward mode: the graph of a formula with a tangent beside every value that moves.

A tangent is a directional derivative: given the tangents of the inputs, every node passes on its own (Wengert 1964). An
elementwise operation scales tangents as it scales cotangents, since a diagonal Jacobian is its own transpose: its rule
is the one of `adjoint_rules`, for each argument that moves. Sub-functions and loops keep their structure; the tangent
of a sub-function is made once for every set of moving arguments and called.

Parameters are leaves that every function body may use, so their tangents are parameters too, named by `dotted`: a
kernel stores both, and a product with the tangent of a matrix is as fast as one with the matrix.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evornn.formula.node import Node, lift
from evornn.formula.node_tools import carried, full, items, renewed, shifted, spread
from evornn.formula.source_lines import fail
from evornn.formula.trace import CALLS, Function, reachable
from evornn.graph.derivatives import ELEMENTWISE, WITHOUT_SLOPE

# the tangent of the first argument takes the same way
_LINEAR = ("slice", "gather", "take", "carried", "expand", "sum", "sum_axis")


def dotted(name: str) -> str:
    """The name under which the tangent of parameter `name` is a parameter."""
    return f"{name}'"


@dataclass(frozen=True)
class Dual:
    """A function with tangents: its body's inputs and outputs, and their tangents (None for what does not move)."""

    name: str
    inputs: list[Node]
    outputs: list[Node]
    given: list[Node | None]
    results: list[Node | None]

    def function(self) -> Function:
        """Inputs, tangents of the moving ones -> outputs, tangents of the moving ones."""
        return Function(
            f"{self.name}_tangent" if _present(self.results) else self.name,
            [*self.inputs, *_present(self.given)],
            [*self.outputs, *_present(self.results)],
            None,
        )


class Tangents:
    """Makes tangents of functions, each once for every set of moving arguments.

    parameters: names of those that move.
    """

    def __init__(self, parameters: Iterable[str] = ()) -> None:
        self.parameters = frozenset(parameters)
        self._moved: dict[tuple[int, tuple[bool, ...]], tuple[Function, Dual, Function]] = {}
        self._loops: dict[tuple[int, tuple[bool, ...]], Function] = {}

    def of(self, function: Function, given: tuple[bool, ...] | None = None) -> Function:
        """The tangent of `function`. given: which inputs move (default: all float ones).

        Its inputs are the function's inputs (then what it captured), then tangents of those that move; its outputs the
        function's outputs, then the tangents of all float outputs.
        """
        own = (*function.inputs, *function.captured)
        moved, _ = self.moved(function, tuple(n.dtype == "float" for n in own) if given is None else given)
        dots = [full(t, o.shape) for o, t in zip(moved.outputs, moved.results, strict=True) if o.dtype == "float"]
        whole = moved.function()
        return Function(whole.name, whole.inputs, [*moved.outputs, *dots], None)

    def moved(self, function: Function, given: tuple[bool, ...]) -> tuple[Dual, Function]:
        """`function` with tangents of the inputs (then of what it captured) that are `given`, and as one function."""
        key = (id(function), given)
        if key not in self._moved:
            moved = self._make(function, given)
            self._moved[key] = (function, moved, moved.function())  # the function is kept, so that its id stays its
        return self._moved[key][1:]

    def _make(self, function: Function, given: tuple[bool, ...]) -> Dual:
        own = (*function.inputs, *function.captured)
        inputs = [Node(n.op, (), n.shape, n.dtype, n.attr) for n in own]
        dots = [
            Node("input", (), n.shape, "float", f"dot{i}") if g else None
            for i, (n, g) in enumerate(zip(own, given, strict=True))
        ]
        push = Push(self)
        for node, new, dot in zip(own, inputs, dots, strict=True):
            push.values[node.id], push.dots[node.id] = new, dot
        for node in reachable(function.outputs, frozenset(push.values)):
            if node.id not in push.values:
                push.visit(node)
        outputs = [push.values[o.id] for o in function.outputs]
        return Dual(function.name, inputs, outputs, dots, [push.dots.get(o.id) for o in function.outputs])

    def settled(self, function: Function, given: tuple[bool, ...]) -> Dual:
        """Like `moved` for a function whose outputs are the next values of its first inputs: all of these move that
        ever do.
        """
        while True:
            moved, _ = self.moved(function, given)
            count = len(moved.outputs)
            wider = tuple(g or t is not None for g, t in zip(given, moved.results, strict=False)) + given[count:]
            if wider == given:
                return moved
            given = wider

    def loop(self, body: Function, given: tuple[bool, ...]) -> tuple[Function, list[bool]]:
        """The tangent of a loop's body (states, their tangents, the rest, their tangents), and which states move."""
        moved = self.settled(body, given)
        count = len(moved.outputs)
        moving = [t is not None for t in moved.given[:count]]
        key = (id(body), tuple(t is not None for t in moved.given))
        if key not in self._loops:
            states, rest = _present(moved.given[:count]), _present(moved.given[count:])
            after = [full(t, o.shape) for o, t, m in zip(moved.outputs, moved.results, moving, strict=True) if m]
            inputs = [*moved.inputs[:count], *states, *moved.inputs[count:], *rest]
            self._loops[key] = Function(f"{body.name}_tangent", inputs, [*moved.outputs, *after], None)
        return self._loops[key], moving


class Push:
    """One function's forward sweep: the new node of every old one, and its tangent if it moves."""

    def __init__(self, maker: Tangents) -> None:
        self.maker = maker
        self.values: dict[int, Node] = {}
        self.dots: dict[int, Node | None] = {}
        self._results: dict[int, tuple[list[Node], list[Node | None]]] = {}

    def visit(self, node: Node) -> None:
        """Give a node its value and tangent; those of its arguments are known."""
        args = tuple(self.values[a.id] for a in node.args)
        dots = [self.dots.get(a.id) for a in node.args]
        if node.op in CALLS:
            self._results[node.id] = getattr(self, f"_{node.op}")(node, args, dots)
        elif node.op == "item":
            values, tangents = self._results[node.args[0].id]
            self.values[node.id], self.dots[node.id] = values[node.attr], tangents[node.attr]
            return
        new = self.values[node.id] = renewed(node, args)
        if node.op == "parameter" and node.attr in self.maker.parameters:
            self.dots[node.id] = Node("parameter", (), node.shape, "float", dotted(node.attr))
        elif node.dtype == "float" and any(d is not None for d in dots):
            dot = self._tangent(new, dots)
            self.dots[node.id] = None if dot is None else full(dot, node.shape)

    # functions and loops ----------------------------------------------------------------------------------------------
    def _call(
        self, node: Node, args: tuple[Node, ...], dots: list[Node | None]
    ) -> tuple[list[Node], list[Node | None]]:
        moved, function = self.maker.moved(node.attr, tuple(d is not None for d in dots))
        call = Node("call", (*args, *_present(dots)), (), "tuple", function)
        return self._placed(items(call, function.outputs), [t is not None for t in moved.results])

    def _repeat(
        self, node: Node, args: tuple[Node, ...], dots: list[Node | None]
    ) -> tuple[list[Node], list[Node | None]]:
        body, times = node.attr
        function, moving = self.maker.loop(body, tuple(d is not None for d in dots))
        count = len(moving)
        first = [carried(full(d, a.shape)) for a, d, m in zip(args, dots, moving, strict=False) if m]
        rest = (*args[count:], *_present(dots[count:]))
        loop = Node("repeat", (*args[:count], *first, *rest), (), "tuple", (function, times))
        return self._placed(items(loop, function.outputs), moving)

    def _when(
        self, node: Node, args: tuple[Node, ...], dots: list[Node | None]
    ) -> tuple[list[Node], list[Node | None]]:
        function, moving = self.maker.loop(node.attr, tuple(d is not None for d in dots[1:]))
        count = 1 + len(moving)
        first = [carried(full(d, a.shape)) for a, d, m in zip(args[1:], dots[1:], moving, strict=False) if m]
        rest = (*args[count:], *_present(dots[count:]))
        branch = Node("when", (*args[:count], *first, *rest), (), "tuple", function)
        return self._placed(items(branch, function.outputs), moving)

    def _placed(self, results: list[Node], moving: list[bool]) -> tuple[list[Node], list[Node | None]]:
        dots = iter(results[len(moving) :])
        return results[: len(moving)], [next(dots) if m else None for m in moving]

    # one node ---------------------------------------------------------------------------------------------------------
    def _tangent(self, node: Node, dots: list[Node | None]) -> Node | None:
        """The tangent of a node from those of its arguments; None if it has no slope."""
        if node.op in ELEMENTWISE:
            return _total([ELEMENTWISE[node.op](d, node, *node.args)[i] for i, d in enumerate(dots) if d is not None])
        if node.op in _LINEAR:
            moved = dots[0]  # an index has no slope
            return None if moved is None else Node(node.op, (moved, *node.args[1:]), node.shape, "float", node.attr)
        if node.op in WITHOUT_SLOPE:
            return None
        rule = getattr(self, f"_{node.op}", None)
        if rule is None:
            fail(f"operation {node.op!r} has no tangent")
        return rule(node, *dots)

    def _max(self, node: Node, x: Node) -> Node:
        """The mean tangent of the elements that are the largest."""
        top = Node("eq", (node.args[0], node), x.shape, "bool")
        chosen, count = (Node("sum", (Node("where", (top, v, lift(0.0)), x.shape),)) for v in (x, lift(1.0)))
        return chosen / count

    def _max_axis(self, node: Node, x: Node) -> Node:
        """Likewise along an axis."""
        top = Node("eq", (node.args[0], spread(node, x.shape, node.attr)), x.shape, "bool")
        kept = (Node("where", (top, v, lift(0.0)), x.shape) for v in (x, lift(1.0)))
        chosen, count = (Node("sum_axis", (k,), node.shape, "float", node.attr) for k in kept)
        return chosen / count

    def _matvec(self, node: Node, matrix: Node | None, x: Node | None) -> Node | None:
        return self._bilinear(node, matrix, x)

    def _matmul(self, node: Node, a: Node | None, b: Node | None) -> Node | None:
        return self._bilinear(node, a, b)

    def _recurrence(self, node: Node, factor: Node | None, term: Node | None) -> Node | None:
        (given, _), (axis, reverse) = node.args, node.attr
        changed = None if factor is None else factor * shifted(node, -1 if reverse else 1, axis)
        total = _total([changed, term])
        if total is None:
            return None
        return Node("recurrence", (given, full(total, node.shape)), node.shape, "float", node.attr)

    def _sparse_values(self, node: Node, values: Node | None, x: Node | None) -> Node | None:
        return self._bilinear(node, values, x)

    def _solve(self, node: Node, matrix: Node | None, right: Node | None) -> Node | None:
        changed = None if matrix is None else -Node("matvec", (matrix, node), node.shape)
        total = _total([right, changed])
        return None if total is None else Node("solve", (node.args[0], total), node.shape, "float", node.attr)

    def _outer(self, node: Node, x: Node | None, y: Node | None) -> Node | None:
        return self._bilinear(node, x, y)

    def _bilinear(self, node: Node, a: Node | None, b: Node | None) -> Node | None:
        pairs = ((a, node.args[1]), (node.args[0], b))
        moving = [(x, y) for x, y in pairs if x is not None and y is not None]
        return _total([Node(node.op, pair, node.shape, "float", node.attr) for pair in moving])

    def _sparse(self, node: Node, x: Node) -> Node:
        return Node("sparse", (x,), node.shape, "float", node.attr)

    def _transpose(self, node: Node, x: Node) -> Node:
        return x.T

    def _concat(self, node: Node, *parts: Node | None) -> Node:
        whole = tuple(full(d, a.shape) for a, d in zip(node.args, parts, strict=True))
        return Node("concat", whole, node.shape)

    def _put(self, node: Node, buffer: Node | None, at: None, row: Node | None) -> Node:
        old, _, new = node.args
        return Node("put", (full(buffer, old.shape), node.args[1], full(row, new.shape)), node.shape)


def _present(nodes: Iterable[Node | None]) -> list[Node]:
    return [n for n in nodes if n is not None]


def _total(parts: list[Node | None]) -> Node | None:
    """The sum of those that there are."""
    total = None
    for part in parts:
        total = part if total is None else total if part is None else total + part
    return total
