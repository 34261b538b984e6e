"""Algebra of lanes, as types: what elementary functions may do; every target implements it.

`Lane` is a number for each lane, with operators; an `Arithmetic` has the operations that are not operators. A formula
over them is written once: it builds LLVM vectors (`simd.vector`), Python text (`cuda.algebra`) or NumPy arrays
(`numpy_lanes`), and rounds the same everywhere.
"""

from __future__ import annotations

from typing import Protocol, Self, TypeVar


class Lane(Protocol):
    """Floats, whole numbers or truth values of one width. Operators take lanes of the same kind or a Python number."""

    def __add__(self, other: Self | float, /) -> Self: ...
    def __radd__(self, other: float, /) -> Self: ...
    def __sub__(self, other: Self | float, /) -> Self: ...
    def __rsub__(self, other: float, /) -> Self: ...
    def __mul__(self, other: Self | float, /) -> Self: ...
    def __rmul__(self, other: float, /) -> Self: ...
    def __truediv__(self, other: Self | float, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __and__(self, other: Self | int, /) -> Self: ...
    def __or__(self, other: Self | int, /) -> Self: ...
    def __xor__(self, other: Self | int, /) -> Self: ...
    def __invert__(self) -> Self: ...
    def __lt__(self, other: Self | float, /) -> Self: ...
    def __le__(self, other: Self | float, /) -> Self: ...
    def __gt__(self, other: Self | float, /) -> Self: ...
    def __ge__(self, other: Self | float, /) -> Self: ...


L = TypeVar("L", bound=Lane)


class Arithmetic(Protocol[L]):
    """The operations of `elementary` that are not operators; each rounds once, to `bits` bits."""

    bits: int

    def fma(self, a: L | float, b: L | float, c: L | float) -> L:
        """a b + c, rounded once."""

    def abs(self, x: L) -> L:
        """|x|."""

    def copysign(self, magnitude: L, sign: L) -> L:
        """|magnitude| with the sign of `sign`."""

    def where(self, mask: L, a: L | float, b: L | float) -> L:
        """a where mask, else b."""

    def float_bits(self, x: L) -> L:
        """The bit patterns of floats, as whole numbers."""

    def from_bits(self, i: L) -> L:
        """Floats of bit patterns."""

    def shl(self, i: L, k: int) -> L:
        """i << k."""

    def shr(self, i: L, k: int) -> L:
        """i >> k, zeros shifted in."""

    def patch(self, mask: L, x: L, fast: list[L], names: list[str]) -> list[L]:
        """Each of `fast`, but libm's float64 function of that name of x where the mask is set."""

    def far_angle(self, mask: L, x: L, r: L, q: L) -> tuple[L, L]:
        """r and q, but from the exact reduction of x by pi/2 where the mask is set."""


class FullArithmetic(Arithmetic[L], Protocol[L]):
    """What kernels do besides: everything that the operations of formulas need."""

    def is_constant(self, x: L) -> bool:
        """Whether x is known when the kernel is compiled."""

    def const(self, value: L | float) -> L:
        """The same float in every lane."""

    def sqrt(self, x: L) -> L:
        """Square root."""

    def floor(self, x: L) -> L:
        """The largest whole number not above x."""

    def is_nan(self, x: L) -> L:
        """Where x is NaN."""

    def to_int(self, x: L) -> L:
        """Whole numbers held in floats, as integers."""


class Elementary(Protocol):
    """A function of one number, over any lanes."""

    def __call__(self, m: Arithmetic[L], x: L, /) -> L: ...


class Fold(Protocol):
    """A function of two numbers that combines many, one after another."""

    def __call__(self, m: FullArithmetic[L], a: L, x: L, /) -> L: ...


class Elementwise(Protocol):
    """An operation of formulas, with as many numbers as it has arguments."""

    def __call__(self, m: FullArithmetic[L], /, *lanes: L) -> L: ...
