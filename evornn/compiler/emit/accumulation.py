"""Emitting effects: what adds to the gradients of parameters, in memory `g`."""

from __future__ import annotations

from evornn.compiler.emit.uniform import Uniform
from evornn.compiler.emit.values import Memory, Small, Value, plus
from evornn.formula.node import Node
from evornn.graph.simplify import in_registers


class Accumulations(Uniform):
    """Additions to gradients, and products of vectors summed over steps in blocks."""

    block: int = 0  # steps whose outer products are kept and added together; 0: each is added at once

    def _accumulate(self, node: Node) -> Value:
        start = self.plan.gradients.offset(node.attr[0], self.plan.shapes[node.attr[0]])
        return self._add_to_gradient(node.args[0], str(start + node.attr[1]))

    def _accumulate_row(self, node: Node) -> Value:
        value, at = node.args
        name, shape = node.attr[0], self.plan.shapes[node.attr[0]]
        if self.differs(at):
            return self._add_by_lane(value, self.plan.gradients.offset(name, shape), Node("parameter", (), shape), at)
        start = self.row_start(Node("parameter", (), shape, "float", name), at)
        return self._add_to_gradient(value, plus(str(self.plan.gradients.offset(name, shape)), start))

    def _add_to_gradient(self, value: Node, at: str) -> Value:
        if in_registers(value):
            small = self.small(value)
            if value.shape:
                self.text.add(f"store_tuple(g, {at}, add(scratch_tuple(g, {at}, {value.size}), {small.text()}))")
            else:
                self.text.add(f"store(g, {at}, add(scratch(g, {at}), {small.elements[0]}))")
            return Small([])
        place = self.value(value)
        i = self._loop(value.size)
        old = f"scratch_units(g, {plus(at, i)})"
        read = f"{place.prefix}_units({place.array}, {plus(place.at, i)})"  # type: ignore[union-attr]
        self.text.add(f"    store_units(g, {plus(at, i)}, add({old}, {read}))")
        return Small([])

    def _add_by_lane(self, value: Node, start: int, table: Node, at: Node) -> Value:
        """Add to each lane's own row of a gradient."""
        row, place = self.lane_row(table, at), self.memory(value)
        i = self.name()
        where_ = f"g, {start}, {row}, {value.size}, {i}"
        self.text.add(f"for {i} in range({value.size}):")
        added = f"add(scratch_at({where_}), scratch({place.array}, {plus(place.at, i)}))"
        self.text.add(f"    store_at({where_}, {added})")
        return Small([])

    def _accumulate_outer(self, node: Node) -> Value:
        u, x = node.args
        at = self.plan.gradients.offset(node.attr[0], self.plan.shapes[node.attr[0]])
        if self.block:
            self._keep(at, u, x)
            return Small([])
        a, b = self.memory(u), self.memory(x)
        self.text.add(f"outer_sum(g, {at}, {a.array}, {a.at}, {b.array}, {b.at}, {u.size}, {x.size}, 1, 1)")
        return Small([])

    def _keep(self, at: int, u: Node, x: Node) -> None:
        """Put both factors where `products` finds them after a block of steps."""
        for node in (u, x):
            if node.id not in self.plan.kept:
                slot = self.plan.kept[node.id] = self.plan.slot(self.block * node.size)
                self._spread(node, slot)
        self.plan.products.append((at, self.plan.kept[u.id], self.plan.kept[x.id], u.size, x.size))

    def _spread(self, node: Node, slot: int) -> None:
        """Write step `turn` of a block: an element's steps lie side by side, as `outer_sum` reads them."""
        value = self.value(node)
        if isinstance(value, Memory):
            i = self._loop(node.size)
            read = f"{value.prefix}({value.array}, {plus(value.at, i)})"
            self.text.add(f"    store(S, {slot} + {i} * {self.block} + turn, {read})")
        else:
            for k, element in enumerate(value.elements):
                self.text.add(f"store(S, {slot + k * self.block} + turn, {element})")
