"""Sums of outer products over a block of steps, as LLVM code: how weights get their gradients."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from llvmlite import ir
from numba.core import cgutils, types

from evornn.compiler.simd.builder import INT64, Code, Kinds, literal

ROWS, COLUMNS = 4, 2  # of a tile: eight sums, with what they multiply, stay in the registers


def outer_sum(
    code: Code,
    kinds: Kinds,
    out: types.Type,
    gradients: ir.Value,
    offset: ir.Value,
    left: ir.Value,
    left_at: ir.Value,
    right: ir.Value,
    right_at: ir.Value,
    rows: ir.Value,
    columns: ir.Value,
    spread: ir.Value,
    count: ir.Value,
) -> None:
    """gradients[offset + i columns + j] += sum over k < count of left[left_at + i spread + k] right[right_at + j spread
    + k].

    Steps k are added in order, one fused multiply-add each, to what is there.
    """
    target, base = code.data(kinds[0], gradients), code.index(kinds[1], offset)
    factors = (
        (code.data(kinds[2], left), code.index(kinds[3], left_at)),
        (code.data(kinds[4], right), code.index(kinds[5], right_at)),
    )
    n, m, step = (literal(kind) for kind in kinds[6:9])
    turns = code.index(kinds[9], count)
    for first_row, row_tiles, tile_rows in _spans(n, ROWS):
        with _tiles(code, row_tiles) as row_tile:
            i = code.plus(code.times(row_tile, ROWS), first_row)
            for first_column, column_tiles, tile_columns in _spans(m, COLUMNS):
                with _tiles(code, column_tiles) as column_tile:
                    j = code.plus(code.times(column_tile, COLUMNS), first_column)
                    _tile(code, target, base, factors, (i, j), (tile_rows, tile_columns), (m, step), turns)


def _spans(size: int, side: int) -> list[tuple[int, int, int]]:
    """(first element, tiles, side of a tile): whole tiles, then what is left."""
    whole, rest = divmod(size, side)
    return [(0, whole, side)] * (whole > 0) + [(whole * side, 1, rest)] * (rest > 0)


class _tiles:
    """A loop over tiles; without one for a single tile."""

    def __init__(self, code: Code, count: int) -> None:
        self.code, self.count = code, count
        self.loop: AbstractContextManager[cgutils.Loop] | None = None

    def __enter__(self) -> ir.Value:
        if self.count == 1:
            return ir.Constant(INT64, 0)
        self.loop = self.code.loop(ir.Constant(INT64, self.count))
        return self.loop.__enter__().index

    def __exit__(
        self, *details: *tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
    ) -> None:
        if self.loop is not None:
            self.loop.__exit__(*details)


def _tile(
    code: Code,
    target: ir.Value,
    base: ir.Value,
    factors: tuple[tuple[ir.Value, ir.Value], tuple[ir.Value, ir.Value]],
    at: tuple[ir.Value, ir.Value],
    sides: tuple[int, int],
    sizes: tuple[int, int],
    turns: ir.Value,
) -> None:
    b, (rows, columns), (m, step) = code.b, sides, sizes
    corner = b.add(base, b.add(code.times(at[0], m), at[1]))
    places = [[code.plus(corner, r * m + c) for c in range(columns)] for r in range(rows)]
    cells = [[cgutils.alloca_once_value(b, code.scratch(target, place).v) for place in row] for row in places]
    with code.loop(turns) as loop:
        values = []
        for (pointer, start), place, side in zip(factors, at, sides, strict=True):
            first = b.add(b.add(start, code.times(place, step)), loop.index)
            values.append([code.scratch(pointer, code.plus(first, k * step)) for k in range(side)])
        for r, u in enumerate(values[0]):
            for c, x in enumerate(values[1]):
                total = code.m.fma(u, x, code.m.wrap(b.load(cells[r][c])))
                b.store(total.v, cells[r][c])
    for row, cell_row in zip(places, cells, strict=True):
        for place, cell in zip(row, cell_row, strict=True):
            code.keep(target, place, code.m.wrap(b.load(cell)))
