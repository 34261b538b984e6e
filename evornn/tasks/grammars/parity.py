"""Parity of a string of bits (Bengio, Simard & Frasconi 1994; guessing: Schmidhuber & Hochreiter 1996).

The answer is wanted one step after the last bit: units that are outputs themselves cannot give it at once.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, whole
from evornn.tasks.generated import Generated, padded


class Parity(Generated):
    """Parity: after a string of bits, say whether the number of ones was odd (Bengio, Simard & Frasconi 1994).

    inputs: -1 or 1 (a one), and 0 at the end; the target, there, is 1 for odd. Solved: all test strings are right.
    """

    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {"length": 5, "test_length": 7, "sequences": 3, "test": 4}

    length: int = whole("training strings have 1 .. length bits", default=10, low=1)
    test_length: int = whole("test strings have length + 1 .. test_length", default=50, low="length + 1")
    loss = "binary_cross_entropy"
    correct = fixed("threshold")

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return self.test_length + 1, 3

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Strings of 1 .. length bits."""
        return padded([string(rng, int(rng.integers(1, self.length + 1))) for _ in range(count)])

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Longer ones."""
        return padded([string(rng, int(rng.integers(self.length + 1, self.test_length + 1))) for _ in range(count)])


def string(rng: np.random.Generator, length: int) -> tuple[np.ndarray, ...]:
    """Random bits, and their parity after them."""
    bits = rng.integers(2, size=length)
    targets, mask = np.zeros((length + 1, 1)), np.zeros(length + 1)
    targets[-1], mask[-1] = bits.sum() % 2, 1.0
    return np.append(2.0 * bits - 1.0, 0.0)[:, None], targets, mask
