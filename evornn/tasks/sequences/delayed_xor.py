"""Delayed exclusive or of a stream of random bits (delayed parity of Bertschinger & Natschlaeger 2004).

target(t) = u(t - d) xor u(t - d - 1) ... xor u(t - d - n + 1)      for n bits and delay d
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.errors import check_range
from evornn.tasks.generated import Generated


class DelayedXOR(Generated):
    """Delayed XOR: at every step, the exclusive or of successive bits seen some steps ago.

    delay: d, at least 1 for networks whose units are the outputs; bits: n; length: steps. inputs: -1 or 1 (a one);
    targets: 0 or 1, from step d + n - 1 on. Solved: every step of every fresh sequence is right. loss:
    binary_cross_entropy or mse.
    """

    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {"length": 8, "sequences": 3, "test": 4}

    def __init__(
        self, delay: int = 2, bits: int = 2, length: int = 40, sequences: int = 16, seed: int = 0, test: int = 64,
        loss: str = "binary_cross_entropy",
    ) -> None:  # fmt: skip
        self.delay = check_range("delay", delay, 0, integer=True)
        self.bits = check_range("bits", bits, 1, integer=True)
        self.length = check_range("length", length, self.delay + self.bits, integer=True)
        super().__init__(sequences, seed, test, loss, "threshold")

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
