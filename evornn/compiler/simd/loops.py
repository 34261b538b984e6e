"""Programs of `lanes.loops` as LLVM code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from llvmlite import ir
from numba.core import cgutils, types

from evornn.compiler.lanes import loops
from evornn.compiler.simd.builder import INT64, Code, Generate, Kinds, literal
from evornn.compiler.simd.vector import Lanes

READERS = {"s": "scratch", "w": "weight", "k": "fixed"}  # where an array lies, by the letter in an intrinsic's name


class Place:
    """A 64-bit whole number."""

    __slots__ = ("code", "v")

    def __init__(self, code: Code, v: ir.Value) -> None:
        self.code, self.v = code, v

    def __add__(self, other: Place | int) -> Place:
        other = other if isinstance(other, Place) else Place(self.code, ir.Constant(INT64, other))
        return Place(self.code, self.code.b.add(self.v, other.v))

    def __mul__(self, k: int) -> Place:
        return Place(self.code, self.code.times(self.v, k))


class Cell:
    """A variable on the stack, which LLVM puts into a register."""

    def __init__(self, code: Code, first: Lanes) -> None:
        self.code, self.place = code, cgutils.alloca_once_value(code.b, first.v)

    def get(self) -> Lanes:
        """Its value."""
        return self.code.m.wrap(self.code.b.load(self.place))

    def set(self, value: Lanes) -> None:
        """Change it."""
        self.code.b.store(value.v, self.place)


class SimdLoops:
    """Loops over arrays: name -> (pointer, letter of the kind)."""

    def __init__(self, code: Code, arrays: dict[str, tuple[ir.Value, str]]) -> None:
        self.code, self.arrays, self.m = code, arrays, code.m
        self.width = code.shape.group

    def load(self, array: str, at: Place, units: bool = False) -> Lanes:
        """An element, of each lane."""
        pointer, letter = self.arrays[array]
        return getattr(self.code, READERS[letter])(pointer, at.v, units)

    def store(self, array: str, at: Place, value: Lanes, units: bool = False) -> None:
        """Change an element."""
        self.code.keep(self.arrays[array][0], at.v, value, units)

    def _value(self, place: Place | int) -> ir.Value:
        return place.v if isinstance(place, Place) else ir.Constant(INT64, place)

    @contextmanager
    def each(self, start: Place | int, stop: Place | int) -> Iterator[Place]:
        """A loop; none around a single turn."""
        if isinstance(start, int) and isinstance(stop, int) and stop - start == 1:
            yield Place(self.code, self._value(start))
            return
        b, first = self.code.b, self._value(start)
        with self.code.loop(b.sub(self._value(stop), first)) as loop:
            yield Place(self.code, b.add(loop.index, first))

    @contextmanager
    def back(self, count: int) -> Iterator[Place]:
        """A loop downwards."""
        with self.each(0, count) as turn:
            yield Place(self.code, self.code.b.sub(ir.Constant(INT64, count - 1), turn.v))

    def shared(self, count: int) -> AbstractContextManager[Place]:
        """As `each`: a thread works alone."""
        return self.each(0, count)

    def entry(self, at: Place) -> Place:
        """A number of the table."""
        return Place(self.code, self.code.b.load(self.code.b.gep(self.arrays["table"][0], [at.v])))

    def cell(self, first: Lanes) -> Cell:
        """A variable."""
        return Cell(self.code, first)

    def number(self, place: Place) -> Lanes:
        """A place as a float in every lane."""
        return self.code.lanes(types.int64, place.v)


def product(kinds: str) -> Generate:
    """product(out, at, left, at, right, at, n, k, m, four steps, added): see `lanes.loops.Product`."""

    def generate(code: Code, types_: Kinds, out: types.Type, *values: ir.Value) -> None:
        n, k, m, *steps, added = (literal(t) for t in types_[6:])
        plan = loops.Product(n, k, m, (steps[0], steps[1], steps[2], steps[3]), bool(added))
        letters = ("s", *kinds)
        arrays = {
            name: (code.data(types_[2 * i], values[2 * i]), letters[i])
            for i, name in enumerate(("out", "left", "right"))
        }
        places = [Place(code, code.index(types_[i], values[i])) for i in (1, 3, 5)]
        loops.product(SimdLoops(code, arrays), plan, *places)

    return generate


def sparse(kinds: str) -> Generate:
    """sparse(out, at, values, at, x, at, table, rows, columns, picks (-1: none), n): see `lanes.loops.sparse`."""

    def generate(code: Code, types_: Kinds, out: types.Type, *values: ir.Value) -> None:
        names, letters = ("out", "values", "x", "table"), f"s{kinds}t"
        arrays = {name: (code.data(types_[2 * i], values[2 * i]), letters[i]) for i, name in enumerate(names)}
        places = [Place(code, code.index(types_[i], values[i])) for i in (1, 3, 5, 7, 8, 9)]
        picks = None if literal(types_[9]) < 0 else places[5]
        p = SimdLoops(code, arrays)
        loops.sparse(p, literal(types_[10]), (places[0], places[1], places[2]), places[3], places[4], picks)

    return generate


def solve(
    code: Code,
    kinds: Kinds,
    out: types.Type,
    array: ir.Value,
    work: ir.Value,
    x: ir.Value,
    n: ir.Value,
    symmetric: ir.Value,
) -> None:
    """solve(array, work, x, n, symmetric): see `lanes.loops.solve`."""
    p = SimdLoops(code, {"work": (code.data(kinds[0], array), "s")})
    places = [Place(code, code.index(kind, value)) for kind, value in ((kinds[1], work), (kinds[2], x))]
    loops.solve(p, literal(kinds[3]), bool(literal(kinds[4])), *places)
