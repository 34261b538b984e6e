"""Searches that use each perturbation with both signs and follow the gradient it gives (OpenAIES, PGPE)."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.options import choice, number
from evornn.search.core.optimizers import OPTIMIZERS, Optimizer
from evornn.search.core.shaping import by_rank, centred_ranks, normal_steps
from evornn.search.distribution.base import FASTEST, DistributionSearch


class MirroredSearch(DistributionSearch):
    """Base: widths `sigma` [D], mirrored samples, an `Optimizer` for the mean. With an odd population the last member
    is the mean itself.
    """

    population = 20
    optimizer: str = choice("that moves the mean", OPTIMIZERS, default="adam")
    rate: float | None = number("in ranges; None: by the optimizer", default=None, low=0, high=FASTEST, open_low=True)
    momentum: float | None = number("of the optimizer", default=0.9, low=0, high=1.0 - 1e-12)
    MIN_POPULATION = 2
    _STATE = (*DistributionSearch._STATE, "sigma")

    def derive(self) -> None:
        """Widths and optimizer of a first start."""
        super().derive()
        self.sigma = np.full(self.dimension, self.first_sigma)  # [D]
        self.shares = centred_ranks(self.population)

        rate, momentum = self._usual()
        rate, momentum = (
            usual if given is None else given for usual, given in ((rate, self.rate), (momentum, self.momentum))
        )
        self._ascent_options = (self.optimizer, float(rate), float(momentum), self.dimension)
        self.step_rule = Optimizer(*self._ascent_options)

    def _usual(self) -> tuple[float, float]:
        """The optimizer's rate and momentum unless told."""
        raise NotImplementedError

    def ranks(self, fitness: np.ndarray) -> np.ndarray:
        """Ranks [P] from 0.5, the best, to -0.5; equal fitness shares."""
        return by_rank(fitness, self.shares)

    def paired(self, values: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each pair: value+ - value- [k] and (value+ + value-) / 2 [k], and its perturbation [k, D].

        Differences first: where pairs are even, the gradient is zero to the last bit, and no optimizer that divides by
        its length makes a step of rounding errors.
        """
        half = self.population // 2
        plus, minus, e = values[:half], values[half : 2 * half], points[:half] - points[half : 2 * half]
        e *= 0.5
        return plus - minus, 0.5 * (plus + minus), e

    def _begin(self, mean: np.ndarray) -> None:
        self.sigma = np.full(self.dimension, self.first_sigma)
        self.step_rule = Optimizer(*self._ascent_options)

    def _draw(self, mean: np.ndarray) -> np.ndarray:
        half = self.population // 2
        points = np.empty((self.population, self.dimension))
        perturbations = self.sigma * normal_steps(self.rng, half, self.dimension)
        np.add(mean, perturbations, out=points[:half])
        np.subtract(mean, perturbations, out=points[half : 2 * half])
        points[2 * half :] = mean
        return points

    def _width(self) -> float:
        return float(self.sigma.max())

    def _save(self) -> dict[str, Any]:
        return {**super()._save(), "ascent_memory": self.step_rule.memory.copy(), "ascent_taken": self.step_rule.taken}

    def _load(self, own: dict[str, Any]) -> None:
        super()._load(own)
        self.step_rule = Optimizer(*self._ascent_options)
        self.step_rule.memory = np.array(own["ascent_memory"], dtype=np.float64)
        self.step_rule.taken = int(own["ascent_taken"])
