"""Convergence criteria of CMA-ES: when to start again (Hansen 2009, 2016 appendix B.3).

Told with the best and the median fitness of each generation:

* equal: the best fitness of the last 10 + ceil(30 D / lambda) generations is the same
* flat: neither those nor the last generation's fitness spans more than 1e-12
* stagnation: over the last 120 + ceil(30 D / lambda) generations, neither the median of the newest 30 % of the best
  fitness nor that of the median fitness is above the one of the oldest 30 %
"""

from __future__ import annotations

import math

import numpy as np

SPAN = 1e-12  # fitness closer than this is the same


class Convergence:
    """The fitness of recent generations of one run."""

    def __init__(self, dimension: int, population: int) -> None:
        self.short = 10 + math.ceil(30 * dimension / population)
        self.long = 120 + math.ceil(30 * dimension / population)
        self.history = np.empty((0, 2))  # best and median of each generation, the newest last

    def reached(self, fitness: np.ndarray) -> bool:
        """Note a generation's fitness [P] and say whether the run is over."""
        with np.errstate(over="ignore", invalid="ignore"):  # a median between infinities, or sums beyond all numbers
            line = np.array([[fitness.max(), np.median(fitness)]])
        self.history = np.concatenate((self.history, line))[-self.long :]
        if len(self.history) < self.short:
            return False
        best = self.history[-self.short :, 0]
        if best.max() == best.min():
            return True
        finite = np.isfinite(best).all() and np.isfinite(fitness).all()
        with np.errstate(over="ignore"):
            flat = finite and np.ptp(best) < SPAN and np.ptp(fitness) < SPAN
        if flat:
            return True
        return len(self.history) == self.long and self._stagnant()

    def _stagnant(self) -> bool:
        share = int(0.3 * self.long)
        with np.errstate(over="ignore", invalid="ignore"):
            old, new = np.median(self.history[:share], axis=0), np.median(self.history[-share:], axis=0)
        return bool((new <= old).all())
