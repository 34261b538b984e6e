"""Exponential natural evolution strategy (Glasmachers et al. 2010; Wierstra et al. 2014, algorithm 5).

    s_k ~ N(0, I),   x_k = mu + sigma B s_k
    G_delta = sum_k u_k s_k,   G_M = sum_k u_k (s_k s_k^T - I),   G_sigma = tr(G_M) / D,   G_B = G_M - G_sigma I
    mu    <- mu + eta_mu sigma B G_delta
    sigma <- sigma exp(eta_sigma / 2 G_sigma),   B <- B exp(eta_B / 2 G_B)

u_k: utilities of the ranks; equal fitness shares them. Defaults: eta_mu = 1,
eta_sigma = eta_B = 3 (3 + ln D) / (5 D sqrt D).
"""

from __future__ import annotations

import math

import numpy as np

from evornn.errors import check_range
from evornn.memory import check_memory
from evornn.search.core.memory import Footprint
from evornn.search.core.search import SpaceLike
from evornn.search.core.shaping import by_rank, default_population, natural_utilities, normal_steps, shortened
from evornn.search.core.step_sizes import WIDEST, checked_sigma
from evornn.search.distribution.base import FASTEST, DistributionSearch

STEEPEST = 50.0  # logarithm of what a width is multiplied by in a generation


class XNES(DistributionSearch):
    """Exponential natural evolution strategy: a full covariance, natural gradients (Glasmachers et al. 2010).

    `population` >= 2 (default 4 + 3 ln D). `sigma` (0 to 0.5) is the first step size, as a fraction of each gene's
    range; it never falls below `sigma_floor` (0 to sigma; 0: no floor). Samples beyond the bounds are mirrored. `rate`
    (> 0, eta_mu), `sigma_rate` and `shape_rate` (> 0, eta_sigma and eta_B; default 3 (3 + ln D) / (5 D sqrt D)) are
    learning rates. `start`: the first mean is the box's middle ("centre") or a genome as networks are drawn at first
    ("sample"). Memory grows with D^2 (more than the machine has is refused), time with D^3; SNES has neither.

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never), and when samples no longer differ, it starts anew; `restarts` counts.
    """

    FOOTPRINT = Footprint(genomes=6.2, matrices=7)
    MIN_POPULATION = 2
    _STATE = (*DistributionSearch._STATE, "sigma", "_shape", "_s")

    def __init__(
        self, space: SpaceLike, population: int | None = None, seed: int = 0, *, sigma: float = 0.05,
        sigma_floor: float = 0.0, rate: float = 1.0, sigma_rate: float | None = None, shape_rate: float | None = None,
        start: str = "centre", restart_after: int = 0,
    ) -> None:  # fmt: skip
        size = default_population(space.dimension) if population is None else population
        check_range("population", size, self.MIN_POPULATION, self.MAX_POPULATION, integer=True)
        what = f"XNES with D = {space.dimension:,} genes and population {size:,}"
        check_memory(what, self.FOOTPRINT.bytes(size, space.dimension), "SNES keeps D numbers instead of D x D")
        super().__init__(
            space, population=size, seed=seed, start=start, restart_after=restart_after, sigma=sigma,
            sigma_floor=sigma_floor, rate=rate, sigma_rate=sigma_rate, shape_rate=shape_rate,
        )  # fmt: skip
        self.first_sigma, self.sigma_floor = checked_sigma(sigma, sigma_floor)
        n = self.dimension
        default = 3 * (3 + math.log(n)) / (5 * n * math.sqrt(n))
        given = {"rate": rate, "sigma_rate": sigma_rate, "shape_rate": shape_rate}
        self.rate, self.sigma_rate, self.shape_rate = (
            float(check_range(name, default if value is None else value, 0.0, FASTEST, open_low=True))
            for name, value in given.items()
        )
        self.utilities = natural_utilities(self.population)
        self.sigma, self._shape = self.first_sigma, np.eye(n)
        self._s = np.empty((0, n))  # [P, D] what the open generation was drawn from

    def _begin(self, mean: np.ndarray) -> None:
        self.sigma, self._shape = self.first_sigma, np.eye(self.dimension)

    def _draw(self, mean: np.ndarray) -> np.ndarray:
        self._s = normal_steps(self.rng, self.population, self.dimension).astype(np.float64, copy=False)
        return mean + self.sigma * (self._s @ self._shape.T)

    def _moved(self, points: np.ndarray, rows: np.ndarray) -> None:
        assert self.mean is not None
        s = shortened(np.linalg.solve(self._shape, (points[rows] - self.mean).T).T / self.sigma)
        self._s[rows], points[rows] = s, self.mean + self.sigma * (s @ self._shape.T)

    def _learn(self, mean: np.ndarray, points: np.ndarray, fitness: np.ndarray) -> None:
        n, s = self.dimension, self._s
        u = by_rank(fitness, self.utilities)
        mean += self.rate * self.sigma * (self._shape @ (u @ s))
        slope = (s.T * u) @ s
        slope[np.diag_indices(n)] -= u.sum()
        size = float(np.trace(slope)) / n
        slope[np.diag_indices(n)] -= size
        self.sigma *= math.exp(min(STEEPEST, 0.5 * self.sigma_rate * size))
        values, vectors = np.linalg.eigh(0.25 * self.shape_rate * (slope + slope.T))
        grown = (
            vectors * np.exp(np.clip(values, -STEEPEST, STEEPEST))
        ) @ vectors.T  # the exponential of a symmetric matrix
        self._shape = np.ascontiguousarray(self._shape @ grown)
        widths = np.sqrt(np.square(self._shape).sum(axis=1))
        self.sigma = min(max(self.sigma, self.sigma_floor), WIDEST / float(widths.max()))
        self._s = np.empty((0, n))

    def _width(self) -> float:
        return self.sigma * float(np.sqrt(np.square(self._shape).sum(axis=1)).max())
