"""Dyck languages: balanced brackets of one kind, which can be counted, or of two, which need a stack.

A string starts with S and ends with T. At every step the network gives the set of all symbols that may come next: an
opening bracket always, the closing one that fits the last open one, and T where none is open. Of all balanced strings
of a length each is as likely (Suzgun et al. 2019 have such tasks).
"""

from __future__ import annotations

from math import comb
from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, one_of, whole
from evornn.tasks.base import Stage
from evornn.tasks.generated import Generated, one_hot, padded

BRACKETS = ("()", "[]")


class Dyck(Generated):
    """Dyck languages of 1 or 2 kinds of brackets: say at every step what may come next.

    inputs: S and the brackets; targets: which brackets, and T, may come next. Solved: all training strings are right,
    and all test strings, which are longer.
    """

    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {"pairs": 3, "test_pairs": 4, "sequences": 3, "test": 4}

    kinds: int = one_of("of brackets", (1, 2), default=2)
    pairs: int = whole("training strings have 1 .. pairs of brackets", default=8, low=1)
    test_pairs: int = whole("test strings have pairs + 1 .. test_pairs", default=24, low="pairs + 1")
    loss = "binary_cross_entropy"
    correct = fixed("threshold")

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return 2 * self.test_pairs + 1, 4 * self.kinds + 3

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """1 .. pairs."""
        return padded([self.marked(self.string(rng, int(n))) for n in rng.integers(1, self.pairs + 1, count)])

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Longer strings."""
        pairs = rng.integers(self.pairs + 1, self.test_pairs + 1, count)
        return padded([self.marked(self.string(rng, int(n))) for n in pairs])

    def string(self, rng: np.random.Generator, pairs: int) -> str:
        """A balanced string, each as likely."""
        string, still_open = "", ""
        for left in range(2 * pairs - 1, -1, -1):
            opened, closed = (ways(left, len(still_open) + change) for change in (1, -1))
            if rng.random() < opened / (opened + closed):
                kind = BRACKETS[rng.integers(self.kinds)]
                string, still_open = string + kind[0], still_open + kind[1]
            else:
                string, still_open = string + still_open[-1], still_open[:-1]
        return string

    def marked(self, string: str) -> tuple[np.ndarray, ...]:
        """S and the string, what may come next, and all of it counts."""
        letters = "".join(BRACKETS[: self.kinds])
        following, still_open = np.zeros((len(string) + 1, len(letters) + 1)), ""
        for t, symbol in enumerate(f"S{string}"):
            if symbol in letters[::2]:
                still_open += letters[letters.index(symbol) + 1]
            elif symbol in letters:
                still_open = still_open[:-1]
            following[t, : len(letters) : 2] = 1.0
            following[t, letters.index(still_open[-1]) if still_open else -1] = 1.0
        symbols = [0, *(1 + letters.index(symbol) for symbol in string)]
        return one_hot(symbols, len(letters) + 1), following, np.ones(len(symbols))

    def champion_test(self) -> list[Stage]:
        """The training strings, then longer ones."""
        return [self.stage("training strings", self, self.episodes), *super().champion_test()]


def ways(steps: int, depth: int) -> int:
    """Paths of so many steps up and down from `depth` to 0 that never go below."""
    if depth < 0 or depth > steps:
        return 0
    up = (steps + depth) // 2
    return comb(steps, up) - comb(steps, up + 1)
