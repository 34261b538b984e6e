"""Adam: running first and second moments of each gene's gradient (Kingma & Ba 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evornn.errors import check_range
from evornn.search.core.optimizers import adam_direction
from evornn.search.core.search import SpaceLike
from evornn.training.first_order import FirstOrder


class Adam(FirstOrder):
    """Adam: steps from running means of each gene's gradient and its square (Kingma & Ba 2015).

    `population` >= 1 independent learners. `rate` (> 0) in units of the genes; `beta1`, `beta2` in [0, 1); `epsilon`
    > 0. `schedule`: "constant", "linear", "cosine", "step", or a table with its options. `clip`: longest gradient
    (0: none is cut). `batch`, `check_every`, `patience`: see `evornn.training.first_order`.
    """

    MEMORY = ("mean", "mean_square")

    def __init__(
        self, space: SpaceLike, population: int = 16, seed: int = 0, *, rate: float = 0.01, beta1: float = 0.9,
        beta2: float = 0.999, epsilon: float = 1e-8, schedule: str | Mapping[str, Any] = "constant", clip: float = 1.0,
        batch: int | None = None, check_every: int = 1, patience: int = 3,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population, seed, rate=rate, schedule=schedule, clip=clip, batch=batch, check_every=check_every,
            patience=patience, beta1=beta1, beta2=beta2, epsilon=epsilon,
        )  # fmt: skip
        self.beta1: float = check_range("beta1", beta1, 0.0, 1.0 - 1e-12)
        self.beta2: float = check_range("beta2", beta2, 0.0, 1.0 - 1e-12)
        self.epsilon: float = check_range("epsilon", epsilon, 0.0, open_low=True)

    def _direction(self, uphill: np.ndarray, memory: np.ndarray, taken: np.ndarray) -> np.ndarray:
        return adam_direction(memory, uphill, taken, self.beta1, self.beta2, self.epsilon)
