"""Rows at an index that differs from lane to lane: a number of each lane, or a data row where lanes are episodes."""

from __future__ import annotations

from evornn.compiler.emit.core import Core
from evornn.compiler.emit.values import LayoutUnsupported, Memory, Small, Value, plus
from evornn.formula.node import Node


class Rows(Core):
    """Indices of each lane's own; whole numbers that differ are floats in the text."""

    def read_whole(self, node: Node, view: Memory) -> None:
        """Give a data row of whole numbers its value."""
        if self.target.layout != "episodes" or self.target.scalar:
            self.values[node.id] = self._fetch(node, view)
            return
        self.own_rows.add(node.id)
        self.values[node.id] = self._names([f"data({view.array}, {view.at} + {i})" for i in range(node.size)])

    def differs(self, node: Node) -> bool:
        """Whether a number differs from lane to lane in a vector."""
        if node.dtype != "int" or not self.own_rows:
            return node.dtype == "float"
        return node.id in self.own_rows or any(self.differs(a) for a in node.args)

    def lanes_alike(self, what: str, *nodes: Node) -> None:
        """Refuse a layout in which one of these whole numbers differs from lane to lane."""
        if any(n.dtype == "int" and self.differs(n) for n in nodes):
            raise LayoutUnsupported(f"{what} by a data row of whole numbers needs lanes of one episode")

    def lane_row(self, table: Node, at: Node) -> str:
        """Each lane's own row of a table: a number is rounded down and kept within, a whole one counts as NumPy's."""
        self._lanes_only("a row at an index of each lane's own")
        rows, index = table.shape[0], self.scalar(at)
        if at.dtype == "int":
            index = f"where(lt({index}, {self.target.number(0.0)}), add({index}, {self.target.number(rows)}), {index})"
        return self._names([f"row_index({index}, {rows})"]).elements[0]

    def store_by_lane(self, place: Memory, row: str, node: Node, value: Value) -> None:
        """Write a value as each lane's own row of a table."""
        where_ = f"{place.array}, {place.at}, {row}, {node.size}"
        if isinstance(value, Small):
            for i, element in enumerate(value.elements):
                number = self.as_number(element) if node.dtype == "bool" else element
                self.text.add(f"store_at({where_}, {i}, {number})")
            return
        k = self.name()
        self.text.add(f"for {k} in range({node.size}):")
        self.text.add(f"    store_at({where_}, {k}, {value.prefix}({value.array}, {plus(value.at, k)}))")
