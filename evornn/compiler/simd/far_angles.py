"""Far angles among SIMD lanes: the detour of sin and cos for the few with |x| above 2^18, see `payne_hanek`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir
from numba.core import cgutils

from evornn.compiler.lanes import payne_hanek
from evornn.compiler.simd.llvm import Detour, Whole, real

if TYPE_CHECKING:
    from evornn.compiler.simd.vector import Lanes, Machine

WORD, WIDE = ir.IntType(32), ir.IntType(64)


def far_angles(m: Machine, mask: Lanes, x: Lanes, r: Lanes, q: Lanes) -> tuple[Lanes, Lanes]:
    """r and q, but from the exact reduction of float32 x by pi/2 where the mask is set: one unlikely branch.

    The detour calls nothing: a call would make the common path spill its vectors. m: a `simd.Machine`.
    """
    b = m.builder
    place = {name: cgutils.alloca_once(b, ir.VectorType(WORD, m.lanes)) for name in ("x", "high", "low", "q")}
    with Detour(b, m.any(mask)) as detour:
        for name, lanes in (("x", x), ("high", r), ("low", r), ("q", q)):
            b.store(b.bitcast(lanes.v, m.int_vector), place[name])
        cells = {name: b.bitcast(p, WORD.as_pointer()) for name, p in place.items()}
        with cgutils.for_range(b, ir.Constant(WIDE, m.lanes), intp=WIDE) as loop:
            at = {name: b.gep(cell, [loop.index]) for name, cell in cells.items()}
            bits = b.load(at["x"])
            magnitude = b.and_(bits, ir.Constant(WORD, 0x7FFFFFFF))
            with b.if_then(b.icmp_unsigned(">", magnitude, ir.Constant(WORD, payne_hanek.LIMIT_BITS))):
                high, low, quadrant = _reduced(b, magnitude)
                negative = b.icmp_signed("<", bits, ir.Constant(WORD, 0))
                b.store(b.bitcast(high, WORD), at["high"])
                b.store(b.bitcast(low, WORD), at["low"])
                b.store(b.select(negative, b.neg(quadrant), quadrant), at["q"])
        high, low = (m.wrap(b.bitcast(b.load(place[name]), m.float_vector)) for name in ("high", "low"))
        angle = payne_hanek.angle(m, high, low)
        far = m.where(x < 0.0, -angle, angle) + (x - x)  # NaN for infinities and NaN
        merged_far = [m.where(mask, far, r).v, b.load(place["q"])]
    merged = detour.merge([r.v, q.v], merged_far)
    return m.wrap(merged[0]), m.wrap(merged[1])


def _reduced(b: ir.IRBuilder, magnitude: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """payne_hanek.reduce_bits of one lane: the fraction as two float32 that add up to it, and the 32-bit quadrant."""
    table = _two_over_pi(b.module)
    bits = Whole(b, b.zext(magnitude, WIDE))
    s = (bits >> 23) + (payne_hanek.GUARD - payne_hanek.EXPONENT_BIAS)
    mantissa = bits & 0x7FFFFF | 0x800000

    def word(index: Whole) -> Whole:
        return Whole(b, b.zext(b.load(b.gep(table, [ir.Constant(WIDE, 0), index.v])), WIDE))

    shift = (s & 31) * -1 + 32
    result = payne_hanek.scaled(mantissa, payne_hanek.window(word, (s >> 5) + -2, shift))
    quadrant = payne_hanek.quadrant_of(result)
    fraction = (result + (quadrant << 62) * -1).v
    high = b.sitofp(fraction, real(32))
    low = b.sitofp(b.sub(fraction, b.fptosi(high, WIDE)), real(32))
    return high, low, b.trunc(quadrant.v, WORD)


def _two_over_pi(module: ir.Module) -> ir.GlobalVariable:
    """The module's table of the bits of 2/pi."""
    name = "evornn.two_over_pi"
    if name not in module.globals:
        kind = ir.ArrayType(WORD, len(payne_hanek.WORDS))
        table = ir.GlobalVariable(module, kind, name)
        table.linkage, table.global_constant = "internal", True
        table.initializer = ir.Constant(kind, list(payne_hanek.WORDS))
    return module.globals[name]
