"""The copy task of Graves, Wayne & Danihelka (2014), section 4.1: read random vectors, then give them back.

A sequence is L vectors of random bits, a delimiter on a channel of its own, and L steps without input, at which the
vectors are wanted in their order. In the paper: 8 bits, L = 1 .. 20, tested with L up to 120.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, whole
from evornn.tasks.generated import Generated, padded


class Copy(Generated):
    """Copy task: give back a sequence of random bit vectors after its end (Graves 2014).

    inputs: bits and delimiter; targets: the bits, in the second half. Solved: all bits of all test sequences, which are
    longer, are right.
    """

    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {"bits": 2, "length": 3, "test_length": 4, "sequences": 3, "test": 4}

    bits: int = whole("of a vector", default=8, low=1)
    length: int = whole("training sequences have 1 .. length vectors", default=20, low=1)
    test_length: int = whole("test sequences have length + 1 .. test_length", default=120, low="length + 1")
    loss = "binary_cross_entropy"
    correct = fixed("threshold")

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return 2 * self.test_length + 1, 2 * self.bits + 2

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """1 .. length vectors."""
        return padded([self.sequence(rng, int(rng.integers(1, self.length + 1))) for _ in range(count)])

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """More of them."""
        lengths = rng.integers(self.length + 1, self.test_length + 1, count)
        return padded([self.sequence(rng, int(length)) for length in lengths])

    def sequence(self, rng: np.random.Generator, length: int) -> tuple[np.ndarray, ...]:
        """Vectors, delimiter, vectors."""
        vectors = rng.integers(2, size=(length, self.bits)).astype(float)
        inputs, targets = np.zeros((2 * length + 1, self.bits + 1)), np.zeros((2 * length + 1, self.bits))
        inputs[:length, :-1], inputs[length, -1], targets[length + 1 :] = vectors, 1.0, vectors
        return inputs, targets, (np.arange(2 * length + 1) > length).astype(float)
