"""Targets: names of the intrinsics in emitted text, as the emitter asks for them and as SIMD kernels have them."""

from __future__ import annotations


class Target:
    """The intrinsics of SIMD kernels: typed by Numba, so that one name serves every size; other targets spell sizes.

    layout: what lies side by side, see `simd.intrinsics`.
    """

    scalar = False  # whether a lane is a thread, with whole numbers of its own

    def __init__(self, layout: str) -> None:
        self.layout = layout

    def intrinsic(self, name: str, *sizes: int | str) -> str:
        """The name of an intrinsic for tuples of these lengths; "t", "s": which arguments are tuples or scalars."""
        return name

    def units(self, name: str, at: str) -> str:
        """The name of an intrinsic that reads or writes consecutive units from offset `at` on."""
        return name

    def step(self, name: str, step: int) -> None:
        """A loop variable is a multiple of `step`."""

    def whole(self, array: str, at: str) -> str:
        """A whole number of a data row that all lanes share."""
        return f"int({array}[{at}])"

    def typed(self, text: str) -> str:
        """A float expression, perhaps only numbers, with the type of all values."""
        return f"lanes({text})"

    def number(self, value: float) -> str:
        """A float as text."""
        text = number(value)
        return f"({text})" if text.isalpha() else text  # a name alone would pass for a variable


def number(value: float) -> str:
    """A float as Python text; infinities and NaN by the names that kernels have."""
    value = float(value)
    if value != value:
        return "NAN"
    if value in (float("inf"), -float("inf")):
        return "INFINITY" if value > 0 else "-INFINITY"
    return repr(value)
