"""RMSProp: each gene's gradient divided by a running root mean square of its own (Hinton 2012, lecture 6e).

    s <- decay s + (1 - decay) g^2,   x <- x + rate g / (sqrt(s) + epsilon)

g is the gradient uphill.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evornn.errors import check_range
from evornn.search.core.search import SpaceLike
from evornn.training.first_order import FirstOrder


class RMSProp(FirstOrder):
    """RMSProp: steps divided by the running root mean square of each gene's gradients (Hinton 2012).

    `population` >= 1 independent learners. `rate` (> 0) in units of the genes; `decay` in [0, 1); `epsilon` > 0.
    `schedule`: "constant", "linear", "cosine", "step", or a table with its options. `clip`: longest gradient (0: none
    is cut). `batch`, `check_every`, `patience`: see `evornn.training.first_order`.
    """

    MEMORY = ("mean_square",)

    def __init__(
        self, space: SpaceLike, population: int = 16, seed: int = 0, *, rate: float = 0.01, decay: float = 0.9,
        epsilon: float = 1e-8, schedule: str | Mapping[str, Any] = "constant", clip: float = 1.0,
        batch: int | None = None, check_every: int = 1, patience: int = 3,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population, seed, rate=rate, schedule=schedule, clip=clip, batch=batch, check_every=check_every,
            patience=patience, decay=decay, epsilon=epsilon,
        )  # fmt: skip
        self.decay: float = check_range("decay", decay, 0.0, 1.0 - 1e-12)
        self.epsilon: float = check_range("epsilon", epsilon, 0.0, open_low=True)

    def _direction(self, uphill: np.ndarray, memory: np.ndarray, taken: np.ndarray) -> np.ndarray:
        (mean_square,) = memory
        mean_square *= self.decay
        mean_square += (1.0 - self.decay) * np.square(uphill)
        return uphill / (np.sqrt(mean_square) + self.epsilon)
