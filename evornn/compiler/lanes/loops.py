"""Programs over arrays of lanes, written once for every target: matrix products and linear equations.

A `Loops` gives them arrays, places in these, and loops. `simd.loops` builds LLVM code of it, `cuda.loops` text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from evornn.compiler.lanes.algebra import FullArithmetic, L


class Place(Protocol):
    """A whole number that is the same for every lane: a counter, or an element's place."""

    def __add__(self, other: Self | int, /) -> Self: ...
    def __mul__(self, other: int, /) -> Self: ...


P = TypeVar("P", bound=Place)


class Cell(Protocol[L]):
    """A variable."""

    def get(self) -> L:
        """Its value."""

    def set(self, value: L) -> None:
        """Change it."""


class Loops(Protocol[L, P]):
    """What programs may do. width: elements that `load` and `store` with units=True move at once."""

    @property
    def m(self) -> FullArithmetic[L]:
        """The lanes' arithmetic."""

    @property
    def width(self) -> int:
        """As above."""

    def load(self, array: str, at: P, units: bool = False) -> L:
        """An element of an array."""

    def store(self, array: str, at: P, value: L, units: bool = False) -> None:
        """Change an element."""

    def each(self, start: P | int, stop: P | int) -> AbstractContextManager[P]:
        """A loop from start to before stop."""

    def back(self, count: int) -> AbstractContextManager[P]:
        """A loop from count - 1 down to 0."""

    def shared(self, count: int) -> AbstractContextManager[P]:
        """A loop whose turns do not depend on each other: threads that work together divide it."""

    def entry(self, at: P) -> P:
        """An element of the table of whole numbers."""

    def cell(self, first: L) -> Cell[L]:
        """A variable that starts as `first`."""

    def number(self, place: P) -> L:
        """A place as a float."""


# products -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Product:
    """out [n, m] = left [n, k] @ right [k, m], rows of `out` side by side; added to what is there if `added`. steps:
    from an element to the next in its column and its row, of left and right. Terms are added in order, one fused
    multiply-add each, to -0 at first.
    """

    n: int
    k: int
    m: int
    steps: tuple[int, int, int, int]
    added: bool

    @property
    def tile(self) -> tuple[int, int]:
        """Rows and columns whose sums are made at once, in registers."""
        return (4, 1) if self.m == 1 else (2, 4)


def spans(size: int, side: int) -> Iterator[tuple[int, int, int]]:
    """(first element, tiles, side of a tile): whole tiles, then what is left."""
    whole, rest = divmod(size, side)
    if whole:
        yield 0, whole, side
    if rest:
        yield whole * side, 1, rest


def product(p: Loops[L, P], plan: Product, out: P, left: P, right: P) -> None:
    """A matrix product of arrays "out", "left" and "right" from these places on."""
    (_row_product if plan.n == 1 else _tiled_product)(p, plan, out, left, right)


def _tiled_product(p: Loops[L, P], plan: Product, out: P, left: P, right: P) -> None:
    rows, columns = plan.tile
    wide = p.width if plan.steps[3] == 1 else 1
    packs = plan.m // wide
    for first_row, row_tiles, height in spans(plan.n, rows):
        with p.shared(row_tiles) as row_tile:
            i = row_tile * height + first_row
            for first, tiles, breadth in spans(packs, columns):
                with p.each(0, tiles) as tile:
                    j = tile * (breadth * wide) + first * wide
                    _tile(p, plan, (out, left, right), (i, j), (height, breadth), wide if wide > 1 else 0)
            for first, tiles, breadth in spans(plan.m - packs * wide, columns):
                with p.each(0, tiles) as tile:
                    j = tile * breadth + (first + packs * wide)
                    _tile(p, plan, (out, left, right), (i, j), (height, breadth), 0)


def _row_product(p: Loops[L, P], plan: Product, out: P, left: P, right: P) -> None:
    """A row times a matrix, four of whose rows are read side by side: memory is read forward."""
    _, across, deep, along = plan.steps
    wide = p.width if along == 1 else 1
    parts = [(0, plan.m // wide, wide), (plan.m // wide * wide, plan.m % wide, 1)]
    if not plan.added:
        with p.shared(plan.m) as j:
            p.store("out", out + j, p.m.const(-0.0))
    for first, blocks, height in spans(plan.k, 4):
        with p.each(0, blocks) as block:
            q = block * height + first
            values = [p.load("left", left + q * across + r * across) for r in range(height)]
            row = right + q * deep
            for start, count, step in parts:
                with p.shared(count) as turn:
                    j = turn * step + start
                    total = p.load("out", out + j, step > 1)
                    for r, value in enumerate(values):
                        total = p.m.fma(value, p.load("right", row + j * along + r * deep, step > 1), total)
                    p.store("out", out + j, total, step > 1)


def _tile(
    p: Loops[L, P],
    plan: Product,
    bases: tuple[P, P, P],
    at: tuple[P, P],
    sides: tuple[int, int],
    wide: int,
) -> None:
    (out, left, right), (i, j), (height, breadth) = bases, at, sides
    down, across, deep, along = plan.steps
    step, units = max(wide, 1), wide > 0
    corner = out + i * plan.m + j
    places = [[corner + (r * plan.m + c * step) for c in range(breadth)] for r in range(height)]
    cells = [[p.cell(p.load("out", at, units) if plan.added else p.m.const(-0.0)) for at in row] for row in places]
    first_left, first_right = left + i * down, right + j * along
    with p.each(0, plan.k) as q:
        u, v = first_left + q * across, first_right + q * deep
        lefts = [p.load("left", u + r * down) for r in range(height)]
        rights = [p.load("right", v + c * step * along, units) for c in range(breadth)]
        for row, x in zip(cells, lefts, strict=True):
            for cell, y in zip(row, rights, strict=True):
                cell.set(p.m.fma(x, y, cell.get()))
    for cell_row, place_row in zip(cells, places, strict=True):
        for cell, place in zip(cell_row, place_row, strict=True):
            p.store("out", place, cell.get(), units)


def sparse(p: Loops[L, P], n: int, places: tuple[P, P, P], rows: P, columns: P, picks: P | None) -> None:
    """out [n] = a sparse matrix times x; arrays "out", "values", "x" from `places` on. In the table: where each row's
    entries begin (n + 1), their columns, and which value each has (None: in order). Entries are added in order.
    """
    out, values, x = places
    with p.shared(n) as i:
        total = p.cell(p.m.const(-0.0))
        with p.each(p.entry(rows + i), p.entry(rows + i + 1)) as k:
            value = p.load("values", values + (k if picks is None else p.entry(picks + k)))
            total.set(p.m.fma(value, p.load("x", x + p.entry(columns + k)), total.get()))
        p.store("out", out + i, total.get())


# linear equations -----------------------------------------------------------------------------------------------------
class Equations(Generic[L, P]):
    """A x = b with A and b side by side as rows of n + 1 numbers in the array "work", which elimination changes."""

    def __init__(self, p: Loops[L, P], n: int, work: P) -> None:
        self.p, self.n, self.work = p, n, work

    def at(self, i: P, j: P | int) -> P:
        """The place of element [i, j]."""
        return self.work + i * (self.n + 1) + j

    def get(self, i: P, j: P | int) -> L:
        """Element [i, j]."""
        return self.p.load("work", self.at(i, j))

    def eliminate(self) -> None:
        """Gauss's elimination with partial pivoting, every lane with pivots of its own."""
        p, n = self.p, self.n
        with p.each(0, n) as k:
            after = k + 1
            old = self.get(k, k)
            pivot, chosen = p.cell(old), p.cell(p.number(k))
            with p.each(after, n) as i:
                value = self.get(i, k)
                larger = p.m.abs(value) > p.m.abs(pivot.get())
                pivot.set(p.m.where(larger, value, pivot.get()))
                chosen.set(p.m.where(larger, p.number(i), chosen.get()))
            inverse = p.m.const(1.0) / pivot.get()
            p.store("work", self.at(k, k), pivot.get())
            with p.each(after, n) as i:
                value = p.m.where(self._is(chosen, i), old, self.get(i, k))
                p.store("work", self.at(i, k), -(value * inverse))
            with p.each(after, n + 1) as j:
                self._column(k, j, chosen)

    def _is(self, chosen: Cell[L], i: P) -> L:
        number = self.p.number(i)
        return (chosen.get() <= number) & (chosen.get() >= number)

    def _column(self, k: P, j: P, chosen: Cell[L]) -> None:
        """Swap two elements of a column, and take the pivot row's multiples from those below."""
        p, old = self.p, self.get(k, j)
        top = p.cell(old)
        with p.each(k + 1, self.n) as i:
            top.set(p.m.where(self._is(chosen, i), self.get(i, j), top.get()))
        p.store("work", self.at(k, j), top.get())
        with p.each(k + 1, self.n) as i:
            value = p.m.where(self._is(chosen, i), old, self.get(i, j))
            p.store("work", self.at(i, j), p.m.fma(self.get(i, k), top.get(), value))

    def eliminate_symmetric(self) -> None:
        """The same for a positive definite matrix (L D L^T): no pivots, and only what is right of the diagonal."""
        p, n = self.p, self.n
        with p.each(0, n) as k:
            inverse = p.m.const(1.0) / self.get(k, k)
            with p.each(k + 1, n) as i:
                factor = -(self.get(k, i) * inverse)
                with p.each(i, n + 1) as j:
                    p.store("work", self.at(i, j), p.m.fma(factor, self.get(k, j), self.get(i, j)))

    def substitute(self, x: P) -> None:
        """The solution, into the array "work" from `x` on."""
        p = self.p
        with p.back(self.n) as i:
            total = p.cell(self.get(i, self.n))
            with p.each(i + 1, self.n) as j:
                total.set(p.m.fma(-self.get(i, j), p.load("work", x + j), total.get()))
            p.store("work", x + i, total.get() / self.get(i, i))


def solve(p: Loops[L, P], n: int, symmetric: bool, work: P, x: P) -> None:
    """The solution of n equations, from `x` on; they are in `work`, and are changed."""
    equations = Equations(p, n, work)
    if symmetric:
        equations.eliminate_symmetric()
    else:
        equations.eliminate()
    equations.substitute(x)
