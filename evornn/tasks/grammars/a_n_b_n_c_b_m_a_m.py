"""The language a^n b^n c b^m a^m (Das, Giles & Sun 1992): counted twice, or pushed and popped. See `counting`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import whole
from evornn.tasks.generated import one_hot, padded
from evornn.tasks.grammars.counting import Counting


class AnBnCBmAm(Counting):
    """a^n b^n c b^m a^m: say at every step what may come next (Das, Giles & Sun 1992).

    inputs: S, a, b, c; targets: which of a, b, c and T may come next. n, m from 1. Solved: all strings with n and m up
    to N, `longest`, are accepted, and those with n or m from N + 1 to `test`.
    """

    LETTERS = "abc"
    SMALL: ClassVar[dict[str, Any]] = {"longest": 2, "test": 3}

    longest: int = whole("N; training strings have n, m = 1 .. N", default=4, low=1)
    test: int = whole("largest n and m of the champion test", default=10, low="longest + 1")

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return 4 * self.test + 2, 9 * self.test

    def pair(self, n: int, m: int) -> tuple[np.ndarray, ...]:
        """The string of n and m: 0 is S, 1 the letter a."""
        symbols = np.repeat([0, 1, 2, 3, 2, 1], [1, n, n, 1, m, m])
        following = one_hot([*symbols[1:] - 1, 3], 4)  # index 3 is T
        following[1 : n + 1, :2] = 1.0  # another a, or the first b
        following[2 * n + 2 : 2 * n + m + 2, :2] = 1.0  # another b, or the first a
        return one_hot(symbols, 4), following, np.ones(len(symbols))

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """n, m = 1 .. N."""
        up_to = range(1, self.longest + 1)
        return padded([self.pair(n, m) for n in up_to for m in up_to])

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """n or m = N + 1 .. test."""
        up_to = range(1, self.test + 1)
        return padded([self.pair(n, m) for n in up_to for m in up_to if max(n, m) > self.longest])
