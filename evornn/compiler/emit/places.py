"""Names, places and leaves: what every statement of emitted text is made with."""

from __future__ import annotations

from evornn.compiler.emit.values import LayoutUnsupported, Memory, Small, Text, Value, plus
from evornn.compiler.memory_plan import Plan
from evornn.compiler.target import Target
from evornn.formula.node import Node
from evornn.graph.simplify import in_registers, value_of


class Places:
    """Fresh names, offsets, loops over elements, and where parameters and constants are."""

    def __init__(self, plan: Plan, target: Target, text: Text, prefix: str) -> None:
        self.plan, self.target, self.text, self.prefix = plan, target, text, prefix
        self._count = 0

    def name(self) -> str:
        """A fresh variable."""
        self._count += 1
        return f"{self.prefix}{self._count}"

    def _names(self, expressions: list[str]) -> Small:
        names = []
        for expression in expressions:
            names.append(self.name())
            self.text.add(f"{names[-1]} = {expression}")
        return Small(names)

    def units(self, word: str, place: Memory, i: str, *value: str) -> str:
        """`scratch_units(S, at + i)` and its kin, as the language spells them."""
        at = plus(place.at, i)
        return f"{self.target.units(f'{word}_units', at)}({', '.join([place.array, at, *value])})"

    def as_number(self, mask: str) -> str:
        """A truth value as 1 or 0."""
        return f"where({mask}, {self.target.number(1.0)}, {self.target.number(0.0)})"

    def as_mask(self, number: str) -> str:
        """1 or 0 as a truth value."""
        return f"ne({number}, {self.target.number(0.0)})"

    def _loop(self, size: int) -> str:
        i = self.name()
        self.text.add(f"for {i} in range(0, {size}, {self.plan.step}):")
        self.target.step(i, self.plan.step)
        return i

    def _tuple(self, value: Memory, size: int) -> str:
        return f"{self.target.intrinsic(f'{value.prefix}_tuple', size)}({value.array}, {value.at}, {size})"

    def _lanes_only(self, what: str) -> None:
        if self.target.layout == "units":
            raise LayoutUnsupported(f"{what} needs individuals or episodes as lanes")

    # leaves -----------------------------------------------------------------------------------------------------------
    def _leaf(self, node: Node) -> Value:
        if node.op == "constant" and not node.shape:
            return Small([f"truth({node.attr})" if node.dtype == "bool" else self._constant(node)])
        if node.op == "constant" and in_registers(node):
            spell = self.target.number if node.dtype == "float" else lambda v: f"truth({bool(v)})"
            return Small([spell(v) for v in value_of(node)])
        if node.op == "constant":
            return Memory("K", str(self.plan.constants.offset(node.attr, node.shape)))
        at = self.plan.weights.offset(node.attr, node.shape)
        if not in_registers(node):
            return Memory("w", str(at))
        each = [f"weight(w, {at + i})" for i in range(node.size)]
        return Small(each, self._tuple(Memory("w", str(at)), node.size) if node.shape else "")

    def _constant(self, node: Node) -> str:
        return repr(node.attr) if node.dtype == "int" else self.target.number(node.attr)

    def _leaf_in_memory(self, node: Node) -> Memory:
        """Where a parameter or constant lies, a small one too."""
        if node.op == "constant":
            return Memory("K", str(self.plan.constants.offset(node.attr, node.shape)))
        return Memory("w", str(self.plan.weights.offset(node.attr, node.shape)))
