"""The adding problem of Hochreiter & Schmidhuber (1997), experiment 4: remember two marked numbers, add them up.

Pairs (value, marker). One of the first 10 pairs (X1) and one of the first T/2 - 1 pairs that are then unmarked (X2)
have marker 1; the first and the last pair have marker -1, all others 0. The target at the end is 0.5 + (X1 + X2) / 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, whole
from evornn.tasks.generated import Generated


class Adding(Generated):
    """Adding problem: the sum of two marked numbers, long after they were seen (Hochreiter & Schmidhuber 1997).

    inputs: value in [-1, 1] and marker. Correct: less than 0.04 off at the end. Solved: all 2,000 fresh sequences are
    correct (in the paper, the last 2,000 of training). T of the paper: 100, 500, 1,000. If the first pair is the marked
    one, X1 counts as 0.
    """

    SMALL: ClassVar[dict[str, Any]] = {"length": 8, "sequences": 3, "test": 4}
    PUBLISHED: ClassVar[Mapping[int, float]] = {100: 74_000, 500: 209_000, 1000: 853_000}
    LOWEST: ClassVar[float] = -1.0  # of the values, which are at most 1
    NEUTRAL: ClassVar[float] = 0.0  # what X1 is when the first pair is marked

    length: int = whole("T; sequences have T to 1.1 T steps", default=100, low=4)
    test = 2000
    loss, correct = fixed("mse"), fixed(0.04)

    def derive(self) -> None:
        """What was published of this length."""
        super().derive()
        if self.length in self.PUBLISHED:
            self.published = {"LSTM by gradient (sequences, 1997)": self.PUBLISHED[self.length]}

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return self.length + self.length // 10 + 1, 4

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """One sequence."""
        steps = int(rng.integers(self.length, self.length + self.length // 10 + 1))
        first = int(rng.integers(min(10, self.length // 2)))
        second = int(rng.integers(max(1, self.length // 2 - 1)))
        second += second >= first  # among those still unmarked
        inputs = np.zeros((steps, 2))
        inputs[:, 0] = rng.uniform(self.LOWEST, 1.0, steps)
        if first == 0 or second == 0:
            inputs[0, 0] = self.NEUTRAL
        inputs[[0, -1], 1] = -1.0
        inputs[[i for i in (first, second) if i], 1] = 1.0
        targets, mask = np.zeros((steps, 1)), np.zeros(steps)
        targets[-1], mask[-1] = self.target(inputs[first, 0], inputs[second, 0]), 1.0
        return inputs, targets, mask

    def target(self, x1: float, x2: float) -> float:
        """The sum, scaled to [0, 1]."""
        return 0.5 + (x1 + x2) / 4
