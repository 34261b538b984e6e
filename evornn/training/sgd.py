"""Gradient ascent with momentum, classical or Nesterov's.

    v <- mu v + g,   x <- x + rate v              classical (Polyak 1964)
                     x <- x + rate (g + mu v)     Nesterov's (1983), as Sutskever et al. (2013) rewrote it

In the second form x is already where Nesterov's method looks ahead to, so one gradient a step is enough.
"""

from __future__ import annotations

import numpy as np

from evornn.errors import EvornnError
from evornn.options import flag, number
from evornn.search.core.optimizers import momentum_direction
from evornn.training.first_order import FirstOrder


class SGD(FirstOrder):
    """Gradient ascent, by mini-batches or all episodes, with classical or Nesterov momentum (Sutskever et al. 2013).

    `population` counts independent learners. `schedule`: "constant", "linear", "cosine", "step", or a table with its
    options. `batch`, `check_every`, `patience`: see `evornn.training.first_order`.
    """

    rate = 0.1
    momentum: float = number("mu", default=0.9, low=0, high=1.0 - 1e-12)
    nesterov: bool = flag("Nesterov's momentum", default=False)
    MEMORY = ("velocity",)

    def derive(self) -> None:
        """Refuse Nesterov's momentum without momentum."""
        super().derive()
        if self.nesterov and not self.momentum:
            raise EvornnError("nesterov=True needs momentum; momentum is 0")

    def _direction(self, uphill: np.ndarray, memory: np.ndarray, taken: np.ndarray) -> np.ndarray:
        return momentum_direction(memory[0], uphill, self.momentum, self.nesterov)
