"""The words that emitted kernels are written in, bound to one precision, one number of lanes and one layout.

A kernel's text says `load`, `store`, `tanh`, `fma`, `affine`; this module defines them as LLVM code on packs, so the
same text serves every
layout (and, with another prelude, every target). Values are packs, tuples of packs (small vectors, in registers), or
offsets into
scratch memory (large vectors). The layouts:

individuals: a lane is an individual; weights [D][lane] are loaded as vectors, scratch is [element][lane].
episodes:    a lane is an episode of one individual; weights [D] are broadcast, scratch is [element][lane].
units:       a lane is a unit (a row) of one network, `jobs` individuals side by side; scratch is [job][element], a
scalar fills its lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from evornn.formula.noise import threefry
from evornn.kernels import elementary
from evornn.kernels.shape import Shape
from evornn.kernels.simd import Lanes, Machine, PackType, join, real, splat

INT64 = ir.IntType(64)
CHAINS = (
    2  # independent sums in a matrix-vector product of this many columns or more: part of the definition of `affine`
)
CHAIN_COLUMNS = 8


class Code:
    """One intrinsic under construction: reads arguments as lanes, addresses memory by layout."""

    def __init__(self, shape: Shape, context: Any, builder: Any) -> None:
        self.shape, self.context, self.b = shape, context, builder
        self.m = Machine(builder, shape.bits, shape.lanes)

    # values -----------------------------------------------------------------------------------------------------------
    def lanes(self, kind: Any, value: Any) -> Lanes:
        """A pack or a plain number as lanes."""
        if isinstance(kind, PackType):
            return self.m.wrap(value)
        scalar = self.context.cast(self.b, value, kind, types.float64 if self.shape.bits == 64 else types.float32)
        return self.m.wrap(splat(self.b, scalar, self.shape.lanes))

    def elements(self, kind: Any, value: Any) -> list[Lanes]:
        """The packs of a tuple."""
        return [self.lanes(k, v) for k, v in zip(kind.types, cgutils.unpack_tuple(self.b, value), strict=True)]

    def tuple(self, kind: Any, values: list[Lanes]) -> Any:
        """A tuple value from packs."""
        return self.context.make_tuple(self.b, kind, [x.v for x in values])

    def index(self, kind: Any, value: Any) -> Any:
        """A whole number as a 64-bit index."""
        return self.context.cast(self.b, value, kind, types.int64)

    def plus(self, index: Any, k: int) -> Any:
        """index + k."""
        return self.b.add(index, ir.Constant(INT64, k)) if k else index

    def times(self, index: Any, k: int) -> Any:
        """index * k."""
        return self.b.mul(index, ir.Constant(INT64, k)) if k != 1 else index

    # memory -----------------------------------------------------------------------------------------------------------
    def data(self, kind: Any, array: Any) -> Any:
        """Pointer to an array's first element."""
        return self.context.make_array(kind)(self.context, self.b, array).data

    def read(self, pointer: Any, index: Any, count: int) -> Any:
        """`count` consecutive floats as a vector."""
        address = self.b.gep(pointer, [index])
        vector = ir.VectorType(real(self.shape.bits), count)
        return self.b.load(self.b.bitcast(address, ir.PointerType(vector)), align=self.shape.bits // 8)

    def read_one(self, pointer: Any, index: Any) -> Any:
        """One float."""
        return self.b.load(self.b.gep(pointer, [index]))

    def write(self, pointer: Any, index: Any, vector: Any) -> None:
        """Store a vector at consecutive floats."""
        address = self.b.bitcast(self.b.gep(pointer, [index]), ir.PointerType(vector.type))
        self.b.store(vector, address, align=self.shape.bits // 8)

    def broadcast(self, pointer: Any, index: Any) -> Lanes:
        """One float in every lane."""
        return self.m.wrap(splat(self.b, self.read_one(pointer, index), self.shape.lanes))

    def per_job(self, pointer: Any, index: Any, stride: int, units: bool) -> Lanes:
        """Layout "units": each job's own float (or `group` floats) at `index`, side by side."""
        n = self.shape.group
        parts = []
        for job in range(self.shape.jobs):
            at = self.plus(index, job * stride)
            parts.append(self.read(pointer, at, n) if units else splat(self.b, self.read_one(pointer, at), n))
        return self.m.wrap(join(self.b, parts))

    def weight(self, pointer: Any, index: Any, units: bool = False) -> Lanes:
        """Weight `index`: of each individual, broadcast, or (units) of consecutive units."""
        if self.shape.layout == "individuals":
            return self.m.wrap(self.read(pointer, self.times(index, self.shape.lanes), self.shape.lanes))
        if self.shape.layout == "episodes":
            return self.broadcast(pointer, index)
        return self.per_job(pointer, index, self.shape.weight_stride, units)

    def fixed(self, pointer: Any, index: Any, units: bool = False) -> Lanes:
        """Constant `index`, the same for all (units: consecutive constants along the lanes)."""
        if units and self.shape.layout == "units":
            return self.m.wrap(join(self.b, [self.read(pointer, index, self.shape.group)] * self.shape.jobs))
        return self.broadcast(pointer, index)

    def scratch(self, pointer: Any, index: Any, units: bool = False) -> Lanes:
        """Scratch element `index` (units: consecutive elements along the lanes)."""
        if self.shape.layout == "units":
            return self.per_job(pointer, index, self.shape.scratch_stride, units)
        return self.m.wrap(self.read(pointer, self.times(index, self.shape.lanes), self.shape.lanes))

    def keep(self, pointer: Any, index: Any, value: Lanes, units: bool = False) -> None:
        """Store to scratch; a scalar's first lane of each job in layout "units"."""
        if self.shape.layout != "units":
            self.write(pointer, self.times(index, self.shape.lanes), value.v)
            return
        n = self.shape.group
        for job in range(self.shape.jobs):
            at = self.plus(index, job * self.shape.scratch_stride)
            if units:
                cut = ir.Constant(ir.VectorType(ir.IntType(32), n), list(range(job * n, job * n + n)))
                self.write(pointer, at, self.b.shuffle_vector(value.v, value.v, cut))
            else:
                self.b.store(
                    self.b.extract_element(value.v, ir.Constant(ir.IntType(32), job * n)), self.b.gep(pointer, [at])
                )

    def loop(self, count: Any) -> Any:
        """Context manager: a counted loop."""
        return cgutils.for_range(self.b, count, intp=INT64)


class Prelude:
    """Makes the intrinsics of one `Shape`; `names()` is what a kernel module imports."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.pack = PackType("float", shape.bits, shape.lanes)
        self.mask = PackType("mask", 1, shape.lanes)

    def names(self) -> dict[str, Any]:
        """Every word of the kernel language."""
        words: dict[str, Any] = {}
        self._elementwise(words)
        self._memory(words)
        self._products(words)
        self._other(words)
        return words

    def define(self, typer: Callable[..., Any], generate: Callable[..., Any], count: int | None = None) -> Any:
        """An intrinsic: typer(*types) -> result type; generate(code, types, result, *values) -> LLVM value; `count`
        values.
        """
        shape = self.shape
        count = len(signature(generate).parameters) - 3 if count is None else count

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            out = generate(Code(shape, context, builder), sig.args, sig.return_type, *args)
            return context.get_dummy_value() if out is None else out

        def word(typingctx: Any, *kinds: Any) -> Any:
            result = typer(*kinds)
            return result(*kinds), codegen

        names = ["context", *(f"a{i}" for i in range(count))]  # Numba binds arguments by signature
        word.__signature__ = Signature([Parameter(n, Parameter.POSITIONAL_ONLY) for n in names])  # type: ignore[attr-defined]
        return intrinsic(prefer_literal=True)(word)

    # elementwise ------------------------------------------------------------------------------------------------------
    def lift(self, function: Callable[..., Lanes], result: PackType) -> Any:
        """A word that works on packs and numbers, and element by element on tuples."""

        def typer(*kinds: Any) -> Any:
            lengths = [len(k.types) for k in kinds if isinstance(k, types.BaseTuple)]
            return types.UniTuple(result, lengths[0]) if lengths else result

        def generate(code: Code, kinds: Any, out: Any, *values: Any) -> Any:
            n = len(out.types) if isinstance(out, types.BaseTuple) else None
            columns = [
                code.elements(k, v) if isinstance(k, types.BaseTuple) else [code.lanes(k, v)] * (n or 1)
                for k, v in zip(kinds, values, strict=True)
            ]
            results = [function(code.m, *row) for row in zip(*columns, strict=True)]
            return results[0].v if n is None else code.tuple(out, results)

        return self.define(typer, generate, len(signature(function).parameters) - 1)

    def _elementwise(self, words: dict[str, Any]) -> None:
        for name, function in ELEMENTWISE.items():
            words[name] = self.lift(function, self.mask if name in MASKS else self.pack)

        def both(code: Code, kinds: Any, out: Any, x: Any) -> Any:
            s, c = elementary.sincos(code.m, code.lanes(kinds[0], x))
            return code.tuple(out, [s, c])

        words["sincos"] = self.define(lambda x: types.UniTuple(self.pack, 2), both)
        words["truth"] = self.define(
            lambda x: self.mask,
            lambda code, k, out, x: ir.Constant(
                ir.VectorType(ir.IntType(1), self.shape.lanes), [k[0].literal_value] * self.shape.lanes
            ),
        )
        words["any_lane"] = self.define(lambda x: types.boolean, lambda code, k, out, x: code.m.any(code.m.wrap(x)))

        words["gather_weights"] = self.define(lambda *_: types.void, _gather_weights)
        words["align_stack"] = self.define(lambda: types.void, _align_stack)

    # memory -----------------------------------------------------------------------------------------------------------
    def _memory(self, words: dict[str, Any]) -> None:
        def reader(method: str, units: bool) -> Any:
            def generate(code: Code, kinds: Any, out: Any, array: Any, at: Any) -> Any:
                return getattr(code, method)(code.data(kinds[0], array), code.index(kinds[1], at), units).v

            return self.define(lambda array, at: self.pack, generate)

        def row_reader(method: str) -> Any:
            def generate(code: Code, kinds: Any, out: Any, array: Any, at: Any, n: Any) -> Any:
                pointer, start = code.data(kinds[0], array), code.index(kinds[1], at)
                return code.tuple(
                    out, [getattr(code, method)(pointer, code.plus(start, i)) for i in range(len(out.types))]
                )

            return self.define(lambda array, at, n: types.UniTuple(self.pack, n.literal_value), generate)

        for prefix, method in (("weight", "weight"), ("constant", "fixed"), ("scratch", "scratch")):
            words[prefix] = reader(method, False)
            words[f"{prefix}_units"] = reader(method, True)
            words[f"{prefix}_tuple"] = row_reader(method)
        episodes = "scratch" if self.shape.layout == "episodes" else "fixed"
        words["data"], words["data_units"], words["data_tuple"] = (
            reader(episodes, False),
            reader(episodes, True),
            row_reader(episodes),
        )

        def writer(units: bool) -> Any:
            def generate(code: Code, kinds: Any, out: Any, array: Any, at: Any, value: Any) -> None:
                code.keep(code.data(kinds[0], array), code.index(kinds[1], at), code.lanes(kinds[2], value), units)

            return self.define(lambda array, at, value: types.void, generate)

        words["store"], words["store_units"] = writer(False), writer(True)

        def spill(code: Code, kinds: Any, out: Any, array: Any, at: Any, values: Any) -> None:
            pointer, start = code.data(kinds[0], array), code.index(kinds[1], at)
            for i, value in enumerate(code.elements(kinds[2], values)):
                code.keep(pointer, code.plus(start, i), value)

        words["store_tuple"] = self.define(lambda array, at, values: types.void, spill)

        def result(code: Code, kinds: Any, out: Any, array: Any, at: Any, value: Any) -> None:
            code.write(
                code.data(kinds[0], array),
                code.times(code.index(kinds[1], at), self.shape.lanes),
                code.lanes(kinds[2], value).v,
            )

        words["store_result"] = self.define(lambda array, at, value: types.void, result)

    # products ---------------------------------------------------------------------------------------------------------
    def _products(self, words: dict[str, Any]) -> None:
        for name, source in (("affine", "weight"), ("affine_constant", "fixed")):
            words[name] = self.define(self._rows, self._affine(source))
        for name, source in (("tile", "weight"), ("tile_constant", "fixed"), ("tile_scratch", "scratch")):
            words[name] = self.define(self._rows, self._tile(source))
            words[f"{name}_tuple"] = self.define(self._rows, self._tile_tuple(source))
        words["sparse_row"] = self.define(lambda *_: self.pack, _sparse_row)
        words["sum_scratch"] = self.define(lambda array, at, n: self.pack, _fold_scratch(lambda m, a, x: a + x))
        words["max_scratch"] = self.define(lambda array, at, n: self.pack, _fold_scratch(_maximum))

    def _rows(self, first: Any, *_: Any) -> Any:
        n = first.literal_value if isinstance(first, types.IntegerLiteral) else len(first.types)
        return types.UniTuple(self.pack, n)

    def _start(self, code: Code, kind: Any, value: Any, n: int) -> list[Lanes | None]:
        return [None] * n if isinstance(kind, types.IntegerLiteral) else list(code.elements(kind, value))

    def _affine(self, source: str) -> Any:
        """affine(start, array, offset, x): start + W x with W row-major at `offset`; start is a tuple, or the number
        of rows for zero.
        """

        def generate(code: Code, kinds: Any, out: Any, start: Any, array: Any, offset: Any, x: Any) -> Any:
            pointer, base, xs = code.data(kinds[1], array), code.index(kinds[2], offset), code.elements(kinds[3], x)
            rows = len(out.types)
            sums = _Sums(code.m, self._start(code, kinds[0], start, rows), len(xs))
            for j, value in enumerate(xs):
                for r in range(rows):
                    sums.add(r, j, getattr(code, source)(pointer, code.plus(base, r * len(xs) + j)), value)
            return code.tuple(out, sums.results())

        return generate

    def _tile_tuple(self, source: str) -> Any:
        """tile_tuple(start, array, offset, x): like `tile` with x in registers."""
        step = self.shape.group

        def generate(code: Code, kinds: Any, out: Any, start: Any, array: Any, offset: Any, x: Any) -> Any:
            pointer, base, xs = code.data(kinds[1], array), code.index(kinds[2], offset), code.elements(kinds[3], x)
            rows = len(out.types)
            sums = _Sums(code.m, self._start(code, kinds[0], start, rows), len(xs))
            for j, value in enumerate(xs):
                for r in range(rows):
                    sums.add(r, j, getattr(code, source)(pointer, code.plus(base, (j * rows + r) * step), True), value)
            return code.tuple(out, sums.results())

        return generate

    def _tile(self, source: str) -> Any:
        """tile(start, array, offset, scratch, x, columns): start + rows of W times x, W stored [column][row of the
        tile] at `offset`.
        """
        step = self.shape.group

        def generate(
            code: Code, kinds: Any, out: Any, start: Any, array: Any, offset: Any, scratch: Any, x: Any, columns: Any
        ) -> Any:
            pointer, base = code.data(kinds[1], array), code.index(kinds[2], offset)
            memory, at = code.data(kinds[3], scratch), code.index(kinds[4], x)
            rows, n = len(out.types), kinds[5].literal_value
            sums = _Sums(code.m, self._start(code, kinds[0], start, rows), n)
            chains = sums.chains
            cells = [[cgutils.alloca_once_value(code.b, v.v) for v in chain] for chain in sums.filled()]
            with code.loop(ir.Constant(INT64, n // chains)) as loop:
                first = code.times(loop.index, chains)
                for k in range(chains):
                    value = code.scratch(memory, code.b.add(at, code.plus(first, k)))
                    weights = code.b.add(base, code.times(code.plus(first, k), rows * step))
                    for r, cell in enumerate(cells[k]):
                        w = getattr(code, source)(pointer, code.plus(weights, r * step), True)
                        code.b.store(code.m.fma(w, value, code.m.wrap(code.b.load(cell))).v, cell)
            sums.sums = [[code.m.wrap(code.b.load(cell)) for cell in chain] for chain in cells]
            for j in range(n - n % chains, n):
                value = code.scratch(memory, code.plus(at, j))
                for r in range(rows):
                    sums.add(r, j, getattr(code, source)(pointer, code.plus(base, (j * rows + r) * step), True), value)
            return code.tuple(out, sums.results())

        return generate

    def _other(self, words: dict[str, Any]) -> None:
        def dot(code: Code, kinds: Any, out: Any, a: Any, b: Any) -> Any:
            pairs = list(zip(code.elements(kinds[0], a), code.elements(kinds[1], b), strict=True))
            total = pairs[0][0] * pairs[0][1]
            for x, y in pairs[1:]:
                total = code.m.fma(x, y, total)
            return total.v

        def fold(function: Callable[..., Lanes]) -> Any:
            def generate(code: Code, kinds: Any, out: Any, a: Any) -> Any:
                first, *rest = code.elements(kinds[0], a)
                for x in rest:
                    first = function(code.m, first, x)
                return first.v

            return self.define(lambda a: self.pack, generate)

        words["dot_tuple"] = self.define(lambda a, b: self.pack, dot)
        words["sum_tuple"], words["max_tuple"] = fold(lambda m, a, x: a + x), fold(_maximum)
        words["random"] = self.define(lambda *_: self.pack, _random)
        words["table_at"] = self.define(lambda *_: self.pack, _table_at)
        words["row_index"] = self.define(lambda x, n: PackType("int", self.shape.bits, self.shape.lanes), _row_index)


class _Sums:
    """The sums of a matrix-vector product: `chains` interleaved partial sums a row, which is the definition of its
    rounding.
    """

    def __init__(self, m: Machine, start: list[Lanes | None], columns: int) -> None:
        self.m, self.chains = m, CHAINS if columns >= CHAIN_COLUMNS else 1
        self.sums: list[list[Lanes | None]] = [start] + [[None] * len(start) for _ in range(self.chains - 1)]

    def add(self, row: int, column: int, weight: Lanes, value: Lanes) -> None:
        chain = self.sums[column % self.chains]
        old = chain[row]
        chain[row] = weight * value if old is None else self.m.fma(weight, value, old)

    def filled(self) -> list[list[Lanes]]:
        """The sums with -0 for none: fma(w, x, -0) rounds as w * x."""
        return [[self.m.const(-0.0) if v is None else v for v in chain] for chain in self.sums]

    def results(self) -> list[Lanes]:
        first, *others = self.filled()
        for other in others:
            first = [a + b for a, b in zip(first, other, strict=True)]
        return first


def _align_stack(code: Code, kinds: Any, out: Any) -> None:
    """Ask for a stack on a cache line: without it LLVM spills vectors across lines, at twice the cost."""
    code.b.function.attributes.alignstack = 64
    code.b.function.attributes.add("nounwind")  # llvmlite prints no attributes of an empty set


def _gather_weights(code: Code, kinds: Any, out: Any, w: Any, values: Any, order: Any, block: Any) -> None:
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


def _fold_scratch(function: Callable[..., Lanes]) -> Any:
    def generate(code: Code, kinds: Any, out: Any, array: Any, at: Any, n: Any) -> Any:
        pointer, start = code.data(kinds[0], array), code.index(kinds[1], at)
        cell = cgutils.alloca_once_value(code.b, code.scratch(pointer, start).v)
        with code.loop(ir.Constant(INT64, kinds[2].literal_value - 1)) as loop:
            value = code.scratch(pointer, code.b.add(start, code.plus(loop.index, 1)))
            code.b.store(function(code.m, code.m.wrap(code.b.load(cell)), value).v, cell)
        return code.b.load(cell)

    return generate


def _sparse_row(
    code: Code,
    kinds: Any,
    out: Any,
    constants: Any,
    values: Any,
    tables: Any,
    columns: Any,
    count: Any,
    scratch: Any,
    x: Any,
) -> Any:
    """Sum over one row of a sparse matrix: constants[values + k] * x[tables[columns + k]]."""
    entries, places = code.data(kinds[0], constants), code.data(kinds[2], tables)
    first, place = code.index(kinds[1], values), code.index(kinds[3], columns)
    memory, at = code.data(kinds[5], scratch), code.index(kinds[6], x)
    cell = cgutils.alloca_once_value(code.b, code.m.const(-0.0).v)
    with code.loop(code.index(kinds[4], count)) as loop:
        column = code.b.load(code.b.gep(places, [code.b.add(place, loop.index)]))
        value = code.scratch(memory, code.b.add(at, column))
        weight = code.fixed(entries, code.b.add(first, loop.index))
        code.b.store(code.m.fma(weight, value, code.m.wrap(code.b.load(cell))).v, cell)
    return code.b.load(cell)


def _random(code: Code, kinds: Any, out: Any, seed: Any, episode: Any, t: Any, draw: Any, word: Any) -> Any:
    """Uniform noise of (seed, episode, t, draw); in layout "episodes" `episode` is the first lane's."""
    wide = Machine(code.b, 32, code.shape.lanes)
    numbers = []
    for kind, value in zip(kinds[:4], (seed, episode, t, draw), strict=True):
        scalar = code.b.trunc(code.index(kind, value), ir.IntType(32))
        numbers.append(wide.wrap(splat(code.b, scalar, code.shape.lanes)))
    if code.shape.layout == "episodes":
        numbers[1] = numbers[1] + wide.wrap(ir.Constant(wide.int_vector, list(range(code.shape.lanes))))
    bits = threefry(*numbers, lambda x, k: wide.shl(x, k) | wide.shr(x, 32 - k), lambda x: x)[kinds[4].literal_value]
    whole = code.b.uitofp(wide.shr(bits, 9).v, code.m.float_vector)
    return code.m.fma(code.m.wrap(whole), 2.0**-23, 2.0**-24).v


def _row_index(code: Code, kinds: Any, out: Any, x: Any, rows: Any) -> Any:
    """Lanes rounded down and kept within a table's rows; NaN and infinity read row 0."""
    m, value = code.m, code.lanes(kinds[0], x)
    finite = m.where(m.abs(value) < float("inf"), value, 0.0)
    low = m.where(finite > 0.0, finite, 0.0)
    last = float(kinds[1].literal_value - 1)
    return m.to_int(m.floor(m.where(low < last, low, last))).v


def _table_at(code: Code, kinds: Any, out: Any, constants: Any, offset: Any, row: Any, width: Any, column: Any) -> Any:
    """Table element [row, column]: `row` uniform, or an index a lane."""
    pointer, base = (
        code.data(kinds[0], constants),
        code.b.add(code.index(kinds[1], offset), code.index(kinds[4], column)),
    )
    stride = code.index(kinds[3], width)
    if not isinstance(kinds[2], PackType):
        return code.broadcast(pointer, code.b.add(base, code.b.mul(code.index(kinds[2], row), stride))).v
    result = code.m.const(0.0).v
    for lane in range(code.shape.lanes):
        place = ir.Constant(ir.IntType(32), lane)
        at = code.b.extract_element(row, place)
        at = code.b.sext(at, INT64) if code.shape.bits == 32 else at
        result = code.b.insert_element(result, code.read_one(pointer, code.b.add(base, code.b.mul(at, stride))), place)
    return result


def _maximum(m: Machine, a: Lanes, b: Lanes) -> Lanes:
    """max with NaN if either is NaN; one instruction against a constant."""
    if isinstance(b.v, ir.Constant):
        return m.max_nan2(a, b)
    return m.where(m.is_nan(a), a, m.where(b <= a, a, b))


def _minimum(m: Machine, a: Lanes, b: Lanes) -> Lanes:
    """min likewise."""
    if isinstance(b.v, ir.Constant):
        return m.min_nan2(a, b)
    return m.where(m.is_nan(a), a, m.where(b >= a, a, b))


def _sign(m: Machine, x: Lanes) -> Lanes:
    return m.where(x > 0.0, m.const(1.0), m.where(x < 0.0, m.const(-1.0), x))


ELEMENTWISE: dict[str, Callable[..., Lanes]] = {
    "add": lambda m, a, b: a + b,
    "sub": lambda m, a, b: a - b,
    "mul": lambda m, a, b: a * b,
    "div": lambda m, a, b: a / b,
    "neg": lambda m, a: -a,
    "fma": lambda m, a, b, c: m.fma(a, b, c),
    "abs": lambda m, a: m.abs(a),
    "sqrt": lambda m, a: m.sqrt(a),
    "floor": lambda m, a: m.floor(a),
    "sign": _sign,
    "minimum": _minimum,
    "maximum": _maximum,
    "tanh": elementary.tanh,
    "sigmoid": elementary.sigmoid,
    "exp": elementary.exp,
    "log": elementary.log,
    "softplus": elementary.softplus,
    "sin": lambda m, a: elementary.sincos(m, a)[0],
    "cos": lambda m, a: elementary.sincos(m, a)[1],
    "where": lambda m, c, a, b: m.where(c, a, b),
    "lt": lambda m, a, b: a < b,
    "le": lambda m, a, b: a <= b,
    "eq": lambda m, a, b: a == b,
    "ne": lambda m, a, b: a != b,
    "and_": lambda m, a, b: a & b,
    "or_": lambda m, a, b: a | b,
    "not_": lambda m, a: ~a,
    "lanes": lambda m, a: a,
}
MASKS = ("lt", "le", "eq", "ne", "and_", "or_", "not_")
