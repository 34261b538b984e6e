"""Reduction of large float32 angles by pi/2, exact to 2^-60 (Payne & Hanek 1983): with those bits of 2/pi that matter.

|x| = M 2^E with a whole M < 2^24. R = floor(M 2^E (2/pi) 2^62) mod 2^64 has the quadrant in its top two bits and the
rest as a fraction; it needs 96 bits of 2/pi, the three 32-bit words that `window` cuts from the table at bit E + 94.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, TypeVar

from evornn.compiler.lanes.algebra import Arithmetic, L

EXPONENT_BIAS = 150  # x = M 2^(biased exponent - 150)
GUARD = 94  # 62 fraction bits and 32 below them
WORDS = (0, 0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0, 0xDB629599, 0x3C439041, 0xFE5163AB)  # 0, then 2/pi
RADIANS = (1.57079637 * 2.0**-62, -4.37113883e-8 * 2.0**-62)  # pi/2 2^-62 in two float32
LOW = 0xFFFFFFFF
LIMIT_BITS = 0x48800000  # 2^18 as a float32: smaller angles have a faster way


class Whole(Protocol):
    """An unsigned whole number of at least 64 bits: Python's, LLVM's or one in emitted text."""

    def __add__(self, other: Self | int, /) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __and__(self, other: int, /) -> Self: ...
    def __or__(self, other: Self, /) -> Self: ...
    def __lshift__(self, k: int, /) -> Self: ...
    def __rshift__(self, k: Self | int, /) -> Self: ...


W = TypeVar("W", bound=Whole)


def window(words: Callable[[W], W], position: W, shift: W) -> list[W]:
    """The three 32-bit words of floor(2/pi 2^s) mod 2^96; position = s // 32 - 2, shift = 32 - s % 32; words(i) reads
    the table.
    """
    w = [words(position + i) for i in range(4)]
    return [((w[i] << 32 | w[i + 1]) >> shift) & LOW for i in range(3)]


def scaled(mantissa: W, parts: list[W]) -> W:
    """R, before it is cut to 64 bits, from M and the window."""
    high, middle, low = parts
    return ((mantissa * high) << 32) + mantissa * middle + ((mantissa * low) >> 32)


def quadrant_of(result: W) -> W:
    """The nearest quadrant, 0..4, of R."""
    return (result + 2**61) >> 62


def angle(m: Arithmetic[L], high: L, low: L) -> L:
    """The float32 angle of the fraction high + low, in float32 lanes: the fraction and what rounding it left."""
    return m.fma(high, RADIANS[0], m.fma(low, RADIANS[0], high * RADIANS[1]))


def reduce_bits(bits: int) -> tuple[int, int]:
    """(fraction, q) of the non-negative float32 with these bits: x = (q + fraction 2^-62) pi/2, q in 0..3; in Python
    integers.
    """
    s = (bits >> 23) - EXPONENT_BIAS + GUARD
    mantissa = bits & 0x7FFFFF | 0x800000
    result = scaled(mantissa, window(lambda i: WORDS[i], s // 32 - 2, 32 - s % 32)) & (2**64 - 1)
    quadrant = quadrant_of(result)
    return result - (quadrant << 62), quadrant & 3
