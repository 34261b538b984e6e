"""Programs of `lanes.loops` as Python text of one thread; where threads share scratch, they divide what they can, and
one of them does the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from evornn.compiler.cuda.algebra import TextLanes, TextMachine, Writer
from evornn.compiler.lanes import loops

WAIT = "cuda.syncthreads()"
READERS = {"s": "{0}[index({1})]", "w": "weight({0}, {1})", "k": "constant({0}, {1})"}


class Place:
    """A whole number as text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __add__(self, other: Place | int) -> Place:
        if other == 0:
            return self
        return Place(f"{self.text} + {other.text if isinstance(other, Place) else other}")

    def __mul__(self, k: int) -> Place:
        return Place("0") if k == 0 else self if k == 1 else Place(f"({self.text}) * {k}")


class Cell:
    """A variable."""

    def __init__(self, m: TextMachine, first: TextLanes) -> None:
        self.m, self.name = m, m.keep(first.v)

    def get(self) -> TextLanes:
        """Its value."""
        return self.name

    def set(self, value: TextLanes) -> None:
        """Change it."""
        self.m.writer.lines.append(f"{self.name.v} = {value.v}")


class TextLoops:
    """Loops over arrays: name -> letter of the kind. block: threads that divide the loops that they can."""

    width = 1

    def __init__(self, m: TextMachine, arrays: dict[str, str], block: int) -> None:
        self.m, self.arrays, self.block = m, arrays, block
        self._count = 0

    def load(self, array: str, at: Place, units: bool = False) -> TextLanes:
        """An element."""
        return self.m.keep(READERS[self.arrays[array]].format(array, at.text))

    def store(self, array: str, at: Place, value: TextLanes, units: bool = False) -> None:
        """Change an element."""
        self.m.writer.lines.append(f"{array}[index({at.text})] = {value.v}")

    @contextmanager
    def _loop(self, of: str) -> Iterator[Place]:
        lines = self.m.writer.lines
        self._count += 1
        lines.append(f"for k{self._count} in range({of}):")
        before = len(lines)
        yield Place(f"k{self._count}")
        lines[before:] = [f"    {line}" for line in lines[before:]]

    def each(self, start: Place | int, stop: Place | int) -> AbstractContextManager[Place]:
        """A loop."""
        first, last = (p.text if isinstance(p, Place) else p for p in (start, stop))
        return self._loop(f"{first}, {last}")

    def back(self, count: int) -> AbstractContextManager[Place]:
        """A loop downwards."""
        return self._loop(f"{count - 1}, -1, -1")

    def shared(self, count: int) -> AbstractContextManager[Place]:
        """A loop that threads divide."""
        return self._loop(f"cuda.threadIdx.x, {count}, {self.block}" if self.block > 1 else f"{count}")

    def entry(self, at: Place) -> Place:
        """A number of the table."""
        return Place(self.m.writer.name(f"J[index({at.text})]"))

    def cell(self, first: TextLanes) -> Cell:
        """A variable."""
        return Cell(self.m, first)

    def number(self, place: Place) -> TextLanes:
        """A place as a float."""
        return self.m.keep(f"f({place.text})")


def product(name: str, kinds: str, sizes: tuple[int, ...], bits: int, block: int) -> str:
    """Text of product(out, at, left, at, right, at, ...): see `lanes.loops.Product`."""
    n, k, m, *steps, added = sizes
    plan = loops.Product(n, k, m, (steps[0], steps[1], steps[2], steps[3]), bool(added))
    writer = Writer()
    p = TextLoops(TextMachine(writer, bits), dict(zip(("out", "left", "right"), f"s{kinds}", strict=True)), block)
    loops.product(p, plan, Place("o"), Place("l"), Place("r"))
    more = ", n, k, m, a, b, c, d, added"
    return _text(name, f"out, o, left, l, right, r{more}", writer.lines, block)


def sparse(name: str, kinds: str, n: int, picked: int, bits: int, block: int) -> str:
    """Text of sparse(out, at, values, at, x, at, J, rows, columns, picks, n): see `lanes.loops.sparse`."""
    writer = Writer()
    p = TextLoops(TextMachine(writer, bits), dict(zip(("out", "values", "x"), f"s{kinds}", strict=True)), block)
    picks = Place("picks") if picked else None
    loops.sparse(p, n, (Place("o"), Place("v"), Place("at")), Place("rows"), Place("columns"), picks)
    return _text(name, "out, o, values, v, x, at, J, rows, columns, picks, n", writer.lines, block)


def solve(name: str, n: int, symmetric: bool, bits: int, block: int) -> str:
    """Text of solve(array, work, x, ...): see `lanes.loops.solve`; of threads that share scratch, the first does it."""
    writer = Writer()
    loops.solve(TextLoops(TextMachine(writer, bits), {"work": "s"}, 1), n, symmetric, Place("at"), Place("x"))
    lines = writer.lines
    if block > 1:
        lines = ["if cuda.threadIdx.x == 0:", *(f"    {line}" for line in lines)]
    return _text(name, "work, at, x, n, symmetric", lines, block)


def _text(name: str, arguments: str, lines: list[str], block: int) -> str:
    wait = [WAIT] if block > 1 else []
    return f"def {name}({arguments}):\n" + "".join(f"    {line}\n" for line in [*wait, *lines, *wait])
