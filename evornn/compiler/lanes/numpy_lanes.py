"""The algebra of lanes on NumPy arrays or scalars: what the elementary functions compute, without a compiler.

Results equal the compiled kernels' bit for bit: both are IEEE 754 with fused multiply-add and subnormal numbers. Only
sin and cos of far angles come from different libraries.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from evornn.compiler.lanes import elementary, payne_hanek
from evornn.formula.elementwise import two_sum_error

_HALF_PATTERN = 0x10000000  # the 29 bits that float32 drops from a float64, when they lie half-way between two float32
_DROPPED = 0x1FFFFFFF


class NumpyLanes:
    """Lanes of float32 or float64; `elementary` says what the operations mean. Needs `np.errstate(all="ignore")`."""

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        self.bits = 8 * self.dtype.itemsize
        if self.dtype.kind != "f" or self.bits not in (32, 64):
            raise TypeError(f"lanes are float32 or float64, not {self.dtype}")
        self._int = np.dtype(f"int{self.bits}")
        self._unsigned = np.dtype(f"uint{self.bits}")

    def fma(self, a: np.ndarray | float, b: np.ndarray | float, c: np.ndarray | float) -> np.ndarray:
        """a b + c, rounded once."""
        lanes = (np.asarray(v, self.dtype)[()] if isinstance(v, float) else v for v in (a, b, c))
        return _fma_single(*lanes) if self.bits == 32 else _fma_double(*lanes)

    def abs(self, x: np.ndarray) -> np.ndarray:
        """|x|."""
        return np.abs(x)

    def copysign(self, magnitude: np.ndarray, sign: np.ndarray) -> np.ndarray:
        """|magnitude| with the sign of `sign`."""
        return np.copysign(magnitude, sign)

    def where(self, mask: np.ndarray, a: np.ndarray | float, b: np.ndarray | float) -> np.ndarray:
        """a where mask, else b; Python numbers become lanes."""
        return np.where(mask, np.asarray(a, self.dtype), np.asarray(b, self.dtype))[()]

    def float_bits(self, x: np.ndarray) -> np.ndarray:
        """Bit patterns as signed integers."""
        return x.view(self._int)

    def from_bits(self, i: np.ndarray) -> np.ndarray:
        """Floats of bit patterns."""
        return i.view(self.dtype)

    def shl(self, i: np.ndarray, k: int) -> np.ndarray:
        """i << k."""
        return np.left_shift(i, self._int.type(k))

    def shr(self, i: np.ndarray, k: int) -> np.ndarray:
        """i >> k, zeros shifted in."""
        return np.right_shift(i.view(self._unsigned), self._unsigned.type(k)).view(self._int)

    def patch(self, mask: np.ndarray, x: np.ndarray, fast: list[np.ndarray], names: list[str]) -> list[np.ndarray]:
        """Each of `fast`, but NumPy's float64 function of that name of x where mask."""
        if not np.any(mask):
            return fast
        wide = np.asarray(x, np.float64)
        return [self.where(mask, getattr(np, name)(wide), y) for y, name in zip(fast, names, strict=True)]

    def far_angle(self, mask: np.ndarray, x: np.ndarray, r: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """r and q, but from x's exact reduction by pi/2 where mask."""
        r, q = np.array(r), np.array(q)
        for i in np.argwhere(mask):
            at = tuple(i)
            value = np.asarray(x)[at]
            magnitude = int(np.abs(value).view(np.uint32))
            fraction, quadrant = payne_hanek.reduce_bits(magnitude)
            high = np.array(fraction, np.int64).astype(np.float32)
            low = np.array(fraction - int(high), np.int64).astype(np.float32)
            angle = payne_hanek.angle(self, high, low)
            r[at] = np.copysign(np.float32(1), value) * angle + (value - value)
            q[at] = -quadrant if value < 0 else quadrant
        return r[()], q[()]


def evaluate(name: str, x: np.ndarray) -> np.ndarray:
    """An elementary function ("exp", "sin", ...) of a float32 or float64 array, as the kernels compute it."""
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        return elementary.FUNCTIONS[name](NumpyLanes(x.dtype), x[()])


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a + b rounded, and what rounding dropped (Knuth 1969)."""
    return a + b, two_sum_error(a, b)


def _round_to_odd(s: np.ndarray, dropped: np.ndarray) -> np.ndarray:
    """s + dropped, its last bit set if anything was dropped: rounding that to fewer bits is like rounding once."""
    s, dropped = np.asarray(s), np.asarray(dropped)
    even = (s.view(np.int64) & 1) == 0
    moved = np.nextafter(s, np.copysign(np.inf, dropped))
    return np.where(even & (dropped != 0) & np.isfinite(s), moved, s)


def _fma_single(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """float32 a b + c: the product is exact in float64; only sums that look half-way between two float32 need care."""
    product, addend = np.multiply(a, b, dtype=np.float64), np.asarray(c, np.float64)
    s = np.asarray(product + addend)
    risky = (s.view(np.int64) & _DROPPED) == _HALF_PATTERN
    risky |= np.abs(s) < 2.0**-125  # float32 keeps fewer bits there
    if np.any(risky):
        _, dropped = _two_sum(product, addend)
        s = np.where(risky, _round_to_odd(s, dropped), s)
    return s.astype(np.float32)[()]


def _split(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a as two numbers of 26 bits (Veltkamp 1968)."""
    t = a * 134217729.0  # 2^27 + 1
    high = t - (t - a)
    return high, a - high


def _fma_double(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """float64 a b + c rounded once (Boldo & Melquiond 2008); twice where a b, a, b or c leaves 2^-900 .. 2^900."""
    product = a * b
    (a1, a2), (b1, b2) = _split(a), _split(b)
    tail = ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2  # a b = product + tail
    u, low = _two_sum(c, tail)
    s, high = _two_sum(product, u)
    result = s + _round_to_odd(*_two_sum(high, low))
    size, widest = np.abs(product), np.maximum(np.abs(a), np.abs(b))
    safe = (size > 2.0**-900) & (size < 2.0**900) & (widest < 2.0**900) & (np.abs(c) < 2.0**900)
    return np.where(safe, result, product + c)[()]
