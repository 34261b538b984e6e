"""Gradient estimators of online learning: what RTRL, truncated BPTT and their hybrid share.

While an episode goes on, a method tells every now and then the gradient of what the running total has gained since it
last did: exactly, for RTRL and the hybrid; over the last steps, for truncated BPTT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from evornn.backends.stepwise import Stepwise


class GradientEstimator:
    """Base of the methods. A subclass gives `window` and `lanes` for a state of `size` numbers, and `_begin`, `_due`,
    `_gain` and `rest`.
    """

    def attach(self, stepwise: Stepwise) -> None:
        """Take memory for a network in a task."""
        self.size = stepwise.size - 1  # of the state that moves, without the running total
        self.run = stepwise.open(self.window(), self.lanes())
        self.sweep = self.run.sweep

    @property
    def memory(self) -> int:
        """Bytes taken for the network attached: the tape, and what is swept back."""
        return self.run.bytes

    def window(self) -> int:
        """Steps to keep on the tape."""
        raise NotImplementedError

    def lanes(self) -> int:
        """Cotangents swept together."""
        raise NotImplementedError

    def begin(self, values: np.ndarray, scenario: np.ndarray, data: np.ndarray) -> None:
        """Start an episode: values [D], scenario [k], data rows [T, r]."""
        self.run.begin(values, scenario, data)
        self._begin()

    def step(self, last: bool = False) -> np.ndarray | None:
        """One step of the episode. Returns, where it is due and when the episode ends (by itself, or since this is to
        be the `last` step), the gradient [D] of the reward since it was last due; else None.
        """
        self.run.forward()
        due = self._due()
        return self._gain() if due or last or not self.run.alive else None

    def rest(self, bars: np.ndarray) -> np.ndarray:
        """What cotangents [S + 1] of the last state add to the gradient [D]; the last of them, the total's, is 0."""
        raise NotImplementedError

    def _begin(self) -> None:
        raise NotImplementedError

    def _due(self) -> bool:
        raise NotImplementedError

    def _gain(self) -> np.ndarray:
        raise NotImplementedError
