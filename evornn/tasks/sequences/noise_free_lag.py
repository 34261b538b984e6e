"""The noise-free long time lag of Hochreiter & Schmidhuber (1997), experiment 2a.

p + 1 symbols a_1 .. a_{p-1}, x, y and two strings only: x a_1 .. a_{p-1} x and y a_1 .. a_{p-1} y. The network always
predicts the next symbol; the last is the one seen p steps ago, and nothing in between tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, whole
from evornn.tasks.base import Stage
from evornn.tasks.generated import Generated, one_hot


class NoiseFreeLag(Generated):
    """Noise-free long time lag: predict symbols; the last repeats the first (Hochreiter & Schmidhuber 1997).

    inputs, targets: one of p + 1 symbols. Solved: no output of either sequence is 0.25 or more off. The paper: p = 100
    (and 4, 10 for other methods).
    """

    LOSSES = ("mse", "cross_entropy")
    SMALL: ClassVar[dict[str, Any]] = {"lag": 6}
    PUBLISHED: ClassVar[Mapping[int, float]] = {100: 5_040}

    lag: int = whole("p, the steps between", default=20, low=2)
    sequences, seed, test, correct = fixed(2), fixed(0), fixed(2), fixed(0.25)

    def derive(self) -> None:
        """What was published of this lag."""
        super().derive()
        if self.lag in self.PUBLISHED:
            self.published = {"LSTM by gradient (sequences, 1997)": self.PUBLISHED[self.lag]}

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return self.lag + 1, 2 * self.lag + 3

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """The two sequences; symbols p - 1 and p are x and y."""
        p = self.lag
        rows = np.array([one_hot([end, *range(p - 1), end], p + 1) for end in (p - 1, p)])
        return rows[:, :-1], rows[:, 1:], np.ones((2, p))

    def champion_test(self) -> list[Stage]:
        """Both sequences."""
        return [self.stage("both sequences", self, 2)]
