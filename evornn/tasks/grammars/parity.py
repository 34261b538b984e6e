"""Parity of a string of bits (Bengio, Simard & Frasconi 1994; guessing: Schmidhuber & Hochreiter 1996).

The answer is wanted one step after the last bit: units that are outputs themselves cannot give it at once.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.errors import check_range
from evornn.tasks.generated import Generated, padded


class Parity(Generated):
    """Parity: after a string of bits, say whether the number of ones was odd (Bengio, Simard & Frasconi 1994).

    length: training strings have 1 .. length bits. test_length: test strings have length + 1 .. test_length. inputs: -1
    or 1 (a one), and 0 at the end; the target, there, is 1 for odd. Solved: all test strings are right. loss:
    binary_cross_entropy or mse.
    """

    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {"length": 5, "test_length": 7, "sequences": 3, "test": 4}

    def __init__(
        self, length: int = 10, test_length: int = 50, sequences: int = 32, seed: int = 0, test: int = 256,
        loss: str = "binary_cross_entropy",
    ) -> None:  # fmt: skip
        self.length = check_range("length", length, 1, integer=True)
        self.test_length = check_range("test_length", test_length, self.length + 1, integer=True)
        super().__init__(sequences, seed, test, loss, "threshold")

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
