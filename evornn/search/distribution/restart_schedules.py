"""Restart schedules of CMA-ES: the same again, a larger population, or turns of large and small ones.

* "same": population and step size as at first
* "ipop": the population doubles at each restart (Auger & Hansen 2005)
* "bipop": of two regimes, the one that has spent fewer evaluations is next (Hansen 2009). The large one doubles its
  population each time, 2^k lambda. The small one draws population lambda (1/2 lambda_large / lambda)^(U^2) and
  step size sigma 10^(-2 U'), U and U' uniform in [0, 1], and is cut at half of what the last large run spent.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SCHEMES = ("none", "same", "ipop", "bipop")
LARGEST = 2**20  # population that doubling does not exceed


class RestartSchedule:
    """Bookkeeping of one search's restarts: `population` and `sigma` of the present run, and when it is cut."""

    def __init__(self, scheme: str, population: int, sigma: float) -> None:
        self.scheme, self.first_population, self.first_sigma = scheme, population, sigma
        self.population, self.sigma = population, sigma
        self.large = population  # population of the last large run
        self.spent = np.zeros(2, dtype=np.int64)  # evaluations by large and by small runs; the first is neither
        self.last_large = 0  # evaluations of the last large run
        self.kind = -1  # of the present run: -1 the first, 0 large, 1 small
        self.run = 0  # evaluations of the present run

    def over(self, evaluations: int) -> bool:
        """Count evaluations of the present run; whether it has had its share."""
        self.run += evaluations
        return self.kind == 1 and 2 * self.run >= self.last_large

    def restart(self, rng: np.random.Generator) -> None:
        """Settle what the next run starts with."""
        if self.kind >= 0:
            self.spent[self.kind] += self.run
        if self.kind <= 0:
            self.last_large = self.run
        self.run = 0
        if self.scheme == "ipop":
            self.population = min(2 * self.population, max(LARGEST, self.first_population))
        elif self.scheme == "bipop":
            self._turn(rng)

    def _turn(self, rng: np.random.Generator) -> None:
        self.kind = int(self.spent[1] < self.spent[0])
        if self.kind == 0:
            self.large = self.population = min(2 * self.large, max(LARGEST, self.first_population))
            self.sigma = self.first_sigma
            return
        ratio = 0.5 * self.large / self.first_population
        self.population = max(self.first_population, int(self.first_population * ratio ** (rng.random() ** 2)))
        self.sigma = self.first_sigma * 10.0 ** (-2.0 * rng.random())

    def save(self) -> dict[str, Any]:
        """Plain values that `load` restores."""
        names = ("population", "sigma", "large", "last_large", "kind", "run")
        return {"spent": self.spent.copy()} | {name: getattr(self, name) for name in names}

    def load(self, saved: dict[str, Any]) -> None:
        """Undo `save`."""
        for name, value in saved.items():
            setattr(self, name, value)
        self.spent = np.array(saved["spent"], dtype=np.int64)
