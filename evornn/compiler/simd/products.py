"""Matrix-vector products and reductions as LLVM code. The order in which they add is a definition, for every layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from llvmlite import ir
from numba.core import cgutils, types

from evornn.compiler.lanes.algebra import FullArithmetic, L
from evornn.compiler.simd.builder import INT64, Code, Generate, Kinds, literal, members
from evornn.compiler.simd.vector import Lanes, Machine

CHAINS = 2  # independent sums of a product with at least CHAIN_COLUMNS columns: they hide the latency of multiply-add
CHAIN_COLUMNS = 8


class Sums(Generic[L]):
    """The sums of a matrix-vector product: `chains` interleaved partial sums a row, which is the definition of its
    rounding.
    """

    def __init__(self, m: FullArithmetic[L], start: list[L | None], columns: int) -> None:
        self.m, self.chains = m, CHAINS if columns >= CHAIN_COLUMNS else 1
        self.sums: list[list[L | None]] = [start] + [[None] * len(start) for _ in range(self.chains - 1)]

    def add(self, row: int, column: int, weight: L, value: L) -> None:
        chain = self.sums[column % self.chains]
        old = chain[row]
        chain[row] = weight * value if old is None else self.m.fma(weight, value, old)

    def filled(self) -> list[list[L]]:
        """The sums with -0 for none: fma(w, x, -0) rounds as w * x."""
        return [[self.m.const(-0.0) if v is None else v for v in chain] for chain in self.sums]

    def results(self) -> list[L]:
        first, *others = self.filled()
        for other in others:
            first = [a + b for a, b in zip(first, other, strict=True)]
        return first


def _start(code: Code, kind: types.Type, value: ir.Value, n: int) -> list[Lanes | None]:
    return [None] * n if isinstance(kind, types.IntegerLiteral) else list(code.elements(kind, value))


def affine(source: str) -> Generate:
    """affine(start, array, offset, x): start + W x with W row-major at `offset`; start is a tuple, or the number
    of rows for zero.
    """

    def generate(
        code: Code, kinds: Kinds, out: types.Type, start: ir.Value, array: ir.Value, offset: ir.Value, x: ir.Value
    ) -> ir.Value:
        pointer, base, xs = code.data(kinds[1], array), code.index(kinds[2], offset), code.elements(kinds[3], x)
        rows = len(members(out))
        sums = Sums(code.m, _start(code, kinds[0], start, rows), len(xs))
        for j, value in enumerate(xs):
            for r in range(rows):
                sums.add(r, j, getattr(code, source)(pointer, code.plus(base, r * len(xs) + j)), value)
        return code.tuple(out, sums.results())

    return generate


def tile_tuple(source: str) -> Generate:
    """tile_tuple(start, array, offset, x): like `tile` with x in registers."""

    def generate(
        code: Code, kinds: Kinds, out: types.Type, start: ir.Value, array: ir.Value, offset: ir.Value, x: ir.Value
    ) -> ir.Value:
        pointer, base, xs = code.data(kinds[1], array), code.index(kinds[2], offset), code.elements(kinds[3], x)
        rows = len(members(out))
        sums = Sums(code.m, _start(code, kinds[0], start, rows), len(xs))
        for j, value in enumerate(xs):
            for r in range(rows):
                sums.add(
                    r,
                    j,
                    getattr(code, source)(pointer, code.plus(base, (j * rows + r) * code.shape.group), True),
                    value,
                )
        return code.tuple(out, sums.results())

    return generate


def tile(source: str) -> Generate:
    """tile(start, array, offset, scratch, x, columns): start + rows of W times x, W stored [column][row of the
    tile] at `offset`.
    """

    def generate(
        code: Code,
        kinds: Kinds,
        out: types.Type,
        start: ir.Value,
        array: ir.Value,
        offset: ir.Value,
        scratch: ir.Value,
        x: ir.Value,
        columns: ir.Value,
    ) -> ir.Value:
        pointer, base = code.data(kinds[1], array), code.index(kinds[2], offset)
        memory, at = code.data(kinds[3], scratch), code.index(kinds[4], x)
        rows, n = len(members(out)), literal(kinds[5])
        sums = Sums(code.m, _start(code, kinds[0], start, rows), n)
        chains = sums.chains
        cells = [[cgutils.alloca_once_value(code.b, v.v) for v in chain] for chain in sums.filled()]
        with code.tight_loop(n // chains) as index:
            first = code.times(index, chains)
            for k in range(chains):
                value = code.scratch(memory, code.b.add(at, code.plus(first, k)))
                weights = code.b.add(base, code.times(code.plus(first, k), rows * code.shape.group))
                for r, cell in enumerate(cells[k]):
                    w = getattr(code, source)(pointer, code.plus(weights, r * code.shape.group), True)
                    code.b.store(code.m.fma(w, value, code.m.wrap(code.b.load(cell))).v, cell)
        sums.sums = [[code.m.wrap(code.b.load(cell)) for cell in chain] for chain in cells]
        for j in range(n - n % chains, n):
            value = code.scratch(memory, code.plus(at, j))
            for r in range(rows):
                sums.add(
                    r,
                    j,
                    getattr(code, source)(pointer, code.plus(base, (j * rows + r) * code.shape.group), True),
                    value,
                )
        return code.tuple(out, sums.results())

    return generate


def fold_scratch(function: Callable[[Machine, Lanes, Lanes], Lanes]) -> Generate:
    """sum_scratch or max_scratch (array, at, n): all elements of a vector in scratch, combined in order."""

    def generate(code: Code, kinds: Kinds, out: types.Type, array: ir.Value, at: ir.Value, n: ir.Value) -> ir.Value:
        pointer, start = code.data(kinds[0], array), code.index(kinds[1], at)
        cell = cgutils.alloca_once_value(code.b, code.scratch(pointer, start).v)
        with code.loop(ir.Constant(INT64, literal(kinds[2]) - 1)) as loop:
            value = code.scratch(pointer, code.b.add(start, code.plus(loop.index, 1)))
            code.b.store(function(code.m, code.m.wrap(code.b.load(cell)), value).v, cell)
        return code.b.load(cell)

    return generate


def dot_scratch(
    code: Code,
    kinds: Kinds,
    out: types.Type,
    left: ir.Value,
    left_at: ir.Value,
    right: ir.Value,
    right_at: ir.Value,
    n: ir.Value,
) -> ir.Value:
    """Sum of products of two vectors in scratch, in order: the first product, then a fused multiply-add an element."""
    a, i = code.data(kinds[0], left), code.index(kinds[1], left_at)
    b, j = code.data(kinds[2], right), code.index(kinds[3], right_at)
    cell = cgutils.alloca_once_value(code.b, (code.scratch(a, i) * code.scratch(b, j)).v)
    with code.loop(ir.Constant(INT64, literal(kinds[4]) - 1)) as loop:
        x = code.scratch(a, code.b.add(i, code.plus(loop.index, 1)))
        y = code.scratch(b, code.b.add(j, code.plus(loop.index, 1)))
        code.b.store(code.m.fma(x, y, code.m.wrap(code.b.load(cell))).v, cell)
    return code.b.load(cell)
