"""Gradient ascent with momentum, classical or Nesterov's.

    v <- mu v + g,   x <- x + rate v              classical (Polyak 1964)
                     x <- x + rate (g + mu v)     Nesterov's (1983), as Sutskever et al. (2013) rewrote it

In the second form x is already where Nesterov's method looks ahead to, so one gradient a step is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_flag, check_range
from evornn.search.core.optimizers import momentum_direction
from evornn.search.core.search import SpaceLike
from evornn.training.first_order import FirstOrder


class SGD(FirstOrder):
    """Gradient ascent, by mini-batches or all episodes, with classical or Nesterov momentum (Sutskever et al. 2013).

    `population` >= 1 independent learners. `rate` (> 0) in units of the genes; `momentum` mu in [0, 1);
    `nesterov` needs momentum. `schedule`: "constant", "linear", "cosine", "step", or a table with its options.
    `clip`: longest gradient (0: none is cut). `batch`, `check_every`, `patience`: see `evornn.training.first_order`.
    """

    MEMORY = ("velocity",)

    def __init__(
        self, space: SpaceLike, population: int = 16, seed: int = 0, *, rate: float = 0.1, momentum: float = 0.9,
        nesterov: bool = False, schedule: str | Mapping[str, Any] = "constant", clip: float = 1.0,
        batch: int | None = None, check_every: int = 1, patience: int = 3,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population, seed, rate=rate, schedule=schedule, clip=clip, batch=batch, check_every=check_every,
            patience=patience, momentum=momentum, nesterov=nesterov,
        )  # fmt: skip
        self.momentum: float = check_range("momentum", momentum, 0.0, 1.0 - 1e-12)
        self.nesterov = check_flag("nesterov", nesterov)
        if nesterov and not momentum:
            raise EvornnError("nesterov=True needs momentum; momentum is 0")

    def _direction(self, uphill: np.ndarray, memory: np.ndarray, taken: np.ndarray) -> np.ndarray:
        return momentum_direction(memory[0], uphill, self.momentum, self.nesterov)
