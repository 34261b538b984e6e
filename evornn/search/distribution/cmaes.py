"""Covariance matrix adaptation evolution strategy (Hansen & Ostermeier 2001; equation numbers of Hansen 2016).

Each generation samples lambda points from N(m, sigma^2 C) and moves m, the step size sigma and C towards the better
ones (N. Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772). Bad samples count as well, with negative
weights in C ("active"). The arithmetic is evornn's own, in whole arrays, and agrees with the package `cma` step by
step: a generation of 1,024 costs a seventh of that package's at D = 100 (a third of it is the eigendecomposition), and
its whole state is a handful of arrays.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from evornn.memory import check_memory
from evornn.options import choice, flag
from evornn.search.core.shaping import normal_steps, shortened
from evornn.search.core.step_sizes import NARROWEST, WIDEST
from evornn.search.distribution.base import DistributionSearch
from evornn.search.distribution.convergence import Convergence
from evornn.search.distribution.covariance import Covariance, DiagonalCovariance, FullCovariance
from evornn.search.distribution.restart_schedules import SCHEMES, RestartSchedule


class Rates(NamedTuple):
    """Weights [lambda], best first, and learning rates of a dimension and population (Hansen 2016, table 1)."""

    weights: np.ndarray
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float
    chi: float  # E |N(0, I)|
    gap: int  # generations between eigendecompositions


def rates(n: int, population: int, separable: bool = False, active: bool = True) -> Rates:
    """The tutorial's defaults; `separable` learns variances (n + 2) / 3 times as fast (Ros & Hansen 2008)."""
    raw = math.log((population + 1) / 2) - np.log(np.arange(1, population + 1))  # (49)
    good, bad = np.maximum(raw, 0.0), np.minimum(raw, 0.0)
    mu_eff = good.sum() ** 2 / np.square(good).sum()
    c_c = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)  # (56)
    c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)  # (57)
    c_mu = 2 * (0.25 + mu_eff + 1 / mu_eff - 2) / ((n + 2) ** 2 + mu_eff)  # (58)
    if separable:
        c_1, c_mu = c_1 * (n + 2) / 3, c_mu * (n + 2) / 3
    c_1 = min(c_1, 0.5)
    c_mu = min(c_mu, 1 - c_1)
    c_sigma = (mu_eff + 2) / (n + mu_eff + 5)  # (55)
    d_sigma = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma
    weights = good / good.sum()  # (53)
    if active and bad.any() and c_mu > 0:
        mu_eff_bad = bad.sum() ** 2 / np.square(bad).sum()
        total = min(1 + c_1 / c_mu, 1 + 2 * mu_eff_bad / (mu_eff + 2), (1 - c_1 - c_mu) / (n * c_mu))  # (50) to (52)
        weights = weights + bad / -bad.sum() * total
    chi = math.sqrt(2) * math.exp(math.lgamma((n + 1) / 2) - math.lgamma(n / 2))
    gap = max(1, int(1 / (10 * n * (c_1 + c_mu))))
    return Rates(weights, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, chi, gap)


class CMAES(DistributionSearch):
    """CMA-ES: adapts a normal distribution's mean, step size and covariance (Hansen & Ostermeier 2001).

    Samples beyond the bounds are mirrored. `separable=True` is for thousands of genes: the full matrix takes about
    56 D^2 bytes; more than the machine has is refused.

    `restart`: what follows when a run has converged or stagnates (Hansen 2009): "ipop" (population doubled each time),
    "bipop" (turns of large and small ones), "same", or "none". `population` is then the first run's. After
    `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0: never)
    it counts as stagnating, too. `restarts` counts.
    """

    separable: bool = flag("adapts the D variances alone", default=False)
    active: bool = flag("bad samples count, with negative weights", default=True)
    restart: str = choice("what follows convergence or stagnation", SCHEMES, default="ipop")
    MIN_POPULATION = 2
    _STATE = (*DistributionSearch._STATE, "sigma", "_path_sigma", "_path_c", "_age", "_squares")

    def derive(self) -> None:
        """Refuse a matrix that there is no memory for; begin the first run."""
        super().derive()
        kind = DiagonalCovariance if self.separable else FullCovariance
        what = f"CMA-ES with D = {self.dimension:,} genes and population {self.population:,}"
        needed = kind.MEMORY_MODEL.bytes(self.population, self.dimension)
        check_memory(what, needed, "separable=True keeps D numbers instead of D x D")
        self.restart_schedule = RestartSchedule(self.restart, self.population, self.first_sigma)
        self._set_up()

    # -- one run ----------------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        """A fresh distribution of the present regime's size; the mean is still to come."""
        n = self.dimension
        self.rates = rates(n, self.restart_schedule.population, self.separable, self.active)
        self.covariance: Covariance = DiagonalCovariance(n) if self.separable else FullCovariance(n)
        self.sigma = max(self.restart_schedule.sigma, self.sigma_floor)
        self._path_sigma, self._path_c = np.zeros(n), np.zeros(n)
        self._age = 0  # generations of this run
        self._squares = np.empty(0)  # [lambda] squared lengths of the open generation's samples
        self.convergence = Convergence(n, self.restart_schedule.population)

    def _begin(self, mean: np.ndarray) -> None:
        self._set_up()

    def _draw(self, mean: np.ndarray) -> np.ndarray:
        steps = normal_steps(self.rng, self.restart_schedule.population, self.dimension)
        z = steps.astype(np.float64, copy=False)  # (38)
        self._squares = np.einsum("ij,ij->i", z, z)  # |C^(-1/2) y|^2
        points = self.covariance.stretch(z)  # (39)
        points *= self.sigma
        points += mean  # (40)
        return points

    def _learn(self, mean: np.ndarray, points: np.ndarray, fitness: np.ndarray) -> None:
        r, n = self.rates, self.dimension
        order = np.argsort(-fitness, kind="stable")
        y = points[order]
        y -= mean
        y /= self.sigma
        step = np.maximum(r.weights, 0.0) @ y  # (41)
        mean += self.sigma * step  # (42)
        whitened = self.covariance.inverse_root(step)
        self._path_sigma = (1 - r.c_sigma) * self._path_sigma
        self._path_sigma += math.sqrt(r.c_sigma * (2 - r.c_sigma) * r.mu_eff) * whitened  # (43)
        length = float(np.linalg.norm(self._path_sigma))
        self._age += 1
        unbiased = length**2 / (1 - (1 - r.c_sigma) ** (2 * self._age))
        h = float(unbiased < (2 + 4 / (n + 1)) * n)  # the author's own form, within 2 % of the tutorial's
        self._path_c = (1 - r.c_c) * self._path_c + h * math.sqrt(r.c_c * (2 - r.c_c) * r.mu_eff) * step  # (45)
        lost = (1 - h) * r.c_c * (2 - r.c_c)
        keep = 1 + r.c_1 * lost - r.c_1 - r.c_mu * r.weights.sum()
        weights = r.weights * np.where(r.weights < 0, n / np.maximum(self._squares[order], 1e-300), 1.0)  # (46)
        self.covariance.adapt(keep, r.c_1, self._path_c, r.c_mu * weights, y)  # (47)
        if self._age % r.gap == 0:
            self.covariance.renew()
        self.sigma *= math.exp(min(1.0, r.c_sigma / r.d_sigma * (length / r.chi - 1)))  # (44)
        widest = float(self.covariance.d.max())
        self.sigma = min(max(self.sigma, self.sigma_floor, NARROWEST / widest), WIDEST / widest)

    def _moved(self, points: np.ndarray, rows: np.ndarray) -> None:
        """Steps that learning made longer than samples are, cut."""
        assert self.mean is not None
        y = (points[rows] - self.mean) / self.sigma
        z = self.covariance.whiten(y)
        cut = shortened(z)
        share = np.linalg.norm(cut, axis=1) / np.maximum(np.linalg.norm(z, axis=1), 1e-300)
        points[rows] = self.mean + self.sigma * share[:, None] * y
        self._squares[rows] = np.square(cut).sum(axis=1)

    # -- restarts ---------------------------------------------------------------------------------------------------

    @property
    def largest(self) -> int:
        """Of the runs so far."""
        return max(self.population, self.restart_schedule.large, self.restart_schedule.population)

    @property
    def memory(self) -> int:
        """Bytes, with populations as large as those so far: a restart that doubles it needs more by its [P, D] arrays,
        the matrices stay.
        """
        return self.covariance.MEMORY_MODEL.bytes(self.largest, self.dimension)

    def _ended(self, fitness: np.ndarray) -> bool:
        cut = self.restart_schedule.over(len(fitness))
        if self.restart == "none":
            return False
        if not super()._ended(fitness):
            if not (cut or self.convergence.reached(fitness)):
                return False
            self._start_over()
        self.restart_schedule.restart(self.rng)
        return True

    def _width(self) -> float:
        return self.sigma * float(self.covariance.d.max())

    # -- state ------------------------------------------------------------------------------------------------------

    def _save(self) -> dict[str, Any]:
        matrices = {f"covariance_{name}": value.copy() for name, value in vars(self.covariance).items()}
        history = self.convergence.history.copy()
        return {**super()._save(), **matrices, "history": history, "regime": self.restart_schedule.save()}

    def _load(self, own: dict[str, Any]) -> None:
        self.restart_schedule.load(own["regime"])
        self._set_up()
        super()._load(own)
        for name in vars(self.covariance):
            setattr(self.covariance, name, np.array(own[f"covariance_{name}"], dtype=np.float64, order="C"))
        self.convergence.history = np.array(own["history"], dtype=np.float64).reshape(-1, 2)
