"""Far angles among SIMD lanes: the detour of sin and cos for the few with |x| above 2^18, see `payne_hanek`."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

from evornn.kernels import payne_hanek
from evornn.kernels.ir_tools import Detour, Whole, real

WORD, WIDE = ir.IntType(32), ir.IntType(64)


def far_angles(m: Any, mask: Any, x: Any, r: Any, q: Any) -> tuple[Any, Any]:
    """r and q, but from the exact reduction of float32 x by pi/2 where the mask is set: one unlikely branch.

    The detour calls nothing: a call would make the common path spill its vectors. m: a `simd.Machine`.
    """
    b = m.builder
    place = {name: cgutils.alloca_once(b, ir.VectorType(WORD, m.lanes)) for name in ("x", "r", "q")}
    with Detour(b, m.any(mask)) as detour:
        for name, lanes in (("x", x), ("r", r), ("q", q)):
            b.store(b.bitcast(lanes.v, m.int_vector), place[name])
        cells = {name: b.bitcast(p, WORD.as_pointer()) for name, p in place.items()}
        with cgutils.for_range(b, ir.Constant(WIDE, m.lanes), intp=WIDE) as loop:
            at = {name: b.gep(cell, [loop.index]) for name, cell in cells.items()}
            bits = b.load(at["x"])
            magnitude = b.and_(bits, ir.Constant(WORD, 0x7FFFFFFF))
            with b.if_then(b.icmp_unsigned(">", magnitude, ir.Constant(WORD, payne_hanek.LIMIT_BITS))):
                angle, quadrant = _reduced(m, magnitude)
                negative = b.icmp_signed("<", bits, ir.Constant(WORD, 0))
                signed = b.select(negative, b.fneg(angle), angle)
                b.store(b.bitcast(signed, WORD), at["r"])
                b.store(b.select(negative, b.neg(quadrant), quadrant), at["q"])
        undefined = x - x  # NaN for infinities and NaN, else 0
        far = (b.fadd(b.bitcast(b.load(place["r"]), m.float_vector), undefined.v), b.load(place["q"]))
    merged = detour.merge([r.v, q.v], list(far))
    return m.wrap(merged[0]), m.wrap(merged[1])


def _reduced(m: Any, magnitude: Any) -> tuple[Any, Any]:
    """payne_hanek.reduce_bits of one lane: float32 angle and 32-bit quadrant."""
    b, table = m.builder, _two_over_pi(m.builder.module)
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
    one, zero = type(m)(b, 32, 1), ir.Constant(WORD, 0)
    lane = ir.Constant(ir.VectorType(real(32), 1), ir.Undefined)
    high, low = (one.wrap(b.insert_element(lane, v, zero)) for v in (high, low))
    return b.extract_element(payne_hanek.angle(one, high, low).v, zero), b.trunc(quadrant.v, WORD)


def _two_over_pi(module: Any) -> Any:
    """The module's table of the bits of 2/pi."""
    name = "evornn.two_over_pi"
    if name not in module.globals:
        kind = ir.ArrayType(WORD, len(payne_hanek.WORDS))
        table = ir.GlobalVariable(module, kind, name)
        table.linkage, table.global_constant = "internal", True
        table.initializer = ir.Constant(kind, list(payne_hanek.WORDS))
    return module.globals[name]
