"""Whole numbers that are the same for every lane (the time step, indices, counters): Python's own in the text."""

from __future__ import annotations

from evornn.compiler.emit.core import Core
from evornn.compiler.emit.values import Small, Value
from evornn.formula.node import Node

WHOLE = {"add": "+", "sub": "-", "mul": "*", "floordiv": "//", "mod": "%"}


class Uniform(Core):
    """Operations that are of whole numbers or of lanes, as their values are."""

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
