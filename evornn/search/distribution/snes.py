"""Separable natural evolution strategy (Schaul, Glasmachers & Schmidhuber 2011; Wierstra et al. 2014, algorithm 6).

    s_k ~ N(0, I),   x_k = mu + sigma s_k          (gene by gene)
    mu    <- mu + eta_mu sigma sum_k u_k s_k
    sigma <- sigma exp(eta_sigma / 2 sum_k u_k (s_k^2 - 1))

u_k: utilities of the ranks; equal fitness shares them. Defaults: eta_mu = 1, eta_sigma = (3 + ln D) / (5 sqrt D).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evornn.options import number
from evornn.search.core.shaping import by_rank, natural_utilities, normal_steps, shortened
from evornn.search.core.step_sizes import WIDEST
from evornn.search.distribution.base import FASTEST, DistributionSearch


class SNES(DistributionSearch):
    """Separable natural evolution strategy: a step size for each gene, natural gradients (Wierstra et al. 2014).

    Samples beyond the bounds are mirrored.

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never), and when samples no longer differ, it starts anew; `restarts` counts.
    """

    rate: float = number("eta_mu", default=1.0, low=0, high=FASTEST, open_low=True)
    sigma_rate: Any = number(
        "eta_sigma; None: (3 + ln D) / (5 sqrt D)", default=None, low=0, high=FASTEST, open_low=True
    )
    MIN_POPULATION = 2
    _STATE = (*DistributionSearch._STATE, "sigma")

    def derive(self) -> None:
        """Fill in the learning rate that goes by D."""
        super().derive()
        n = self.dimension
        if self.sigma_rate is None:
            self.sigma_rate = (3 + math.log(n)) / (5 * math.sqrt(n))
        self.utilities = natural_utilities(self.population)
        self.sigma = np.full(n, self.first_sigma)  # [D]

    def _begin(self, mean: np.ndarray) -> None:
        self.sigma = np.full(self.dimension, self.first_sigma)

    def _draw(self, mean: np.ndarray) -> np.ndarray:
        points = self.sigma * normal_steps(self.rng, self.population, self.dimension)
        points += mean
        return points

    def _moved(self, points: np.ndarray, rows: np.ndarray) -> None:
        assert self.mean is not None
        points[rows] = self.mean + self.sigma * shortened((points[rows] - self.mean) / self.sigma)

    def _learn(self, mean: np.ndarray, points: np.ndarray, fitness: np.ndarray) -> None:
        u = by_rank(fitness, self.utilities)
        s = points
        s -= mean
        s /= self.sigma
        mean += self.rate * self.sigma * (u @ s)
        slope = u @ np.square(s, out=s) - u.sum()
        self.sigma = np.clip(self.sigma * np.exp(0.5 * self.sigma_rate * slope), self.sigma_floor, WIDEST)

    def _width(self) -> float:
        return float(self.sigma.max())
