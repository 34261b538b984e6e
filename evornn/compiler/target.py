"""How a target spells the words of emitted text: what the emitter asks, and what SIMD kernels answer."""

from __future__ import annotations


class Language:
    """The words of SIMD kernels: typed by Numba, so that one name serves every size. Other targets spell sizes out.

    layout: what lies side by side, see `prelude`.
    """

    def __init__(self, layout: str) -> None:
        self.layout = layout

    def word(self, name: str, *sizes: int | str) -> str:
        """The name of a word for tuples of these lengths; "t" and "s" say which arguments are tuples or scalars."""
        return name

    def units(self, name: str, at: str) -> str:
        """The name of a word that reads or writes consecutive units from offset `at` on."""
        return name

    def step(self, name: str, step: int) -> None:
        """A loop variable is a multiple of `step`."""

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
