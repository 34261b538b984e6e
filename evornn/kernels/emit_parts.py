"""Emitting structure: slices, concatenation, buffers, reductions, tables, noise."""

from __future__ import annotations

from evornn.errors import EvornnError
from evornn.formula.graph import Constant, Node
from evornn.formula.simplify import in_registers
from evornn.kernels.emit_core import Core
from evornn.kernels.values import Memory, Small, Value, plus


class Parts(Core):
    """Operations that move, pick or reduce."""

    # structure --------------------------------------------------------------------------------------------------------
    def _slice(self, node: Node) -> Value:
        return self._pick(node, list(range(node.attr, node.attr + node.size)))

    def _gather(self, node: Node) -> Value:
        return self._pick(node, list(node.attr))

    def _pick(self, node: Node, picks: list[int]) -> Value:
        value = self.value(node.args[0])
        if isinstance(value, Small):
            return Small([value.elements[i] for i in picks])
        if node.op == "slice":
            view = Memory(value.array, plus(value.at, str(picks[0])))
            return view if not in_registers(node) else self._fetch(node, view)
        if in_registers(node):
            return self._names([f"{value.words}({value.array}, {plus(value.at, str(i))})" for i in picks])
        slot, table, i = self.plan.slot(node.size), self.plan.table(picks), self.name()
        self.text.add(f"for {i} in range({node.size}):")
        self.text.add(f"    store(S, {slot} + {i}, {value.words}({value.array}, {value.at} + J[{table} + {i}]))")
        return Memory("S", str(slot))

    def _concat(self, node: Node) -> Value:
        if in_registers(node):
            return Small([e for a in node.args for e in self.small(a).elements])
        slot = at = self.plan.slot(node.size + self.plan.step)
        for part in node.args:
            self.copy(part, self.value(part), Memory("S", str(at)))
            at += part.size
        return Memory("S", str(slot))

    def _transpose(self, node: Node) -> Value:
        raise EvornnError("a transposed matrix can only be multiplied by a vector")

    def _take(self, node: Node) -> Value:
        buffer, at = self.value(node.args[0]), self.scalar(node.args[1])
        if isinstance(buffer, Small):
            raise EvornnError("a buffer in registers has no computed index")
        row = Memory(buffer.array, f"{buffer.at} + {at}" if node.size == 1 else f"{buffer.at} + {at} * {node.size}")
        return row if not in_registers(node) else self._fetch(node, row)

    def _put(self, node: Node) -> Value:
        buffer, at, row = node.args
        home = self._homes.get(node.id)
        if home and buffer is home[0] and not self._readers[node.id] and buffer.id not in self._outputs:
            place = home[1]
        else:
            place = Memory("S", str(self.plan.slot(node.size)))
            self.copy(buffer, self.value(buffer), place)
        offset = self.scalar(at) if row.size == 1 else f"{self.scalar(at)} * {row.size}"
        self.copy(row, self.value(row), Memory("S", f"{place.at} + {offset}"))
        return place

    def _carried(self, node: Node) -> Value:
        return self.value(node.args[0])

    def _item(self, node: Node) -> Value:
        raise AssertionError("items are placed with their call")

    # reductions and tables --------------------------------------------------------------------------------------------
    def _reduce(self, word: str, node: Node) -> Value:
        (x,) = node.args
        if in_registers(x):
            tuples = self.language.word(f"{word}_tuple", x.size)
            return self._names([f"{tuples}({self.small(x).text()})" if x.shape else self.scalar(x)])
        place = self.memory(x)
        return self._names([f"{word}_scratch({place.array}, {place.at}, {x.size})"])

    def _sum(self, node: Node) -> Value:
        return self._reduce("sum", node)

    def _max(self, node: Node) -> Value:
        return self._reduce("max", node)

    def _dot(self, node: Node) -> Value:
        word = self.language.word("dot_tuple", node.args[0].size)
        return self._names([f"{word}({', '.join(self.small(a).text() for a in node.args)})"])

    def _random(self, node: Node) -> Value:
        return self._names([f"random(seed, episode, {self.scalar(node.args[0])}, {node.attr[0]}, {node.attr[1]})"])

    def _lookup(self, node: Node) -> Value:
        table: Constant = node.attr
        rows = len(table.array)
        at, base = self.scalar(node.args[0]), self.plan.constants.offset(table, table.array.shape)
        uniform = node.args[0].dtype == "int"
        row = self._names([f"min(max({at}, 0), {rows - 1})" if uniform else f"row_index({at}, {rows})"]).elements[0]
        if in_registers(node):
            return self._names([f"table_at(K, {base}, {row}, {node.size}, {i})" for i in range(node.size)])
        slot, i = self.plan.slot(node.size), self.name()
        self.text.add(f"for {i} in range({node.size}):")
        self.text.add(f"    store(S, {slot} + {i}, table_at(K, {base}, {row}, {node.size}, {i}))")
        return Memory("S", str(slot))

    def _outer(self, node: Node) -> Value:
        self._lanes_only("outer")
        (x, y), (n, m) = (self.memory(a) for a in node.args), node.shape
        slot, i, j = self.plan.slot(node.size), self.name(), self.name()
        self.text.add(f"for {i} in range({n}):")
        self.text.add(f"    for {j} in range({m}):")
        self.text.add(
            f"        store(S, {slot} + {i} * {m} + {j}, "
            f"mul(scratch({x.array}, {x.at} + {i}), scratch({y.array}, {y.at} + {j})))"
        )
        return Memory("S", str(slot))
