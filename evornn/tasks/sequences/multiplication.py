"""The multiplication problem of Hochreiter & Schmidhuber (1997), experiment 5: as adding, with values in [0, 1] and the
target X1 X2 at the end; X1 counts as 1 if the first pair is the marked one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from evornn.tasks.sequences.adding import Adding


class Multiplication(Adding):
    """Multiplication problem: the product of two marked numbers seen long before (Hochreiter & Schmidhuber 1997).

    Options as for `Adding`. Correct: less than 0.04 off at the end. Solved: fewer than 7 % of the fresh sequences are
    wrong (the paper: fewer than 140 of the last 2,000, at T = 100).
    """

    PUBLISHED: ClassVar[Mapping[int, float]] = {100: 482_000}
    LOWEST: ClassVar[float] = 0.0
    NEUTRAL: ClassVar[float] = 1.0
    ALLOWED_WRONG: ClassVar[float] = 0.07

    def target(self, x1: float, x2: float) -> float:
        """The product."""
        return x1 * x2
