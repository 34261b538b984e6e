"""Delayed exclusive or of a stream of random bits (delayed parity of Bertschinger & Natschlaeger 2004).

target(t) = u(t - d) xor u(t - d - 1) ... xor u(t - d - n + 1)      for n bits and delay d
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, whole
from evornn.tasks.generated import Generated


class DelayedXOR(Generated):
    """Delayed XOR: at every step, the exclusive or of successive bits seen some steps ago.

    inputs: -1 or 1 (a one); targets: 0 or 1, from step d + n - 1 on. Solved: every step of every fresh sequence is
    right.
    """

    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {"length": 8, "sequences": 3, "test": 4}

    delay: int = whole("d, at least 1 for networks whose units are the outputs", default=2, low=0)
    bits: int = whole("n", default=2, low=1)
    length: int = whole("steps", default=40, low="delay + bits")
    sequences, test, loss = 16, 64, "binary_cross_entropy"
    correct = fixed("threshold")

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return self.length, 6

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Streams of random bits."""
        stream = rng.integers(2, size=(count, self.length))
        first = self.delay + self.bits - 1
        targets, mask = np.zeros((count, self.length, 1)), np.zeros((count, self.length))
        windows = np.lib.stride_tricks.sliding_window_view(stream, self.bits, axis=1)
        targets[:, first:, 0] = windows[:, : self.length - first].sum(axis=2) % 2
        mask[:, first:] = 1.0
        return 2.0 * stream[..., None] - 1.0, targets, mask
