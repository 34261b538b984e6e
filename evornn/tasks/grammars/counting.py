"""Languages that must be counted: a^n b^n, a^n b^n c^n (Gers & Schmidhuber 2001); AnBn and AnBnCn name their letters.

A string starts with S and ends with T. At every step the network gives the set of all symbols that may come next: for
a^n b^n after S: a or T; after each a: a or b; then b's until as many as a's; then T. A string is accepted if the set is
right at every step. Training on n = 1 .. N; how far beyond N strings are accepted is what papers report.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, whole
from evornn.tasks.base import Stage
from evornn.tasks.generated import Generated, one_hot, padded


class Counting(Generated):
    """Base of AnBn and AnBnCn.

    Solved: all strings with n up to N, `longest`, are accepted, and those from N + 1 to `test`. loss: of the indicators
    of the set.
    """

    LETTERS: ClassVar[str] = ""
    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {"longest": 3, "test": 4}

    longest: int = whole("N; training strings have n = 1 .. N", default=10, low=1)
    test: int = whole("largest n of the champion test", default=20, low="longest + 1")
    loss = "binary_cross_entropy"
    seed, sequences, correct = fixed(0), fixed(1), fixed("threshold")

    def derive(self) -> None:
        """A sequence for each n."""
        self.sequences = self.longest
        super().derive()

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return len(self.LETTERS) * self.test + 1, 2 * len(self.LETTERS) + 3

    def string(self, n: int) -> tuple[np.ndarray, ...]:
        """The string of n: inputs S and letters; targets: which letters, and T, may come next."""
        count = len(self.LETTERS)
        symbols = np.repeat(np.arange(count + 1), [1, *[n] * count])  # 0 is S, 1 the first letter
        following = one_hot([*symbols[1:] - 1, count], count + 1)  # index `count` is T
        following[0, count] = 1.0  # the empty string
        following[1 : n + 1, :2] = 1.0  # another a, or the first b
        return one_hot(symbols, count + 1), following, np.ones(len(symbols))

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """n = 1 .. N."""
        return padded([self.string(n) for n in range(1, self.longest + 1)])

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """n = N + 1 .. test."""
        return padded([self.string(n) for n in range(self.longest + 1, self.test + 1)])

    def champion_test(self) -> list[Stage]:
        """The training strings, then longer ones."""
        task = self.fresh()
        return [
            self.stage(f"n = 1 to {self.longest}", self, self.episodes),
            self.stage(f"n = {self.longest + 1} to {self.test}", task, task.episodes),
        ]
