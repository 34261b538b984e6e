"""Separable natural evolution strategy (Schaul, Glasmachers & Schmidhuber 2011; Wierstra et al. 2014, algorithm 6).

    s_k ~ N(0, I),   x_k = mu + sigma s_k          (gene by gene)
    mu    <- mu + eta_mu sigma sum_k u_k s_k
    sigma <- sigma exp(eta_sigma / 2 sum_k u_k (s_k^2 - 1))

u_k: utilities of the ranks; equal fitness shares them. Defaults: eta_mu = 1, eta_sigma = (3 + ln D) / (5 sqrt D).
"""

from __future__ import annotations

import math

import numpy as np

from evornn.errors import check_range
from evornn.search.core.search import SpaceLike
from evornn.search.core.shaping import by_rank, natural_utilities, normal_steps, shortened
from evornn.search.core.step_sizes import WIDEST, checked_sigma
from evornn.search.distribution.base import FASTEST, DistributionSearch


class SNES(DistributionSearch):
    """Separable natural evolution strategy: a step size for each gene, natural gradients (Wierstra et al. 2014).

    `population` >= 2 (default 4 + 3 ln D). `sigma` (0 to 0.5) is the first step size, as a fraction of each gene's
    range; none falls below `sigma_floor` (0 to sigma; 0: no floor). Samples beyond the bounds are mirrored. `rate`
    (> 0, eta_mu) and `sigma_rate` (> 0, eta_sigma; default (3 + ln D) / (5 sqrt D)) are learning rates. `start`: the
    first mean is the box's middle ("centre") or a genome as networks are drawn at first ("sample").

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never), and when samples no longer differ, it starts anew; `restarts` counts.
    """

    MIN_POPULATION = 2
    _STATE = (*DistributionSearch._STATE, "sigma")

    def __init__(
        self, space: SpaceLike, population: int | None = None, seed: int = 0, *, sigma: float = 0.05,
        sigma_floor: float = 0.0, rate: float = 1.0, sigma_rate: float | None = None, start: str = "centre",
        restart_after: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population=population, seed=seed, start=start, restart_after=restart_after, sigma=sigma,
            sigma_floor=sigma_floor, rate=rate, sigma_rate=sigma_rate,
        )  # fmt: skip
        self.first_sigma, self.sigma_floor = checked_sigma(sigma, sigma_floor)
        n = self.dimension
        default = (3 + math.log(n)) / (5 * math.sqrt(n))
        self.rate: float = check_range("rate", rate, 0.0, FASTEST, open_low=True)
        self.sigma_rate: float = check_range(
            "sigma_rate", default if sigma_rate is None else sigma_rate, 0.0, FASTEST, open_low=True
        )
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
