"""exp, log, tanh, sigmoid, softplus, sin, cos and atan on SIMD lanes, without branches, in float32 and float64.

Each function is written once over an algebra of lanes: with `simd.Machine` it builds vector code, with
`numpy_lanes.NumpyLanes` it computes. All that a machine `m` and its lanes must offer:

* floats: `+ - * /`, unary `-`, `< >`, with lanes or Python numbers on the right; each rounds once, to the lanes' width;
* integers of the same width (wrapping): `+ - & | ^ >`, with lanes or Python integers on the right;
* `m.bits` (32 or 64), `m.fma(a, b, c)` (one rounding), `m.abs(x)`, `m.copysign(a, b)`, `m.where(mask, a, b)`;
* `m.float_bits(x)`, `m.from_bits(i)`, `m.shl(i, k)`, `m.shr(i, k)` (logical);
* `m.patch(mask, x, fast, names)`: each of `fast`, but libm's float64 function of that name of x where the mask is set;
  `m.far_angle(mask, x, r, q)`: r and q, but from x's exact reduction by pi/2 where the mask is set (`payne_hanek`);
  both must be cheap when no lane is set.

Largest error in units of the last place (ulp): float32 over all floats, float64 over samples. Subnormal results count
too (their ulp is 2^-149, 2^-1074); nothing is flushed to zero.

===========  =======  =======  ===========================
function     float32  float64  operations in float32
===========  =======  =======  ===========================
exp          1.1      1.1      18
log          2.0      2.0      28, one of them a division
tanh         3.5      3.5      14, one of them a division
sigmoid      2.5      2.5      15, one of them a division
softplus     2.9      2.9      25, one of them a division
sin and cos  2.1      2.1      24 for both, and a branch
atan         2.0      2.0      24, one of them a division
===========  =======  =======  ===========================

NaN gives NaN, whatever its payload; infinities give the limits; tanh and sin keep the sign of zero; |tanh| <= 1 and
0 <= sigmoid <= 1. A lane's result never depends on other lanes. Results of neighbours may swap within the error.
Compile without reassociation: numbers are rounded by adding 1.5 * 2^23 (2^52) and subtracting it.
"""

from __future__ import annotations

from collections.abc import Sequence

from evornn.compiler.lanes.algebra import Arithmetic, Elementary, L
from evornn.compiler.lanes.coefficients import DOUBLE, SINGLE, TANH_P, TANH_Q, Table


def _table(m: Arithmetic[L]) -> Table:
    return SINGLE if m.bits == 32 else DOUBLE


def _series(m: Arithmetic[L], x: L, coefficients: Sequence[float]) -> L:
    """c0 + x (c1 + x (c2 + ...)) of at least two coefficients, one fused operation for each after the first."""
    total = m.fma(x, coefficients[-1], coefficients[-2])
    for c in reversed(coefficients[:-2]):
        total = m.fma(x, total, c)
    return total


def _reduce(m: Arithmetic[L], t: Table, x: L, bias: int, sign: float = 1.0) -> tuple[L, L]:
    """x = sign n ln 2 + r with n an integer and |r| <= ln(2)/2 (Cody & Waite 1980): r, and an integer with n + bias in
    its low bits. 4 operations.
    """
    shifted = m.fma(x, sign * t.log2_e, t.magic + bias)
    n = shifted - (t.magic + bias)
    r = m.fma(n, -sign * t.ln2[0], x)  # exact
    return m.fma(n, -sign * t.ln2[1], r), m.float_bits(shifted)


def _power_of_two(m: Arithmetic[L], t: Table, exponent: L) -> L:
    """2^(exponent - bias) of the integer's low bits."""
    return m.from_bits(m.shl(exponent, t.mantissa))


def _exp_ratio(m: Arithmetic[L], t: Table, r: L) -> tuple[L, L]:
    """E and O of exp(r) = (E + r O) / (E - r O), |r| <= ln(2)/2: half as deep as a polynomial of the same accuracy."""
    z = r * r
    return _series(m, z, t.exp_even), _series(m, z, t.exp_odd)


def exp(m: Arithmetic[L], x: L) -> L:
    """e^x.

    A polynomial on |r| <= ln(2)/2, scaled by 2^n in two steps: the hardware rounds overflow and gradual underflow.
    18 operations in float32, 23 in float64.
    """
    t = _table(m)
    x = m.where(x > t.exp_high, t.exp_high, x)
    x = m.where(x < t.exp_low, t.exp_low, x)
    r, n = _reduce(m, t, x, 2 * t.bias)
    half = m.shr(n, 1)
    return _series(m, r, t.exp) * _power_of_two(m, t, half) * _power_of_two(m, t, n - half)


def _log_of_sum(m: Arithmetic[L], f: L, coefficients: Sequence[float], low: L | None = None) -> tuple[L, L]:
    """ln(1 + f) + low as two terms to add, from S = f / (1 + f/2) = 2 tanh(ln(1 + f) / 2)."""
    s = f / m.fma(f, 0.5, 1.0)
    w = s * s
    p = _series(m, w, coefficients)
    return s, w * s * p if low is None else m.fma(w * s, p, low)


def log(m: Arithmetic[L], x: L) -> L:
    """Natural logarithm: -inf at zeros of both signs, NaN below, right for subnormal numbers.

    28 operations in float32, 32 in float64.
    """
    t = _table(m)
    scale = float(1 << t.mantissa)
    tiny = x < t.smallest_normal
    bits = m.float_bits(m.where(tiny, x * scale, x)) + (t.one_bits - t.sqrt_half_bits)
    offset = scale + t.bias
    e = m.from_bits(m.shr(bits, t.mantissa) | t.integer_bits) - m.where(tiny, offset + t.mantissa, offset)
    f = m.from_bits((bits & ((1 << t.mantissa) - 1)) + t.sqrt_half_bits) - 1.0
    s, rest = _log_of_sum(m, f, t.log, e * t.ln2[1])
    y = m.fma(e, t.ln2[0], s + rest)
    y = m.where(x < float("inf"), y, x)  # inf and NaN stay
    return m.where(x > 0.0, y, m.where(x < 0.0, float("nan"), x - float("inf")))  # at 0: -inf; NaN stays


def tanh(m: Arithmetic[L], x: L) -> L:
    """Hyperbolic tangent, exactly odd.

    float32: 2 N D / (D^2 + N^2) with N / D a rational fit of tanh(x/2); the doubling damps the errors of N and D where
    tanh saturates. 14 operations. float64: (e^2x - 1) / (e^2x + 1) without cancellation. 22 operations.
    """
    t = _table(m)
    if m.bits == 64:
        return _tanh_double(m, t, x)
    x = m.where(x > t.tanh_clamp, t.tanh_clamp, x)
    x = m.where(x < -t.tanh_clamp, -t.tanh_clamp, x)
    z = x * x
    n = x * _series(m, z, TANH_P)
    d = _series(m, z, TANH_Q)
    return n * d / m.fma(n * 0.25, n, d * d)


def _tanh_double(m: Arithmetic[L], t: Table, x: L) -> L:
    """With 2|x| = n ln 2 + r, e^r = a/b and p = 2^n: (p a - b) / (p a + b), the numerator as (p - 1) a + (a - b), in
    which nothing cancels for small x.
    """
    y = m.abs(x)
    y = m.where(y > t.tanh_clamp, t.tanh_clamp, y)
    r, n = _reduce(m, t, y + y, t.bias)
    even, odd = _exp_ratio(m, t, r)
    u = r * odd
    a = even + u
    p = _power_of_two(m, t, n)
    return m.copysign(m.fma(p - 1.0, a, u + u) / m.fma(p, a, even - u), x)


def sigmoid(m: Arithmetic[L], x: L) -> L:
    """1 / (1 + e^-x), with small relative error for very negative x too.

    x = r - n ln 2 and e^r = a/b give h a / (h a + 2^n h b); h = 2^-24 (2^-60) keeps 2^n h in range down to the smallest
    subnormal result. 15 operations in float32, 17 in float64.
    """
    t = _table(m)
    x = m.where(x > t.sigmoid_high, t.sigmoid_high, x)
    x = m.where(x < t.exp_low, t.exp_low, x)
    r, n = _reduce(m, t, x, t.bias - t.sigmoid_shift, sign=-1.0)
    even, odd = _exp_ratio(m, t, r)
    a = m.fma(r, odd, even) * 2.0**-t.sigmoid_shift
    return a / m.fma(m.fma(-r, odd, even), _power_of_two(m, t, n), a)


def softplus(m: Arithmetic[L], x: L) -> L:
    """ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|). 25 operations in float32, 36 in float64."""
    t = _table(m)
    y = -m.abs(x)
    y = m.where(y < t.exp_low, t.exp_low, y)
    r, n = _reduce(m, t, y, t.bias + t.softplus_shift)
    scaled = [c * 2.0**-t.softplus_shift for c in t.exp]
    s, rest = _log_of_sum(m, _series(m, r, scaled) * _power_of_two(m, t, n), t.log1p)
    return m.where(x < 0.0, 0.0, x) + (s + rest)


def _quadrant(m: Arithmetic[L], t: Table, x: L) -> tuple[L, L]:
    """x = q pi/2 + r with |r| <= pi/4: r and an integer whose low bits are q (Cody & Waite 1980). In float32 the few
    lanes with |x| above 2^18 leave by a branch (Payne & Hanek 1983).
    """
    shifted = m.fma(x, t.two_over_pi, t.magic)
    q = m.float_bits(shifted)
    n = shifted - t.magic
    r = x
    for part in t.half_pi:
        r = m.fma(n, -part, r)
    return m.far_angle(m.abs(x) > t.trig_limit, x, r, q) if t.bits == 32 else (r, q)


def sincos(m: Arithmetic[L], x: L) -> tuple[L, L]:
    """sin x and cos x, x in radians; NaN at infinities.

    24 operations for both in float32, 31 in float64; float64 lanes with |x| above 2^40 go through libm.
    """
    t = _table(m)
    r, q = _quadrant(m, t, x)
    z = r * r
    s = r * _series(m, z, (1.0, *t.sin))  # a product, so that -0 stays -0
    c = _series(m, z, (1.0, *t.cos))
    odd = (q & 1) > 0
    sign = m.shl(q, t.bits - 2) & t.sign_bit
    sine = m.from_bits(m.float_bits(m.where(odd, c, s)) ^ sign)
    cosine = m.from_bits(m.float_bits(m.where(odd, s, c)) ^ sign ^ m.shl(q, t.bits - 1))
    if t.bits == 64:
        sine, cosine = m.patch(m.abs(x) > t.trig_limit, x, [sine, cosine], ["sin", "cos"])
    return sine, cosine


def sin(m: Arithmetic[L], x: L) -> L:
    """sin x: the first of `sincos`."""
    return sincos(m, x)[0]


def cos(m: Arithmetic[L], x: L) -> L:
    """cos x: the second of `sincos`."""
    return sincos(m, x)[1]


ATAN_SINGLE = (-0.333333151800222, 0.19998470942267288, -0.14243521819440574, 0.10593724010448206, -0.06077983650601046)
ATAN_DOUBLE = (
    -0.33333333333333326, 0.19999999999997647, -0.14285714285385673, 0.11111111088051615, -0.09090908140599306,
    0.07692282682398198, -0.06666225797746532, 0.05877013869494813, -0.052183618996992885, 0.04503408231052472,
    -0.03347184034879926, 0.015193119812500102,
)  # fmt: skip
TAN_PI_8, TAN_3_PI_8 = 2.0**0.5 - 1.0, 2.0**0.5 + 1.0  # where the reduced argument changes


def _arc(m: Arithmetic[L], y: L, x: L | float) -> L:
    """The angle of the point (x, y), neither below 0 and not both 0: c + atan t with c = 0, pi/4 or pi/2 and
    |t| <= tan(pi/8) by one division; atan t = t + t z R(z), z = t^2, R a minimax fit as in `coefficients` (fit error
    0.01 and 0.0004).
    """
    t = _table(m)
    middle, far = y > x * TAN_PI_8, y > x * TAN_3_PI_8
    below = m.where(far, y, m.where(middle, y + x, x))
    a = m.where(far, -x, m.where(middle, y - x, y)) / below
    z = a * a
    high = t.half_pi[0]
    low = t.half_pi[1] + t.half_pi[2]
    rest = m.fma(
        a * z,
        _series(m, z, ATAN_SINGLE if m.bits == 32 else ATAN_DOUBLE),
        m.where(far, low, m.where(middle, 0.5 * low, 0.0)),
    )
    return m.where(far, high, m.where(middle, 0.5 * high, 0.0)) + (a + rest)


def atan(m: Arithmetic[L], x: L) -> L:
    """Arc tangent, exactly odd. 24 operations in float32, 31 in float64."""
    return m.copysign(_arc(m, m.abs(x), 1.0), x)


def arctan2(m: Arithmetic[L], y: L, x: L) -> L:
    """Angle of the point (x, y), with IEEE 754's signs of zeros and limits; 41 operations in float32."""
    t, infinity = _table(m), float("inf")
    a, b = m.abs(y), m.abs(x)
    both = (a >= infinity) & (b >= infinity)
    b = m.where((a <= 0.0) & (b <= 0.0), 1.0, b)
    shrink = m.where(m.where(a > b, a, b) > 2.0**100, 2.0**-60, 1.0)  # y + x must not overflow
    angle = _arc(m, m.where(both, 1.0, a * shrink), m.where(both, 1.0, b * shrink))
    behind = m.copysign(m.where(both, 1.0, 1.0), x) < 0.0
    high, low = 2.0 * t.half_pi[0], 2.0 * (t.half_pi[1] + t.half_pi[2])
    return m.copysign(m.where(behind, (high - angle) + low, angle), y)


FUNCTIONS: dict[str, Elementary] = {
    "exp": exp,
    "log": log,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "sin": sin,
    "cos": cos,
    "atan": atan,
}
