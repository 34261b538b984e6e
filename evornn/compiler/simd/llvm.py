"""Small tools over llvmlite: vectors from scalars, whole numbers with operators, and the branch for unlikely cases."""

from __future__ import annotations

from functools import cache

from llvmlite import ir


@cache
def real(bits: int) -> ir.Type:
    """LLVM's float type of 32 or 64 bits."""
    return {32: ir.FloatType(), 64: ir.DoubleType()}[bits]


def splat(builder: ir.IRBuilder, scalar: ir.Value, lanes: int) -> ir.Value:
    """A vector with `scalar` in every lane."""
    vector = ir.VectorType(scalar.type, lanes)
    if isinstance(scalar, ir.Constant):
        return ir.Constant(vector, [scalar.constant] * lanes)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))


def join(builder: ir.IRBuilder, parts: list[ir.Value]) -> ir.Value:
    """One vector from several of equal length."""
    while len(parts) > 1:
        n = parts[0].type.count * 2
        mask = ir.Constant(ir.VectorType(ir.IntType(32), n), list(range(n)))
        parts = [builder.shuffle_vector(a, b, mask) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


class Whole:
    """A 64-bit LLVM integer with unsigned operators, for formulas on whole numbers."""

    def __init__(self, builder: ir.IRBuilder, v: ir.Value) -> None:
        self.b, self.v = builder, v

    def _other(self, other: Whole | int) -> ir.Value:
        return other.v if isinstance(other, Whole) else ir.Constant(self.v.type, other % 2**64)

    def __add__(self, o: Whole | int) -> Whole:
        return Whole(self.b, self.b.add(self.v, self._other(o)))

    def __mul__(self, o: Whole | int) -> Whole:
        return Whole(self.b, self.b.mul(self.v, self._other(o)))

    def __and__(self, o: Whole | int) -> Whole:
        return Whole(self.b, self.b.and_(self.v, self._other(o)))

    def __or__(self, o: Whole | int) -> Whole:
        return Whole(self.b, self.b.or_(self.v, self._other(o)))

    def __lshift__(self, o: Whole | int) -> Whole:
        return Whole(self.b, self.b.shl(self.v, self._other(o)))

    def __rshift__(self, o: Whole | int) -> Whole:
        return Whole(self.b, self.b.lshr(self.v, self._other(o)))


class Detour:
    """Context manager: code for an unlikely case; `merge` then chooses between the common and the detour's values."""

    def __init__(self, builder: ir.IRBuilder, condition: ir.Value) -> None:
        self.b, self.condition = builder, condition

    def __enter__(self) -> Detour:
        self.before = self.b.block
        cold, self.after = self.b.append_basic_block("far"), self.b.append_basic_block("near")
        self.b.cbranch(self.condition, cold, self.after).set_weights([1, 1_000_000])
        self.b.position_at_end(cold)
        return self

    def __exit__(self, *_: object) -> None:
        self.end = self.b.block
        self.b.branch(self.after)
        self.b.position_at_end(self.after)

    def merge(self, common: list[ir.Value], far: list[ir.Value]) -> list[ir.Value]:
        """One value for each pair."""
        merged = []
        for usual, unusual in zip(common, far, strict=True):
            phi = self.b.phi(usual.type)
            phi.add_incoming(usual, self.before)
            phi.add_incoming(unusual, self.end)
            merged.append(phi)
        return merged
