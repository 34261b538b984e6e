"""RMSProp: each gene's gradient divided by a running root mean square of its own (Hinton 2012, lecture 6e).

    s <- decay s + (1 - decay) g^2,   x <- x + rate g / (sqrt(s) + epsilon)

g is the gradient uphill.
"""

from __future__ import annotations

import numpy as np

from evornn.options import number
from evornn.training.first_order import FirstOrder


class RMSProp(FirstOrder):
    """RMSProp: steps divided by the running root mean square of each gene's gradients (Hinton 2012).

    `population` counts independent learners. `schedule`: "constant", "linear", "cosine", "step", or a table with its
    options. `batch`, `check_every`, `patience`: see `evornn.training.first_order`.
    """

    decay: float = number("memory of the mean square", default=0.9, low=0, high=1.0 - 1e-12)
    epsilon: float = number("what keeps the divisor from 0", default=1e-8, low=0, open_low=True)
    MEMORY = ("mean_square",)

    def _direction(self, uphill: np.ndarray, memory: np.ndarray, taken: np.ndarray) -> np.ndarray:
        (mean_square,) = memory
        mean_square *= self.decay
        mean_square += (1.0 - self.decay) * np.square(uphill)
        return uphill / (np.sqrt(mean_square) + self.epsilon)
