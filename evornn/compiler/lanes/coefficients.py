"""Constants of the elementary functions, one `Table` per precision.

Every polynomial and rational below is a weighted minimax fit of this project: a Remez exchange in 40- to 50-digit
arithmetic on the relative error of the finished function (for rationals the linearised alternation equations are solved
as an eigenproblem, taking the smallest pole-free error level). "Fit error" is the largest relative error before
rounding, in units of the last place u (2^-24 or 2^-53). Lists run from the constant term upwards. pi/2 and ln 2 are
split into parts of full precision that add up to them.
"""

from __future__ import annotations

from dataclasses import dataclass

Series = tuple[float, ...]


@dataclass(frozen=True)
class Table:
    """What one precision needs. Units: bits, or pure numbers."""

    bits: int  # width of a lane
    mantissa: int  # stored fraction bits
    bias: int  # exponent bias
    sqrt_half_bits: int  # bit pattern of sqrt(1/2), the lower end of log's reduced interval
    exp_low: float  # exp rounds to 0 at and below this
    exp_high: float  # exp rounds to inf at and above this
    sigmoid_high: float  # sigmoid rounds to 1 at and above this
    sigmoid_shift: int  # sigmoid = h / (h + h exp(-x)) with h = 2^-shift, so that no intermediate over- or underflows
    softplus_shift: int  # exp(-|x|) is formed as (2^-shift p) (2^(n+shift)), whose factors stay normal numbers
    tanh_clamp: float  # tanh rounds to 1 at and above this, and the fit gives exactly 1 at it
    log2_e: float
    ln2: Series  # high, low
    exp: Series  # exp(r), |r| <= ln(2)/2
    exp_even: Series  # exp(r) = (E + r O) / (E - r O), E and O series in r^2
    exp_odd: Series
    log: Series  # ln(1 + f) = S + S^3 R(S^2), S = f / (1 + f/2), sqrt(1/2) <= 1 + f <= sqrt(2)
    log1p: Series  # the same for 0 <= f <= 1
    two_over_pi: float
    half_pi: Series  # three positive parts: a negative one would lose the sign of sin(-0)
    sin: Series  # sin(r) = r (1 + z S(z)), z = r^2, |r| <= pi/4
    cos: Series  # cos(r) = 1 + z C(z)
    trig_limit: float  # beyond this |x| the three parts of pi/2 are not enough

    @property
    def magic(self) -> float:
        """1.5 * 2^mantissa: adding it rounds to an integer (half to even), which the sum has in its low bits."""
        return 1.5 * 2.0**self.mantissa

    @property
    def sign_bit(self) -> int:
        """The sign bit as a signed integer of the lane's width."""
        return -(1 << (self.bits - 1))

    @property
    def one_bits(self) -> int:
        """Bit pattern of 1.0."""
        return self.bias << self.mantissa

    @property
    def integer_bits(self) -> int:
        """Bit pattern of 2^mantissa: OR-ing a small integer into it gives the number 2^mantissa + integer."""
        return (self.bias + self.mantissa) << self.mantissa

    @property
    def smallest_normal(self) -> float:
        return 2.0 ** (1 - self.bias)


SINGLE = Table(
    bits=32,
    mantissa=23,
    bias=127,
    sqrt_half_bits=0x3F3504F3,
    exp_low=-104.0,
    exp_high=89.0,
    sigmoid_high=60.0,
    sigmoid_shift=24,
    softplus_shift=40,
    tanh_clamp=9.03125,
    log2_e=1.44269504,
    ln2=(0.693147182, -1.90465421e-9),
    # fit error 0.03 u
    exp=(1.0, 1.0, 0.499999921, 0.166664200, 0.0416682267, 0.00837483251, 0.00138368301),
    # fit error 0.003 u
    exp_even=(1.0, 0.0999786471),
    exp_odd=(0.5, 0.00832269367),
    # fit error 0.01 u
    log=(0.0833334702, 0.0124929903, 0.00233367855),
    # fit error 0.07 u
    log1p=(0.0833330202, 0.0125067296, 0.00218763087, 0.000547122584),
    two_over_pi=0.636619747,
    half_pi=(1.57079625, 7.54978942e-8, 5.39030253e-15),
    # fit errors 0.07 u and 0.7 u
    sin=(-0.166666539, 0.00833211304, -0.000195087413),
    cos=(-0.499998774, 0.0416553255, -0.00135858038),
    trig_limit=2.0**18,
)

# tanh(x) = 2 N D / (D^2 + N^2), N / D = tanh(x/2), 2 N = x P(x^2), D = Q(x^2), float32 only. Fitted on |x/2| <= 4.1
# with the weight 1 / (tanh(x/2) cosh(x)) that an error in tanh(x/2) has in tanh(x): fit error 0.1 u. P(0) = Q(0) is
# free; 1.8575 is the best of a scan from 1 to 1.95 over all floats: it keeps intermediate mantissas near 2, where
# rounding costs least (3.4 ulp against 5.4 at 1).
TANH_SCALE = 1.8575
TANH_P = (TANH_SCALE, TANH_SCALE * 0.029821541524679314, TANH_SCALE * 0.00011529834752368402)
TANH_Q = (
    TANH_SCALE,
    TANH_SCALE * 0.11315484841174922,
    TANH_SCALE * 0.0012115642414903696,
    TANH_SCALE * 1.2513565171396934e-06,
)

DOUBLE = Table(
    bits=64,
    mantissa=52,
    bias=1023,
    sqrt_half_bits=0x3FE6A09E667F3BCD,
    exp_low=-746.0,
    exp_high=710.0,
    sigmoid_high=60.0,
    sigmoid_shift=60,
    softplus_shift=60,
    tanh_clamp=20.0,
    log2_e=1.4426950408889634,
    ln2=(0.6931471805599453, 2.3190468138462996e-17),
    # fit error 0.03 u
    exp=(
        1.0,
        1.0,
        0.50000000000000106271,
        0.16666666666666412536,
        0.041666666666530158918,
        0.0083333333334944541515,
        0.0013888888943630007359,
        0.00019841269506592960184,
        0.000024801493099015674279,
        2.7557586362946717204e-6,
        2.7630248342984550197e-7,
        2.5000064499204938191e-8,
    ),
    # fit error 0.01 u; scaled by 1.8125, because mantissas near 2 lose least in rounding
    exp_even=(1.8125, 0.201383239048522366, 0.00179755016919153231),
    exp_odd=(0.90625, 0.0251707861909298719, 0.0000598901241037636068),
    # fit error 0.01 u
    log=(
        0.08333333333333417748,
        0.01249999999981751021,
        0.002232142870476558206,
        0.0004340273164319764202,
        0.00008878692839464940952,
        0.00001869395063221214514,
        4.515267560424963836e-6,
    ),
    # fit error 0.01 u
    log1p=(
        0.08333333333333288668,
        0.0125000000000485176,
        0.002232142855320252452,
        0.0004340278116186734235,
        0.0000887780489925298371,
        0.00001878240893757541821,
        4.059175907273921864e-6,
        9.235426112212602475e-7,
        1.591579857731214592e-7,
        8.111348059303596523e-8,
    ),
    two_over_pi=0.6366197723675814,
    half_pi=(1.5707963267948966, 6.123233995736765e-17, 1.0828566739219139e-32),
    # fit errors 0.04 u and 0.001 u
    sin=(
        -0.1666666666666662615,
        0.00833333333332094049,
        -0.0001984126982861868142,
        2.755731327596152464e-6,
        -2.505069246375850685e-8,
        1.589296095679412591e-10,
    ),
    cos=(
        -0.5,
        0.04166666666666658341,
        -0.001388888888887137506,
        0.00002480158728778259501,
        -2.755731386542253979e-7,
        2.087565755337524138e-9,
        -1.135626555551001871e-11,
    ),
    trig_limit=2.0**40,
)
