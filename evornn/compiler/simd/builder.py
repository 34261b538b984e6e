"""One intrinsic under construction: arguments as lanes, and memory addressed by layout."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import cast

from llvmlite import ir
from llvmlite.ir.values import MDValue
from numba.core import cgutils, types
from numba.core.base import BaseContext
from numba.core.types.containers import BaseTuple

from evornn.compiler.simd.llvm import join, real, splat
from evornn.compiler.simd.vector import Lanes, Machine, PackType
from evornn.compiler.specialization import Shape

INT64 = ir.IntType(64)

Kinds = Sequence[types.Type]  # Numba's types of an intrinsic's arguments
Generate = Callable[..., ir.Value]  # (code, kinds, result type, *values): the LLVM code of a call


def literal(kind: types.Type) -> int:
    """The value of a number that is known when a kernel is compiled."""
    return cast("types.Literal[int]", kind).literal_value


def members(kind: types.Type) -> tuple[types.Type, ...]:
    """The types of a tuple's elements."""
    return tuple(cast(BaseTuple, kind).types)


class Code:
    """One intrinsic under construction: reads arguments as lanes, addresses memory by layout."""

    def __init__(self, shape: Shape, context: BaseContext, builder: ir.IRBuilder) -> None:
        self.shape, self.context, self.b = shape, context, builder
        self.m = Machine(builder, shape.bits, shape.lanes)

    # values -----------------------------------------------------------------------------------------------------------
    def lanes(self, kind: types.Type, value: ir.Value) -> Lanes:
        """A pack or a plain number as lanes."""
        if isinstance(kind, PackType):
            return self.m.wrap(value)
        scalar = self.context.cast(self.b, value, kind, types.float64 if self.shape.bits == 64 else types.float32)
        return self.m.wrap(splat(self.b, scalar, self.shape.lanes))

    def elements(self, kind: types.Type, value: ir.Value) -> list[Lanes]:
        """The packs of a tuple."""
        return [self.lanes(k, v) for k, v in zip(members(kind), cgutils.unpack_tuple(self.b, value), strict=True)]

    def tuple(self, kind: types.Type, values: list[Lanes]) -> ir.Value:
        """A tuple value from packs."""
        return self.context.make_tuple(self.b, kind, [x.v for x in values])

    def index(self, kind: types.Type, value: ir.Value) -> ir.Value:
        """A whole number as a 64-bit index."""
        return self.context.cast(self.b, value, kind, types.int64)

    def plus(self, index: ir.Value, k: int) -> ir.Value:
        """index + k."""
        return self.b.add(index, ir.Constant(INT64, k)) if k else index

    def times(self, index: ir.Value, k: int) -> ir.Value:
        """index * k."""
        return self.b.mul(index, ir.Constant(INT64, k)) if k != 1 else index

    # memory -----------------------------------------------------------------------------------------------------------
    def data(self, kind: types.Type, array: ir.Value) -> ir.Value:
        """Pointer to an array's first element."""
        return self.context.make_array(kind)(self.context, self.b, array).data

    def read(self, pointer: ir.Value, index: ir.Value, count: int) -> ir.Value:
        """`count` consecutive floats as a vector."""
        address = self.b.gep(pointer, [index])
        vector = ir.VectorType(real(self.shape.bits), count)
        return self.b.load(self.b.bitcast(address, ir.PointerType(vector)), align=self.shape.bits // 8)

    def read_one(self, pointer: ir.Value, index: ir.Value) -> ir.Value:
        """One float."""
        return self.b.load(self.b.gep(pointer, [index]))

    def write(self, pointer: ir.Value, index: ir.Value, vector: ir.Value) -> None:
        """Store a vector at consecutive floats."""
        address = self.b.bitcast(self.b.gep(pointer, [index]), ir.PointerType(vector.type))
        self.b.store(vector, address, align=self.shape.bits // 8)

    def broadcast(self, pointer: ir.Value, index: ir.Value) -> Lanes:
        """One float in every lane."""
        return self.m.wrap(splat(self.b, self.read_one(pointer, index), self.shape.lanes))

    def per_job(self, pointer: ir.Value, index: ir.Value, stride: int, units: bool) -> Lanes:
        """Layout "units": each job's own float (or `group` floats) at `index`, side by side."""
        n = self.shape.group
        parts = []
        for job in range(self.shape.jobs):
            at = self.plus(index, job * stride)
            parts.append(self.read(pointer, at, n) if units else splat(self.b, self.read_one(pointer, at), n))
        return self.m.wrap(join(self.b, parts))

    def weight(self, pointer: ir.Value, index: ir.Value, units: bool = False) -> Lanes:
        """Weight `index`: of each individual, broadcast, or (units) of consecutive units."""
        if self.shape.layout == "individuals":
            return self.m.wrap(self.read(pointer, self.times(index, self.shape.lanes), self.shape.lanes))
        if self.shape.layout == "episodes":
            return self.broadcast(pointer, index)
        return self.per_job(pointer, index, self.shape.weight_stride, units)

    def fixed(self, pointer: ir.Value, index: ir.Value, units: bool = False) -> Lanes:
        """Constant `index`, the same for all (units: consecutive constants along the lanes)."""
        if units and self.shape.layout == "units":
            return self.m.wrap(join(self.b, [self.read(pointer, index, self.shape.group)] * self.shape.jobs))
        return self.broadcast(pointer, index)

    def scratch(self, pointer: ir.Value, index: ir.Value, units: bool = False) -> Lanes:
        """Scratch element `index` (units: consecutive elements along the lanes)."""
        if self.shape.layout == "units":
            return self.per_job(pointer, index, self.shape.scratch_stride, units)
        return self.m.wrap(self.read(pointer, self.times(index, self.shape.lanes), self.shape.lanes))

    def keep(self, pointer: ir.Value, index: ir.Value, value: Lanes, units: bool = False) -> None:
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

    def loop(self, count: ir.Value) -> AbstractContextManager[cgutils.Loop]:
        """Context manager: a counted loop."""
        return cgutils.for_range(self.b, count, intp=INT64)

    @contextlib.contextmanager
    def tight_loop(self, count: int) -> Iterator[ir.Value]:
        """A loop of a fixed count that stays as written: unrolled further, its sums would not fit the registers."""
        b, zero = self.b, ir.Constant(INT64, 0)
        before, body, after = b.block, b.append_basic_block("tile"), b.append_basic_block("tile.done")
        b.branch(body)
        b.position_at_end(body)
        index = b.phi(INT64)
        index.add_incoming(zero, before)
        yield index
        step = b.add(index, ir.Constant(INT64, 1))
        index.add_incoming(step, b.block)
        branch = b.cbranch(b.icmp_signed("<", step, ir.Constant(INT64, count)), body, after)
        branch.set_metadata("llvm.loop", self._stay())
        b.position_at_end(after)

    def _stay(self) -> MDValue:
        """Loop metadata that forbids unrolling: a node whose first part is itself."""
        module = self.b.module
        no_unrolling = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
        loop = module.add_metadata([no_unrolling, ir.Constant(INT64, len(module.metadata))])
        loop.operands = (loop, no_unrolling)
        return loop
