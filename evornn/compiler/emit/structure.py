"""Emitting structure: slices, concatenation, buffers, reductions, tables, noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evornn.compiler.emit.uniform import Uniform
from evornn.compiler.emit.values import Memory, Small, Value, plus
from evornn.formula.node import Constant, Node
from evornn.formula.node_tools import is_constant
from evornn.graph.simplify import in_registers


class Structure(Uniform):
    """Operations that move, pick or reduce."""

    # structure --------------------------------------------------------------------------------------------------------
    def _slice(self, node: Node) -> Value:
        return self._pick(node, range(node.attr, node.attr + node.size))

    def _gather(self, node: Node) -> Value:
        return self._pick(node, node.attr)

    def _view(self, node: Node, view: Memory) -> Value:
        """A part of a large value: a small one in registers; a large one where it is, but for a result, which must
        outlive what is written there.
        """
        if in_registers(node):
            return self._fetch(node, view)
        written = view.prefix == "scratch" and node.id in self._outputs
        return self._spilled(node, view) if written else view

    def _spilled(self, node: Node, value: Value) -> Memory:
        """A copy in scratch of its own."""
        place = Memory("S", str(self.plan.slot(node.size)))
        self.copy(node, value, place)
        return place

    def _pick(self, node: Node, picks: Sequence[int]) -> Value:
        value = self.value(node.args[0])
        if isinstance(value, Small) and (in_registers(node) or node.op == "slice"):
            chosen = Small([value.elements[i] for i in picks])
            return chosen if in_registers(node) else self._spilled(node, chosen)
        if isinstance(value, Small):
            value = self.memory(node.args[0])
        if node.op == "slice":
            return self._view(node, value.part(str(picks[0])))
        if in_registers(node):
            return self._elements(node, value, picks)
        slot, table, i = self.plan.slot(node.size), self.plan.table(picks), self.name()
        self.text.add(f"for {i} in range({node.size}):")
        self.text.add(f"    store(S, {slot} + {i}, {value.prefix}({value.array}, {value.at} + J[{table} + {i}]))")
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
        turned = np.arange(node.size).reshape(node.shape[::-1]).T.ravel().tolist()
        return self._pick(node, turned)

    def _take(self, node: Node) -> Value:
        if self.differs(node.args[1]):
            return self._take_by_lane(node)
        if node.dtype == "int" and isinstance(self.value(node.args[0]), Small):
            return self._names([f"{self.small(node.args[0]).text()}[{self.row_start(*node.args)}]"])
        value, start = self.value(node.args[0]), self.row_start(*node.args)
        buffer = self._spilled(node.args[0], value) if isinstance(value, Small) else value
        return self._view(node, buffer.part(start))

    def _take_by_lane(self, node: Node) -> Value:
        value, row = self.value(node.args[0]), self.lane_row(*node.args)
        return self._row_by_lane(node, self._spilled(node.args[0], value) if isinstance(value, Small) else value, row)

    def _row_by_lane(self, node: Node, table: Memory, row: str) -> Value:
        """Each lane's own row of a table."""
        read = f"{table.prefix}_at({table.array}, {table.at}, {row}, {node.size}, {{}})"
        if in_registers(node):
            reads = [read.format(i) for i in range(node.size)]
            return self._names([self.as_mask(r) for r in reads] if node.dtype == "bool" else reads)
        slot, i = self.plan.slot(node.size), self.name()
        self.text.add(f"for {i} in range({node.size}):")
        self.text.add(f"    store(S, {slot} + {i}, {read.format(i)})")
        return Memory("S", str(slot))

    def _put(self, node: Node) -> Value:
        buffer, at, row = node.args
        by_lane = self.differs(at)
        same = node.id in self._homes and buffer is self._homes[node.id][0] and not self._readers[node.id]
        start, value = self.lane_row(buffer, at) if by_lane else self.row_start(buffer, at), self.value(row)
        place = self._home(node, {node.id}) if same else None
        place = place or self._spilled(buffer, self.value(buffer))
        if by_lane:
            self.store_by_lane(place, start, row, value)
        else:
            self.copy(row, value, place.part(start), exact=True)
        return place

    def _carried(self, node: Node) -> Value:
        return self.value(node.args[0])

    def _item(self, node: Node) -> Value:
        raise AssertionError("items are placed with their call")

    # reductions and tables --------------------------------------------------------------------------------------------
    def _reduce(self, word: str, node: Node) -> Value:
        (x,) = node.args
        if in_registers(x):
            tuples = self.target.intrinsic(f"{word}_tuple", x.size)
            return self._names([f"{tuples}({self.small(x).text()})" if x.shape else self.scalar(x)])
        place = self.memory(x)
        return self._names([f"{word}_scratch({place.array}, {place.at}, {x.size})"])

    def _sum(self, node: Node) -> Value:
        return self._reduce("sum", node)

    def _max(self, node: Node) -> Value:
        return self._reduce("max", node)

    def _along(self, word: str, fold: str, node: Node) -> Value:
        """A reduction of each row by `fold`, or of each column by `word`, row after row."""
        (x,), slot, i = node.args, self.plan.slot(node.size), self.name()
        rows, columns = x.shape
        place = self.memory(x)
        if node.attr == 1:
            self.text.add(f"for {i} in range({rows}):")
            start = plus(place.at, f"{i} * {columns}")
            self.text.add(f"    store(S, {slot} + {i}, {fold}({place.array}, {start}, {columns}))")
        else:
            j, total = self._loop(columns), self.name()
            self.text.indent += 1
            self.text.add(f"{total} = {self.units('scratch', place, j)}")
            self.text.add(f"for {i} in range({columns}, {x.size}, {columns}):")
            self.text.add(f"    {total} = {word}({total}, {self.units('scratch', place, plus(i, j))})")
            self.text.add(self.units("store", Memory("S", str(slot)), j, total))
            self.text.indent -= 1
        return self._result(node, slot)

    def _result(self, node: Node, slot: int) -> Value:
        """What was written to scratch: a small value in registers."""
        place = Memory("S", str(slot))
        return self._fetch(node, place) if in_registers(node) else place

    def _sum_axis(self, node: Node) -> Value:
        return self._along("add", "sum_scratch", node)

    def _max_axis(self, node: Node) -> Value:
        return self._along("maximum", "max_scratch", node)

    def _expand(self, node: Node) -> Value:
        (rows, columns), source = node.shape, self.indexed(node.args[0])
        place, i = Memory("S", str(self.plan.slot(node.size + self.plan.step))), self.name()
        self.text.add(f"for {i} in range({rows}):")
        self.text.indent += 1
        one = f"{source.prefix}({source.array}, {plus(source.at, i)})"
        value = self._names([one]).elements[0] if node.attr == 1 else ""
        j = self._loop(columns)  # what a pack writes past its row, the next row overwrites
        whole = value or self.units(source.prefix, source, j)
        self.text.add(f"    {self.units('store', place, plus(f'{i} * {columns}', j), whole)}")
        self.text.indent -= 1
        return place

    def _dot(self, node: Node) -> Value:
        if in_registers(node.args[0]):
            word = self.target.intrinsic("dot_tuple", node.args[0].size)
            return self._names([f"{word}({', '.join(self.small(a).text() for a in node.args)})"])
        a, b = (self.memory(x) for x in node.args)
        return self._names([f"dot_scratch({a.array}, {a.at}, {b.array}, {b.at}, {node.args[0].size})"])

    def _random(self, node: Node) -> Value:
        self.lanes_alike("noise", *node.args)
        return self._names([f"random(seed, episode, {self.scalar(node.args[0])}, {node.attr[0]}, {node.attr[1]})"])

    def _lookup(self, node: Node) -> Value:
        table: Constant = node.attr
        rows, at = len(table.array), self.scalar(node.args[0])
        place = Memory("K", str(self.plan.constants.offset(table, table.array.shape)))
        if self.differs(node.args[0]):
            return self._row_by_lane(node, place, self._names([f"row_index({at}, {rows})"]).elements[0])
        (row,) = self._names([f"min(max({at}, 0), {rows - 1})"]).elements
        return self._view(node, place.part(f"{row} * {node.size}"))

    def _outer(self, node: Node) -> Value:
        (x, y), (rows, columns) = (self.memory(a) for a in node.args), node.shape
        place, i, u = Memory("S", str(self.plan.slot(node.size + self.plan.step))), self.name(), self.name()
        self.text.add(f"for {i} in range({rows}):")
        self.text.indent += 1
        self.text.add(f"{u} = scratch({x.array}, {plus(x.at, i)})")
        j = self._loop(columns)  # what a pack writes past its row, the next row overwrites
        value = f"mul({u}, {self.units('scratch', y, j)})"
        self.text.add(f"    {self.units('store', place, plus(f'{i} * {columns}', j), value)}")
        self.text.indent -= 1
        return place

    def _recurrence(self, node: Node) -> Value:
        """Along an axis, element by element: y = a y + b, of its predecessor."""
        (factor, term), (axis, reverse) = node.args, node.attr
        rows, columns = node.shape if node.ndim == 2 else (1, node.size)
        down = axis == 0
        count, others = (rows, columns) if down else (columns, rows)
        step, width = (columns, 1) if down else (1, columns)
        first, ahead = ((count - 1) * step, -step) if reverse else (0, step)
        constant = is_constant(factor, 1.0)
        b, a = self.indexed(term), None if constant or not factor.shape else self.indexed(factor)
        each = "" if a or constant else self.scalar(factor)
        slot, o, k, i, total = self.plan.slot(node.size), *(self.name() for _ in range(4))
        self.text.add(f"for {o} in range({others}):")
        self.text.indent += 1
        place = plus(str(first), f"{o} * {width}")
        self.text.add(f"{total} = {b.prefix}({b.array}, {plus(b.at, place)})")
        self.text.add(f"store(S, {plus(str(slot), place)}, {total})")
        self.text.add(f"for {k} in range(1, {count}):")
        self.text.add(f"    {i} = {place} + {k} * {ahead}")
        value = f"{b.prefix}({b.array}, {plus(b.at, i)})"
        factors = f"{a.prefix}({a.array}, {plus(a.at, i)})" if a else each
        self.text.add(f"    {total} = {f'add({total}, {value})' if constant else f'fma({factors}, {total}, {value})'}")
        self.text.add(f"    store(S, {slot} + {i}, {total})")
        self.text.indent -= 1
        return self._result(node, slot)
