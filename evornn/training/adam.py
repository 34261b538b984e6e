"""Adam: running first and second moments of each gene's gradient (Kingma & Ba 2015)."""

from __future__ import annotations

import numpy as np

from evornn.options import number
from evornn.search.core.optimizers import adam_direction
from evornn.training.first_order import FirstOrder


class Adam(FirstOrder):
    """Adam: steps from running means of each gene's gradient and its square (Kingma & Ba 2015).

    `population` counts independent learners. `schedule`: "constant", "linear", "cosine", "step", or a table with its
    options. `batch`, `check_every`, `patience`: see `evornn.training.first_order`.
    """

    beta1: float = number("memory of the mean gradient", default=0.9, low=0, high=1.0 - 1e-12)
    beta2: float = number("memory of the mean square", default=0.999, low=0, high=1.0 - 1e-12)
    epsilon: float = number("what keeps the divisor from 0", default=1e-8, low=0, open_low=True)
    MEMORY = ("mean", "mean_square")

    def _direction(self, uphill: np.ndarray, memory: np.ndarray, taken: np.ndarray) -> np.ndarray:
        return adam_direction(memory, uphill, taken, self.beta1, self.beta2, self.epsilon)
