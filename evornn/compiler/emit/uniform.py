"""Whole numbers that are the same for every lane (the time step, data rows, counters): Python's own in the text."""

from __future__ import annotations

from evornn.compiler.emit.rows import Rows
from evornn.compiler.emit.values import Small, Value
from evornn.formula.node import Node
from evornn.formula.node_tools import is_constant
from evornn.graph.simplify import value_of

WHOLE = {"add": "+", "sub": "-", "mul": "*", "floordiv": "//", "mod": "%"}
COMPARED = {"lt": "<", "le": "<=", "eq": "==", "ne": "!="}  # as 1 or 0


class Uniform(Rows):
    """Operations that are of whole numbers or of lanes, as their values are."""

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
        if self.differs(node):
            return self._whole_by_lane(
                node.op, *(x if self.differs(n) else f"lanes({x})" for n, x in zip(node.args, (a, b), strict=True))
            )
        name = self.name()
        whole = f"{a} {WHOLE[node.op]} {b}" if node.op in WHOLE else f"int({a} {COMPARED[node.op]} {b})"
        self.text.add(f"{name} = {whole}")
        return Small([name])

    def _whole_by_lane(self, op: str, a: str, b: str) -> Value:
        """Exact up to 2^24, which is how far data rows of whole numbers go."""
        if op in ("floordiv", "mod"):
            quotient = self._names([f"floor(div({a}, {b}))"]).elements[0]
            return self._names([quotient if op == "floordiv" else f"sub({a}, mul({quotient}, {b}))"])
        return self._names([f"{op}({a}, {b})"])

    def _add(self, node: Node) -> Value:
        return self._whole(node) if node.dtype == "int" else self._elementwise(node)

    _sub = _mul = _lt = _le = _eq = _ne = _add
    _floordiv = _mod = _whole

    def _minimum(self, node: Node) -> Value:
        if node.dtype != "int":
            return self._elementwise(node)
        if self.differs(node):
            return self._whole(node)
        name = self.name()
        self.text.add(f"{name} = {node.op[:3]}({', '.join(self.scalar(x) for x in node.args)})")
        return Small([name])

    _maximum = _minimum

    def _to_float(self, node: Node) -> Value:
        name = self.name()
        number = self.scalar(node.args[0])
        self.text.add(f"{name} = {number if self.differs(node.args[0]) else f'lanes({number})'}")
        return Small([name])
