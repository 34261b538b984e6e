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
from typing import Any

import numpy as np

from evornn.memory import check_memory
from evornn.options import number
from evornn.search.core.memory import MemoryModel
from evornn.search.core.shaping import by_rank, natural_utilities, normal_steps, shortened
from evornn.search.core.step_sizes import WIDEST
from evornn.search.distribution.base import FASTEST, DistributionSearch

STEEPEST = 50.0  # logarithm of what a width is multiplied by in a generation


class XNES(DistributionSearch):
    """Exponential natural evolution strategy: a full covariance, natural gradients (Glasmachers et al. 2010).

    Samples beyond the bounds are mirrored. `sigma_rate` and `shape_rate` are by default 3 (3 + ln D) / (5 D sqrt D).
    Memory grows with D^2 (more than the machine has is refused), time with D^3; SNES has neither.

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never), and when samples no longer differ, it starts anew; `restarts` counts.
    """

    rate: float = number("eta_mu", default=1.0, low=0, high=FASTEST, open_low=True)
    sigma_rate: Any = number("eta_sigma; None: by D", default=None, low=0, high=FASTEST, open_low=True)
    shape_rate: Any = number("eta_B; None: by D", default=None, low=0, high=FASTEST, open_low=True)
    MEMORY_MODEL = MemoryModel(genomes=6.2, matrices=7)
    MIN_POPULATION = 2
    _STATE = (*DistributionSearch._STATE, "sigma", "_shape", "_s")

    def derive(self) -> None:
        """Refuse a matrix that there is no memory for; fill in the learning rates that go by D."""
        super().derive()
        n = self.dimension
        what = f"XNES with D = {n:,} genes and population {self.population:,}"
        check_memory(what, self.MEMORY_MODEL.bytes(self.population, n), "SNES keeps D numbers instead of D x D")
        default = 3 * (3 + math.log(n)) / (5 * n * math.sqrt(n))
        rates = (self.rate, self.sigma_rate, self.shape_rate)
        self.rate, self.sigma_rate, self.shape_rate = (float(default if r is None else r) for r in rates)
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
