"""The intrinsics that emitted kernels are written in, bound to one precision, one number of lanes and one layout.

A kernel's text says `scratch`, `store`, `tanh`, `fma`, `affine`; this module defines them as LLVM code on packs, so the
same text serves every layout (and, with other intrinsics, every target). Values are packs, tuples of packs (small
vectors, in registers), or offsets into scratch memory (large vectors). The layouts:

individuals: a lane is an individual; weights [D][lane] are loaded as vectors, scratch is [element][lane].
episodes:    a lane is an episode of one individual; weights [D] are broadcast, scratch is [element][lane].
units:       a lane is a unit (a row) of one network, `jobs` individuals side by side; scratch is [job][element], and a
             scalar fills its job's lanes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import cache
from inspect import Parameter, Signature, signature

from llvmlite import ir
from numba.core import types
from numba.core.base import BaseContext
from numba.core.types.containers import BaseTuple, UniTuple
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature as TypedCall
from numba.extending import intrinsic

from evornn.compiler.lanes import elementary
from evornn.compiler.lanes.elementwise import ELEMENTWISE, MASKS, maximum
from evornn.compiler.simd import loops, products
from evornn.compiler.simd.builder import Code, Generate, Kinds, literal, members
from evornn.compiler.simd.gathers import (
    align_stack,
    gather_weights,
    random,
    row_index,
    row_reader,
    store_at,
)
from evornn.compiler.simd.outer_products import outer_sum
from evornn.compiler.simd.vector import Lanes, Machine, PackType
from evornn.compiler.specialization import Shape

Intrinsic = Callable[..., object]  # a word of the kernel language, for Numba to compile
Names = dict[str, Intrinsic | float]
OWN_ELEMENTS = {  # of arrays: the layouts in which lanes have elements of their own, side by side
    "scratch": ("individuals", "episodes"),
    "weight": ("individuals",),
    "data": ("episodes",),
    "constant": (),
}


def intrinsics(shape: Shape) -> Names:
    """What a kernel module imports. Modules whose intrinsics mean the same share them: Numba keeps each for ever."""
    return _shared(shape if shape.jobs > 1 else shape.with_strides(0, 0))  # no other individual to stride to


@cache
def _shared(shape: Shape) -> Names:
    return Intrinsics(shape).names()


class Intrinsics:
    """Makes the intrinsics of one `Shape`."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.pack = PackType("float", shape.bits, shape.lanes)
        self.mask = PackType("mask", 1, shape.lanes)

    def names(self) -> Names:
        """Every word of the kernel language."""
        names: Names = {"INFINITY": math.inf, "NAN": math.nan}
        self._elementwise(names)
        self._memory(names)
        self._products(names)
        self._other(names)
        return names

    def define(self, typer: Callable[..., types.Type], generate: Generate, count: int | None = None) -> Intrinsic:
        """An intrinsic: typer(*types) -> result type; generate(code, types, result, *values) -> LLVM value; `count`
        values.
        """
        shape = self.shape
        count = len(signature(generate).parameters) - 3 if count is None else count

        def word(typingctx: Context, *kinds: types.Type) -> tuple[TypedCall, Generate]:
            def codegen(
                context: BaseContext, builder: ir.IRBuilder, sig: TypedCall, args: list[ir.Value]
            ) -> ir.Value:  # one a signature: found at once
                out = generate(Code(shape, context, builder), sig.args, sig.return_type, *args)
                return context.get_dummy_value() if out is None else out

            return typer(*kinds)(*kinds), codegen

        names = ["context", *(f"a{i}" for i in range(count))]  # Numba binds arguments by signature
        word.__signature__ = Signature([Parameter(n, Parameter.POSITIONAL_ONLY) for n in names])  # type: ignore[attr-defined]
        return intrinsic(prefer_literal=True)(word)

    # elementwise ------------------------------------------------------------------------------------------------------
    def lift(self, function: Callable[..., Lanes], result: PackType) -> Intrinsic:
        """A word that works on packs and numbers, and element by element on tuples."""

        def typer(*kinds: types.Type) -> types.Type:
            lengths = [len(members(k)) for k in kinds if isinstance(k, BaseTuple)]
            return UniTuple(result, lengths[0]) if lengths else result

        def generate(code: Code, kinds: Kinds, out: types.Type, *values: ir.Value) -> ir.Value:
            n = len(members(out)) if isinstance(out, BaseTuple) else None
            columns = [
                code.elements(k, v) if isinstance(k, BaseTuple) else [code.lanes(k, v)] * (n or 1)
                for k, v in zip(kinds, values, strict=True)
            ]
            results = [function(code.m, *row) for row in zip(*columns, strict=True)]
            return results[0].v if n is None else code.tuple(out, results)

        return self.define(typer, generate, len(signature(function).parameters) - 1)

    def _elementwise(self, names: Names) -> None:
        for name, function in ELEMENTWISE.items():
            names[name] = self.lift(function, self.mask if name in MASKS else self.pack)

        def both(code: Code, kinds: Kinds, out: types.Type, x: ir.Value) -> ir.Value:
            s, c = elementary.sincos(code.m, code.lanes(kinds[0], x))
            return code.tuple(out, [s, c])

        names["sincos"] = self.define(lambda x: UniTuple(self.pack, 2), both)
        names["truth"] = self.define(
            lambda x: self.mask,
            lambda code, k, out, x: ir.Constant(
                ir.VectorType(ir.IntType(1), self.shape.lanes), [literal(k[0])] * self.shape.lanes
            ),
        )
        names["any_lane"] = self.define(lambda x: types.boolean, lambda code, k, out, x: code.m.any(code.m.wrap(x)))

        names["gather_weights"] = self.define(lambda *_: types.void, gather_weights)
        names["align_stack"] = self.define(lambda: types.void, align_stack)

    # memory -----------------------------------------------------------------------------------------------------------
    def _memory(self, names: Names) -> None:
        def reader(method: str, units: bool) -> Intrinsic:
            def generate(code: Code, kinds: Kinds, out: types.Type, array: ir.Value, at: ir.Value) -> ir.Value:
                return getattr(code, method)(code.data(kinds[0], array), code.index(kinds[1], at), units).v

            return self.define(lambda array, at: self.pack, generate)

        def row_reader(method: str) -> Intrinsic:
            def generate(
                code: Code, kinds: Kinds, out: types.Type, array: ir.Value, at: ir.Value, n: ir.Value
            ) -> ir.Value:
                pointer, start = code.data(kinds[0], array), code.index(kinds[1], at)
                return code.tuple(
                    out, [getattr(code, method)(pointer, code.plus(start, i)) for i in range(len(members(out)))]
                )

            return self.define(lambda array, at, n: UniTuple(self.pack, literal(n)), generate)

        for prefix, method in (("weight", "weight"), ("constant", "fixed"), ("scratch", "scratch")):
            names[prefix] = reader(method, False)
            names[f"{prefix}_units"] = reader(method, True)
            names[f"{prefix}_tuple"] = row_reader(method)
        episodes = "scratch" if self.shape.layout == "episodes" else "fixed"
        names["data"], names["data_units"], names["data_tuple"] = (
            reader(episodes, False),
            reader(episodes, True),
            row_reader(episodes),
        )

        def writer(units: bool) -> Intrinsic:
            def generate(
                code: Code, kinds: Kinds, out: types.Type, array: ir.Value, at: ir.Value, value: ir.Value
            ) -> None:
                code.keep(code.data(kinds[0], array), code.index(kinds[1], at), code.lanes(kinds[2], value), units)

            return self.define(lambda array, at, value: types.void, generate)

        names["store"], names["store_units"] = writer(False), writer(True)

        def spill(code: Code, kinds: Kinds, out: types.Type, array: ir.Value, at: ir.Value, values: ir.Value) -> None:
            pointer, start = code.data(kinds[0], array), code.index(kinds[1], at)
            for i, value in enumerate(code.elements(kinds[2], values)):
                code.keep(pointer, code.plus(start, i), value)

        names["store_tuple"] = self.define(lambda array, at, values: types.void, spill)

        def result(code: Code, kinds: Kinds, out: types.Type, array: ir.Value, at: ir.Value, value: ir.Value) -> None:
            code.write(
                code.data(kinds[0], array),
                code.times(code.index(kinds[1], at), self.shape.lanes),
                code.lanes(kinds[2], value).v,
            )

        names["store_result"] = self.define(lambda array, at, value: types.void, result)

    # products ---------------------------------------------------------------------------------------------------------
    def _products(self, names: Names) -> None:
        for suffix, source in (("", "weight"), ("_constant", "fixed")):
            names[f"affine{suffix}"] = self.define(self._rows, products.affine(source))
            names[f"tile{suffix}"] = self.define(self._rows, products.tile(source))
            names[f"tile{suffix}_tuple"] = self.define(self._rows, products.tile_tuple(source))
        for left, right in itertools.product(loops.READERS, repeat=2):
            names[f"sparse_{left}{right}"] = self.define(lambda *_: types.void, loops.sparse(left + right), 11)
            names[f"product_{left}{right}"] = self.define(lambda *_: types.void, loops.product(left + right), 14)
        names["solve"] = self.define(lambda *_: types.void, loops.solve)
        names["dot_scratch"] = self.define(lambda *_: self.pack, products.dot_scratch)
        names["sum_scratch"] = self.define(lambda *_: self.pack, products.fold_scratch(lambda m, a, x: a + x))
        names["outer_sum"] = self.define(lambda *_: types.void, outer_sum)
        names["max_scratch"] = self.define(lambda *_: self.pack, products.fold_scratch(maximum))

    def _rows(self, first: types.Type, *_: types.Type) -> types.Type:
        n = literal(first) if isinstance(first, types.IntegerLiteral) else len(members(first))
        return UniTuple(self.pack, n)

    def _other(self, names: Names) -> None:
        def dot(code: Code, kinds: Kinds, out: types.Type, a: ir.Value, b: ir.Value) -> ir.Value:
            pairs = list(zip(code.elements(kinds[0], a), code.elements(kinds[1], b), strict=True))
            total = pairs[0][0] * pairs[0][1]
            for x, y in pairs[1:]:
                total = code.m.fma(x, y, total)
            return total.v

        def fold(function: Callable[[Machine, Lanes, Lanes], Lanes]) -> Intrinsic:
            def generate(code: Code, kinds: Kinds, out: types.Type, a: ir.Value) -> ir.Value:
                first, *rest = code.elements(kinds[0], a)
                for x in rest:
                    first = function(code.m, first, x)
                return first.v

            return self.define(lambda a: self.pack, generate)

        names["dot_tuple"] = self.define(lambda a, b: self.pack, dot)
        names["sum_tuple"], names["max_tuple"] = fold(lambda m, a, x: a + x), fold(maximum)
        names["random"] = self.define(lambda *_: self.pack, random)
        for prefix, layouts in OWN_ELEMENTS.items():
            names[f"{prefix}_at"] = self.define(lambda *_: self.pack, row_reader(layouts.__contains__))
        names["store_at"] = self.define(lambda *_: types.void, store_at)
        names["row_index"] = self.define(lambda x, n: PackType("int", self.shape.bits, self.shape.lanes), row_index)
