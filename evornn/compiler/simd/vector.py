"""A Numba value type for SIMD lanes, and the algebra that builds LLVM code on it.

`Pack` is one LLVM vector (`<16 x float>`): a number for each lane. Its operations are written with `Lanes`, a thin
arithmetic over LLVM values, so that a formula like tanh is ordinary Python on `+ - * fma where` and comes out as
straight-line vector code. No fast-math flag is ever set: NaN and infinity stay visible, and rounding does not depend on
the lane or its neighbours.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models
from numba.core.datamodel.manager import DataModelManager
from numba.extending import register_model

from evornn.compiler.host import features
from evornn.compiler.simd.far_angles import far_angles
from evornn.compiler.simd.llvm import Detour, real

INT1 = ir.IntType(1)


class PackType(types.Type):
    """Numba type of `lanes` values: kind "float", "int" or "mask", of `bits` bits."""

    def __init__(self, kind: str, bits: int, lanes: int) -> None:
        self.kind, self.bits, self.lanes = kind, bits, lanes
        super().__init__(name=f"Pack({kind}{bits} x {lanes})")


@register_model(PackType)
class PackModel(models.PrimitiveModel):
    """A pack is one LLVM vector value."""

    def __init__(self, manager: DataModelManager, pack: PackType) -> None:
        element = real(pack.bits) if pack.kind == "float" else INT1 if pack.kind == "mask" else ir.IntType(pack.bits)
        super().__init__(manager, pack, ir.VectorType(element, pack.lanes))


class Lanes:
    """One LLVM vector under construction, with the operators of its kind (float, int or mask)."""

    __slots__ = ("m", "v")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, m: Machine, v: ir.Value) -> None:
        self.m, self.v = m, v

    @property
    def is_float(self) -> bool:
        """Whether the lanes hold floats (else whole numbers or truth values)."""
        return not isinstance(self.v.type.element, ir.IntType)

    def _pair(self, other: Lanes | float) -> ir.Value:
        if isinstance(other, Lanes):
            return other.v
        return self.m.const(other).v if self.is_float else self.m.int_const(other).v

    def _do(self, name: str, other: Lanes | float, swap: bool = False) -> Lanes:
        a, b = self.v, self._pair(other)
        if swap:
            a, b = b, a
        method = ("f" if self.is_float else "") + name if name in ("add", "sub", "mul", "div") else name
        return Lanes(self.m, getattr(self.m.builder, method)(a, b))

    def _compare(self, sign: str, other: Lanes | float) -> Lanes:
        b = self.m.builder
        if self.is_float:
            return Lanes(
                self.m, (b.fcmp_unordered if sign == "!=" else b.fcmp_ordered)(sign, self.v, self._pair(other))
            )
        return Lanes(self.m, b.icmp_signed(sign, self.v, self._pair(other)))

    def __add__(self, o: Lanes | float) -> Lanes:
        return self._do("add", o)

    def __radd__(self, o: Lanes | float) -> Lanes:
        return self._do("add", o, True)

    def __sub__(self, o: Lanes | float) -> Lanes:
        return self._do("sub", o)

    def __rsub__(self, o: Lanes | float) -> Lanes:
        return self._do("sub", o, True)

    def __mul__(self, o: Lanes | float) -> Lanes:
        return self._do("mul", o)

    def __rmul__(self, o: Lanes | float) -> Lanes:
        return self._do("mul", o, True)

    def __truediv__(self, o: Lanes | float) -> Lanes:
        return self._do("div", o)

    def __rtruediv__(self, o: Lanes | float) -> Lanes:
        return self._do("div", o, True)

    def __neg__(self) -> Lanes:
        return Lanes(self.m, self.m.builder.fneg(self.v) if self.is_float else self.m.builder.neg(self.v))

    def __and__(self, o: Lanes | float) -> Lanes:
        return self._do("and_", o)

    def __or__(self, o: Lanes | float) -> Lanes:
        return self._do("or_", o)

    def __xor__(self, o: Lanes | float) -> Lanes:
        return self._do("xor", o)

    def __rxor__(self, o: Lanes | float) -> Lanes:
        return self._do("xor", o, True)

    def __invert__(self) -> Lanes:
        return Lanes(self.m, self.m.builder.not_(self.v))

    def __lt__(self, o: Lanes | float) -> Lanes:
        return self._compare("<", o)

    def __le__(self, o: Lanes | float) -> Lanes:
        return self._compare("<=", o)

    def __gt__(self, o: Lanes | float) -> Lanes:
        return self._compare(">", o)

    def __ge__(self, o: Lanes | float) -> Lanes:
        return self._compare(">=", o)

    def __eq__(self, o: Lanes | float) -> Lanes:  # type: ignore[override]
        return self._compare("==", o)

    def __ne__(self, o: Lanes | float) -> Lanes:  # type: ignore[override]
        return self._compare("!=", o)


class Machine:
    """What elementary functions and kernels may do with lanes of `bits` bits; builds LLVM instructions through
    `builder`.
    """

    def __init__(self, builder: ir.IRBuilder, bits: int, lanes: int) -> None:
        self.builder, self.bits, self.lanes = builder, bits, lanes
        self.float_vector = ir.VectorType(real(bits), lanes)
        self.int_vector = ir.VectorType(ir.IntType(bits), lanes)

    def wrap(self, value: ir.Value) -> Lanes:
        """Lanes of an LLVM vector."""
        return Lanes(self, value)

    def const(self, value: float | Lanes) -> Lanes:
        """The same float in every lane."""
        return (
            value
            if isinstance(value, Lanes)
            else Lanes(self, ir.Constant(self.float_vector, [float(value)] * self.lanes))
        )

    def int_const(self, value: float | Lanes) -> Lanes:
        """The same whole number in every lane."""
        if isinstance(value, Lanes):
            return value
        bound = 1 << self.bits
        return Lanes(self, ir.Constant(self.int_vector, [int(value) % bound] * self.lanes))

    def _call(self, name: str, result: ir.Type, *values: ir.Value) -> ir.Value:
        module = self.builder.module
        kind = ir.FunctionType(result, [v.type for v in values])
        function = module.globals.get(name) or ir.Function(module, kind, name)
        return self.builder.call(function, values)

    def _float_op(self, name: str, *args: Lanes | float) -> Lanes:
        return Lanes(
            self,
            self._call(f"llvm.{name}.v{self.lanes}f{self.bits}", self.float_vector, *(self.const(a).v for a in args)),
        )

    def fma(self, a: Lanes | float, b: Lanes | float, c: Lanes | float) -> Lanes:
        """a * b + c with one rounding; with two on processors without the instruction, where one would cost a call."""
        if not features()["fma"]:
            return self.const(a) * b + c
        return self._float_op("fma", a, b, c)

    def abs(self, x: Lanes | float) -> Lanes:
        """|x|."""
        return self._float_op("fabs", x)

    def sqrt(self, x: Lanes | float) -> Lanes:
        """Square root."""
        return self._float_op("sqrt", x)

    def rint(self, x: Lanes | float) -> Lanes:
        """The nearest whole number, halves to even."""
        return self._float_op("rint", x)

    def floor(self, x: Lanes | float) -> Lanes:
        """The largest whole number not above x."""
        return self._float_op("floor", x)

    def copysign(self, magnitude: Lanes | float, sign: Lanes | float) -> Lanes:
        """|magnitude| with the sign of `sign`."""
        return self._float_op("copysign", magnitude, sign)

    def where(self, mask: Lanes, a: Lanes | float, b: Lanes | float) -> Lanes:
        """a where mask, else b."""
        kind = next((x for x in (a, b) if isinstance(x, Lanes)), self.const(0.0))
        return Lanes(
            self,
            self.builder.select(
                mask.v, *((x.v if isinstance(x, Lanes) else Lanes(self, kind.v)._pair(x)) for x in (a, b))
            ),
        )

    def is_constant(self, x: Lanes) -> bool:
        """Whether x is known when the kernel is compiled."""
        return isinstance(x.v, ir.Constant)

    def is_nan(self, x: Lanes) -> Lanes:
        """Where x is NaN."""
        return x != x

    def to_int(self, x: Lanes) -> Lanes:
        """Whole numbers held in floats, as integers."""
        return Lanes(self, self.builder.fptosi(x.v, self.int_vector))

    def to_float(self, i: Lanes) -> Lanes:
        """Signed integers as floats."""
        return Lanes(self, self.builder.sitofp(i.v, self.float_vector))

    def float_bits(self, x: Lanes) -> Lanes:
        """The bit patterns of floats."""
        return Lanes(self, self.builder.bitcast(x.v, self.int_vector))

    def from_bits(self, i: Lanes) -> Lanes:
        """Floats of bit patterns."""
        return Lanes(self, self.builder.bitcast(i.v, self.float_vector))

    def shl(self, i: Lanes, k: int) -> Lanes:
        """i << k."""
        return Lanes(self, self.builder.shl(i.v, self.int_const(k).v))

    def shr(self, i: Lanes, k: int) -> Lanes:
        """i >> k, zeros shifted in."""
        return Lanes(self, self.builder.lshr(i.v, self.int_const(k).v))

    def any(self, mask: Lanes) -> ir.Value:
        """LLVM truth value: whether any lane of the mask is set."""
        bits = self.builder.bitcast(mask.v, ir.IntType(mask.v.type.count))
        return self.builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    def patch(self, mask: Lanes, x: Lanes, fast: list[Lanes], names: list[str]) -> list[Lanes]:
        """`fast`, but libm's double-precision functions `names` of x where the mask is set: one unlikely branch."""
        b = self.builder
        lanes = [ir.Constant(ir.IntType(32), lane) for lane in range(self.lanes)]
        with Detour(b, self.any(mask)) as detour:
            slow = []
            for y, name in zip(fast, names, strict=True):
                value = y.v
                for at in lanes:
                    value = b.insert_element(
                        value, self._call(f"llvm.{name}.f64", real(64), b.extract_element(x.v, at)), at
                    )
                slow.append(b.select(mask.v, value, y.v))
        return [Lanes(self, v) for v in detour.merge([y.v for y in fast], slow)]

    def far_angle(self, mask: Lanes, x: Lanes, r: Lanes, q: Lanes) -> tuple[Lanes, Lanes]:
        """r and q, but from the exact reduction of float32 x by pi/2 where the mask is set: one unlikely branch."""
        return far_angles(self, mask, x, r, q)
