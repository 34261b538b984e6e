"""Whole numbers that are the same for every lane (the time step, data rows, counters): Python's own in the text."""

from __future__ import annotations

from evornn.compiler.emit.core import Core
from evornn.compiler.emit.values import LayoutUnsupported, Small, Value
from evornn.formula.node import Node
from evornn.formula.node_tools import is_constant
from evornn.graph.simplify import value_of

WHOLE = {"add": "+", "sub": "-", "mul": "*", "floordiv": "//", "mod": "%"}


class Uniform(Core):
    """Operations that are of whole numbers or of lanes, as their values are."""

    def lanes_alike(self, what: str) -> None:
        """Refuse a layout in which whole numbers differ from lane to lane."""
        if self.target.layout == "episodes" and not self.target.scalar:
            raise LayoutUnsupported(f"{what} needs lanes of one episode")

    def row_start(self, buffer: Node, at: Node) -> str:
        """Where row `at` of a buffer begins. Rows count as NumPy's do, from the end below 0, and never leave it."""
        rows, width = buffer.shape[0], buffer.size // buffer.shape[0]
        within = at.op == "mod" and is_constant(at.args[1]) and 0 < value_of(at.args[1]) <= rows
        row = self.scalar(at)
        if not within:
            (row,) = self._names([f"({row}) % {rows}"]).elements
        return row if width == 1 else f"{row} * {width}"

    def _whole(self, node: Node) -> Value:
        a, b = (self.scalar(x) for x in node.args)
        name = self.name()
        self.text.add(f"{name} = {a} {WHOLE[node.op]} {b}")
        return Small([name])

    def _add(self, node: Node) -> Value:
        return self._whole(node) if node.dtype == "int" else self._elementwise(node)

    _sub = _mul = _add
    _floordiv = _mod = _whole

    def _minimum(self, node: Node) -> Value:
        if node.dtype != "int":
            return self._elementwise(node)
        name = self.name()
        self.text.add(f"{name} = {node.op[:3]}({', '.join(self.scalar(x) for x in node.args)})")
        return Small([name])

    _maximum = _minimum

    def _to_float(self, node: Node) -> Value:
        name = self.name()
        self.text.add(f"{name} = lanes({self.scalar(node.args[0])})")
        return Small([name])
