"""Values of emitted text: expressions for small ones, places for large ones; and the lines themselves."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from evornn.errors import EvornnError
from evornn.formula.node import Node

WRITABLE = ("S", "g", "tape", "checkpoints")  # arrays laid out as scratch is: [element][lane]
VARIABLE = re.compile(r"[A-Za-z_]\w*(\[\d+\])*$")


class LayoutUnsupported(EvornnError):
    """This graph has an operation that the layout does not have; another layout serves."""


@dataclass
class Memory:
    """A large value: `array` is S (scratch), g (gradients), tape or checkpoints (stored states), w (weights), K
    (constants), u (rows of numbers that all lanes share) or an episode's data row; `at` its offset, as text.

    How it is read follows from the array alone, so that a part of a value is read as the whole is.
    """

    array: str
    at: str

    @property
    def prefix(self) -> str:
        """The prefix of the intrinsics that read this array."""
        if self.array in WRITABLE:
            return "scratch"
        return {"w": "weight", "K": "constant", "u": "constant"}.get(self.array, "data")

    def part(self, start: str) -> Memory:
        """The elements from `start` on."""
        return Memory(self.array, plus(self.at, start))


@dataclass
class Small:
    """A scalar or small vector: one expression an element, and one for the whole tuple where there is one."""

    elements: list[str]
    whole: str = ""

    def text(self) -> str:
        """The vector as one expression."""
        return self.whole or f"({', '.join(self.elements)},)"


Value = Small | Memory


@dataclass
class Text:
    """Lines of a function body, indented."""

    indent: int = 1
    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Append one line."""
        self.lines.append("    " * self.indent + line)


def part(expression: str, node: Node) -> Small:
    """A function's result, as a value."""
    return Small([f"{expression}[{i}]" for i in range(node.size)], expression) if node.shape else Small([expression])


def plus(a: str, b: str) -> str:
    """a + b as text, whole numbers added now."""
    if a.isdigit() and b.isdigit():
        return str(int(a) + int(b))
    return a if b == "0" else b if a == "0" else f"{a} + {b}"


def sine_pairs(nodes: list[Node]) -> dict[int, tuple[Node, Node]]:
    """Scalars whose sine and cosine are both wanted, by either's id: one reduction of the angle serves both."""
    found: dict[int, dict[str, Node]] = defaultdict(dict)
    for node in nodes:
        if node.op in ("sin", "cos") and not node.shape:
            found[node.args[0].id][node.op] = node
    return {n.id: (p["sin"], p["cos"]) for p in found.values() if len(p) == 2 for n in p.values()}
