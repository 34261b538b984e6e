"""Intrinsics that are neither products nor elementwise: noise, tables, and moving weights into lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from llvmlite import ir
from numba.core import cgutils, types

from evornn.compiler.lanes.algebra import Arithmetic, FullArithmetic, L
from evornn.compiler.simd.builder import INT64, Code, Kinds, literal
from evornn.compiler.simd.llvm import real, splat
from evornn.compiler.simd.vector import Lanes, Machine
from evornn.formula.noise import threefry


def align_stack(code: Code, kinds: Kinds, out: types.Type) -> None:
    """Ask for a stack on a cache line: without it LLVM spills vectors across lines, at twice the cost."""
    code.b.function.attributes.alignstack = 64
    code.b.function.attributes.add("nounwind")  # llvmlite prints no attributes of an empty set


def gather_weights(
    code: Code, kinds: Kinds, out: types.Type, w: ir.Value, values: ir.Value, order: ir.Value, block: ir.Value
) -> None:
    """Fill w with the block's individuals' values [P, D] in stored `order` (-1: zero); missing individuals repeat the
    last one.
    """
    b, shape, wide = code.b, code.shape, real(64)
    table = code.context.make_array(kinds[1])(code.context, b, values)
    population, genes = cgutils.unpack_tuple(b, table.shape)
    order_array = code.context.make_array(kinds[2])(code.context, b, order)
    count = cgutils.unpack_tuple(b, order_array.shape)[0]
    side = {"individuals": shape.lanes, "episodes": 1, "units": shape.jobs}[shape.layout]
    first = b.mul(code.index(kinds[3], block), ir.Constant(INT64, side))
    last = b.sub(population, ir.Constant(INT64, 1))
    rows = []
    for s in range(side):
        row = code.plus(first, s)
        rows.append(b.gep(table.data, [b.mul(b.select(b.icmp_signed("<", row, last), row, last), genes)]))
    target = code.data(kinds[0], w)
    with code.loop(count) as loop:
        gene = b.load(b.gep(order_array.data, [loop.index]))
        used = b.icmp_signed(">=", gene, ir.Constant(INT64, 0))
        safe = b.select(used, gene, ir.Constant(INT64, 0))
        for s, row in enumerate(rows):
            value = b.select(used, b.load(b.gep(row, [safe])), ir.Constant(wide, 0.0))
            value = b.fptrunc(value, real(32)) if shape.bits == 32 else value
            at = (
                code.plus(loop.index, s * shape.weight_stride)
                if shape.layout == "units"
                else code.plus(code.times(loop.index, side), s)
            )
            b.store(value, b.gep(target, [at]))


def random(
    code: Code,
    kinds: Kinds,
    out: types.Type,
    seed: ir.Value,
    episode: ir.Value,
    t: ir.Value,
    draw: ir.Value,
    word: ir.Value,
) -> ir.Value:
    """Uniform noise of (seed, episode, t, draw); in layout "episodes" `episode` is the first lane's."""
    wide = Machine(code.b, 32, code.shape.lanes)
    numbers = []
    for kind, value in zip(kinds[:4], (seed, episode, t, draw), strict=True):
        scalar = code.b.trunc(code.index(kind, value), ir.IntType(32))
        numbers.append(wide.wrap(splat(code.b, scalar, code.shape.lanes)))
    if code.shape.layout == "episodes":
        numbers[1] = numbers[1] + wide.wrap(ir.Constant(wide.int_vector, list(range(code.shape.lanes))))

    def to_float(i: Lanes) -> Lanes:
        return code.m.wrap(code.b.uitofp(i.v, code.m.float_vector))

    return uniform(code.m, numbers, literal(kinds[4]), wide.shl, wide.shr, to_float).v


def uniform(
    m: Arithmetic[L],
    numbers: list[L],
    word: int,
    left: Callable[[L, int], L],
    right: Callable[[L, int], L],
    to_float: Callable[[L], L],
) -> L:
    """Uniform noise of key and counter (four 32-bit lanes): the cipher's first or second word, 23 bits of it. left,
    right: shifts.
    """
    key0, key1, x0, x1 = numbers
    bits = threefry(key0, key1, x0, x1, lambda x, k: left(x, k) | right(x, 32 - k), lambda x: x)[word]
    return m.fma(to_float(right(bits, 9)), 2.0**-23, 2.0**-24)


def row_of(m: FullArithmetic[L], x: L, last: L | float) -> L:
    """x rounded down and kept within a table's rows 0 to last; NaN and infinity read row 0."""
    finite = m.where(m.abs(x) < float("inf"), x, 0.0)
    low = m.where(finite > 0.0, finite, 0.0)
    return m.to_int(m.floor(m.where(low < last, low, last)))


def row_index(code: Code, kinds: Kinds, out: types.Type, x: ir.Value, rows: ir.Value) -> ir.Value:
    """The row of a table for every lane."""
    return row_of(code.m, code.lanes(kinds[0], x), float(literal(kinds[1]) - 1)).v


def row_reader(side_by_side: Callable[[str], bool]) -> Callable[..., ir.Value]:
    """A reader of element [row, column] of an array, `row` an index a lane. side_by_side: whether, in that layout, the
    lanes have elements of their own.
    """

    def row_at(
        code: Code,
        kinds: Kinds,
        out: types.Type,
        array: ir.Value,
        offset: ir.Value,
        row: ir.Value,
        width: ir.Value,
        column: ir.Value,
    ) -> ir.Value:
        return _gathered(code, kinds, side_by_side(code.shape.layout), array, offset, row, width, column)

    return row_at


def _gathered(code: Code, kinds: Kinds, own: bool, array: ir.Value, *where: ir.Value) -> ir.Value:
    """Each lane's element."""
    pointer, result = code.data(kinds[0], array), code.m.const(0.0).v
    for lane, index in enumerate(_each_lane(code, kinds, own, *where)):
        result = code.b.insert_element(result, code.read_one(pointer, index), ir.Constant(ir.IntType(32), lane))
    return result


def _each_lane(
    code: Code, kinds: Kinds, own: bool, offset: ir.Value, row: ir.Value, width: ir.Value, column: ir.Value
) -> Iterator[ir.Value]:
    """Where each lane's element [row, column] lies."""
    base, stride = code.b.add(code.index(kinds[1], offset), code.index(kinds[4], column)), code.index(kinds[3], width)
    for lane in range(code.shape.lanes):
        at = code.b.extract_element(row, ir.Constant(ir.IntType(32), lane))
        at = code.b.sext(at, INT64) if code.shape.bits == 32 else at
        index = code.b.add(base, code.b.mul(at, stride))
        yield code.plus(code.times(index, code.shape.lanes), lane) if own else index


def store_at(
    code: Code,
    kinds: Kinds,
    out: types.Type,
    array: ir.Value,
    offset: ir.Value,
    row: ir.Value,
    width: ir.Value,
    column: ir.Value,
    value: ir.Value,
) -> None:
    """Store each lane's number at its own element [row, column] of memory laid out as scratch is."""
    pointer, values = code.data(kinds[0], array), code.lanes(kinds[5], value).v
    for lane, index in enumerate(_each_lane(code, kinds, True, offset, row, width, column)):
        code.b.store(code.b.extract_element(values, ir.Constant(ir.IntType(32), lane)), code.b.gep(pointer, [index]))
