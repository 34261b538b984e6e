"""Graph to kernel text, in intrinsics: the same text for every layout but for offsets and loop steps.

`Body` emits one graph; `Carry` is what a loop carries round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evornn.compiler.emit.accumulation import Accumulations
from evornn.compiler.emit.products import Products
from evornn.compiler.emit.structure import Structure
from evornn.compiler.emit.values import VARIABLE, Memory, Small, Value, part
from evornn.formula.node import Node
from evornn.formula.trace import Function
from evornn.graph.simplify import in_registers
from evornn.graph.vjp import ACCUMULATION


class Body(Structure, Products, Accumulations):
    """Emits the statements of one graph into a text; nested loops and functions share the plan and the names."""

    # functions and loops ----------------------------------------------------------------------------------------------
    def _place_items(self, node: Node, function: Function, values: list[Value]) -> Value:
        for reader in self._readers[node.id]:
            self.values[reader.id] = Small([]) if reader.dtype == ACCUMULATION else values[reader.attr]
            self.done.add(reader.id)
        return Small([])

    def _call(self, node: Node) -> Value:
        self.lanes_alike("a function called", *node.args)
        name = self.name()
        self.text.add(
            f"{name} = {self.functions[id(node.attr)]}({', '.join([*self.arrays, *map(self.expression, node.args)])})"
        )
        return self._place_items(node, node.attr, [part(f"{name}[{i}]", o) for i, o in enumerate(node.attr.outputs)])

    def _repeat(self, node: Node) -> Value:
        function, times = node.attr
        return self._changed(node, function, node.args, lambda: f"for {self.name()} in range({times}):")

    def _when(self, node: Node) -> Value:
        holds, *args = node.args
        return self._changed(node, node.attr, args, lambda: f"if {self.scalar(holds)}:")

    def _changed(self, node: Node, function: Function, args: Sequence[Node], header: Callable[[], str]) -> Value:
        """A state that the function changes, under a `for` or an `if`."""
        self.lanes_alike("a loop or a branch", *node.args)
        states, effects = results_of(function)
        count = len(states)
        body = Body(self.plan, self.target, self.functions, self.text, f"{self.name()}_", self.arrays)
        state = Carry(body, function.inputs[:count], f"{self.name()}_s")
        state.assign([self.value(a) for a in args[:count]])
        for inner, outer in zip(function.inputs[count:], args[count:], strict=True):
            body.values[inner.id] = self.value(outer)
        self.text.add(header())
        self.text.indent += 1
        if id(function) in self.functions:
            result = self.name()
            arguments = ", ".join([*self.arrays, *map(body.expression, function.inputs)])
            self.text.add(f"{result} = {self.functions[id(function)]}({arguments})")
            state.assign([part(f"{result}[{i}]", o) for i, o in enumerate(states)])
        else:
            state.advance(states, effects)
        self.text.indent -= 1
        return self._place_items(node, function, state.current())


def results_of(function: Function) -> tuple[list[Node], list[Node]]:
    """A function's outputs with a value, and its accumulations."""
    accumulations = [o for o in function.outputs if o.dtype == ACCUMULATION]
    return [o for o in function.outputs if o.dtype != ACCUMULATION], accumulations


class Carry:
    """Values carried round a loop: variables for small ones, scratch for large ones."""

    def __init__(self, body: Body, inputs: list[Node], prefix: str, names: list[str] | None = None) -> None:
        self.body, self.inputs = body, inputs
        self.names = names or [f"{prefix}{i}" for i in range(len(inputs))]
        for node, name in zip(inputs, self.names, strict=True):
            body.values[node.id] = (
                part(name, node) if in_registers(node) else Memory("S", str(body.plan.slot(node.size)))
            )

    def current(self) -> list[Value]:
        """Where the values are."""
        return [self.body.values[n.id] for n in self.inputs]

    def advance(self, outputs: list[Node], effects: list[Node] | None = None) -> None:
        """At the end of the loop's body: compute the next values, and what is done besides, and take them."""
        homes = {
            o.id: (n, self.body.values[n.id]) for n, o in zip(self.inputs, outputs, strict=True) if not in_registers(n)
        }
        self.body.emit([*outputs, *(effects or [])], homes)  # type: ignore[arg-type]
        self.assign([self.body.value(o) for o in outputs])

    def assign(self, values: list[Value]) -> None:
        """Take these values, all at once."""
        body, left, right = self.body, [], []
        places = [body.values[n.id] for n in self.inputs]
        for node, name, value in zip(self.inputs, self.names, values, strict=True):
            if in_registers(node):
                small = body._fetch(node, value) if isinstance(value, Memory) else value
                text = small.text() if node.shape else small.elements[0]
                if text != name:
                    left.append(name)
                    right.append(text if node.dtype != "float" or VARIABLE.match(text) else body.target.typed(text))
        moves = [
            (n, v, p) for n, v, p in zip(self.inputs, values, places, strict=True) if not in_registers(n) and v != p
        ]
        for k, (node, value, _) in enumerate(moves):
            if any(value == taken for _, _, taken in moves[:k]):  # an old value that is overwritten before it is read
                moves[k] = (node, body._spilled(node, value), moves[k][2])
        for node, value, place in moves:
            assert isinstance(place, Memory)
            body.copy(node, value, place)
        if left:
            body.text.add(f"{', '.join(left)} = {', '.join(right)}")
