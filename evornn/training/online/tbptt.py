"""Truncated backpropagation through time, BPTT(k2; k1) of Williams & Peng (1990).

Every k1 steps the errors of these k1 steps are sent back, all of them together, through the last k2 steps. An error
made i steps ago so reaches back k2 - i steps, at least k2 - k1 + 1. With k2 no shorter than the episode the gradient is
exact. A step costs O(N^2) operations for N units, 1 + k2 / k1 times.
"""

from __future__ import annotations

import numpy as np

from evornn.errors import EvornnError, check_range
from evornn.training.online.estimator import GradientEstimator


class TBPTT(GradientEstimator):
    """Truncated BPTT: every k1 steps, back through the last k2 steps; 1 <= k1 <= k2 (Williams & Peng 1990)."""

    def __init__(self, k1: int = 10, k2: int = 20) -> None:
        self.k1: int = check_range("k1", k1, 1, integer=True)
        self.k2: int = check_range("k2", k2, 1, integer=True)
        if k2 < k1:
            raise EvornnError(f"k2 is {k2} and k1 is {k1}; errors of k1 steps need k2 >= k1 steps to go back through")

    def window(self) -> int:
        """Twice what is gone back through: the tape is seldom moved."""
        return 2 * self.k2

    def lanes(self) -> int:
        """All errors go back together."""
        return 1

    def _begin(self) -> None:
        self._since = 0

    def _due(self) -> bool:
        self._since += 1
        return self._since == self.k1

    def _gain(self) -> np.ndarray:
        new, self._since = self._since, 0
        self.sweep.inputs[:] = self.sweep.gradient[:] = 0
        self.sweep.inputs[0, -1] = 1.0  # the total's: every step on the way adds its reward
        self.run.back(0, new)
        self.sweep.inputs[0, -1] = 0.0  # the rewards before these have had their turn
        return self._further(new)

    def _further(self, done: int) -> np.ndarray:
        """The gradient [D] after going back through the rest of the k2 steps."""
        reached = min(self.k2, self.run.held)
        self.run.back(done, reached - done)
        gradient = self.sweep.gradient[0, :, 0].astype(np.float64)
        if reached == self.run.steps and self.run.stepwise.start_moves:
            gradient += self.run.start_gradient(self.sweep.inputs[:, :, 0])[0]
        return gradient

    def rest(self, bars: np.ndarray) -> np.ndarray:
        """Back through the last k2 steps."""
        self.sweep.fill(bars[None])
        self.sweep.gradient[:] = 0
        return self._further(0)
