"""The remainder of a far angle, as text of one thread."""

from __future__ import annotations

from evornn.compiler.cuda.algebra import TextLanes, TextMachine
from evornn.compiler.lanes import payne_hanek


def far_angle(m: TextMachine) -> list[TextLanes]:
    """r and q, but from the exact reduction of float32 x by pi/2 where the mask is set: `payne_hanek` in words of 64
    bits.
    """
    m.writer.lines += ["if not mask:", "    return (r, q)"]
    bits = m.keep("bits_of(x)", "int")
    magnitude = m.keep(f"w({(bits & 0x7FFFFFFF).v})", "wide")
    s = (magnitude >> 23) + (payne_hanek.GUARD - payne_hanek.EXPONENT_BIAS) % 2**64
    mantissa = (magnitude & 0x7FFFFF) | 0x800000
    first, shift = (s >> 5) + -2 % 2**64, (s & 31) * (-1 % 2**64) + 32
    parts = payne_hanek.window(lambda i: m.keep(f"w(two_over_pi({i.v}))", "wide"), first, shift)
    result = payne_hanek.scaled(mantissa, parts)
    quadrant = payne_hanek.quadrant_of(result)
    fraction = m.writer.name(f"w_signed({(result - (quadrant << 62)).v})")
    high = m.keep(f"w_float({fraction})")
    low = m.keep(f"w_float({fraction} - w_whole({high.v}))")
    angle, turns = payne_hanek.angle(m, high, low), m.keep(f"i(w_signed({quadrant.v}))", "int")
    negative = bits < 0
    nothing = TextLanes(m, "x") - TextLanes(m, "x")  # NaN for infinities and NaN
    return [
        m.where(negative, -angle, angle) + nothing,
        m.where(negative, m.keep(f"i_sub(i(0), {turns.v})", "int"), turns),
    ]
