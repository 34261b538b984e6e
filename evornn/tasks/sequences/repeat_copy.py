"""The repeat copy task of Graves, Wayne & Danihelka (2014), section 4.2: give a sequence back so many times, then stop.

A sequence is L vectors of random bits and the number of copies R on a channel of its own, scaled to mean 0 and variance
1 over 1 .. repeats; then, without input, R copies and an end marker are wanted. In the paper: 8 bits, L, R = 1 .. 10,
tested with L = 20 and with R = 20.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, whole
from evornn.tasks.generated import Generated, padded


class RepeatCopy(Generated):
    """Repeat copy task: give back a sequence of random bit vectors a given number of times (Graves 2014).

    inputs: bits and number of copies; targets: bits and end marker. Solved: all test sequences are right: longer ones,
    and others with more copies.
    """

    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {
        "bits": 2, "length": 2, "repeats": 2, "test_length": 3, "test_repeats": 3, "sequences": 3, "test": 4,
    }  # fmt: skip

    bits: int = whole("of a vector", default=8, low=1)
    length: int = whole("training sequences have 1 .. length vectors", default=10, low=1)
    repeats: int = whole("and 1 .. repeats copies", default=10, low=2)
    test_length: int = whole("longer test sequences have length + 1 .. test_length", default=20, low="length + 1")
    test_repeats: int = whole("others repeats + 1 .. test_repeats copies", default=20, low="repeats + 1")
    loss = "binary_cross_entropy"
    correct = fixed("threshold")

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        most = max(self.test_length * (self.repeats + 1), self.length * (self.test_repeats + 1))
        return most + 2, 2 * self.bits + 3

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """As many vectors and copies as in training."""
        return padded([self.drawn(rng, (1, self.length), (1, self.repeats)) for _ in range(count)])

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Longer sequences and such with more copies, in turns."""
        longer = (self.length + 1, self.test_length), (1, self.repeats)
        oftener = (1, self.length), (self.repeats + 1, self.test_repeats)
        return padded([self.drawn(rng, *(longer, oftener)[i % 2]) for i in range(count)])

    def drawn(
        self, rng: np.random.Generator, lengths: tuple[int, int], copies: tuple[int, int]
    ) -> tuple[np.ndarray, ...]:
        """A sequence with numbers of vectors and of copies in these ranges."""
        length, times = (int(rng.integers(low, high + 1)) for low, high in (lengths, copies))
        vectors = rng.integers(2, size=(length, self.bits)).astype(float)
        steps, among = length * (times + 1) + 2, np.arange(1, self.repeats + 1)
        inputs, targets = np.zeros((steps, self.bits + 1)), np.zeros((steps, self.bits + 1))
        inputs[:length, :-1], inputs[length, -1] = vectors, (times - among.mean()) / among.std()
        targets[length + 1 : -1, :-1], targets[-1, -1] = np.tile(vectors, (times, 1)), 1.0
        return inputs, targets, (np.arange(steps) > length).astype(float)
