"""Searches that use each perturbation with both signs and follow the gradient it gives (OpenAIES, PGPE)."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import check_range
from evornn.search.core.optimizers import Ascent
from evornn.search.core.search import SpaceLike
from evornn.search.core.shaping import by_rank, centred_ranks, normal_steps
from evornn.search.core.step_sizes import checked_sigma
from evornn.search.distribution.base import FASTEST, DistributionSearch


class MirroredSearch(DistributionSearch):
    """Base: widths `sigma` [D], mirrored samples, an `Ascent` for the mean. With an odd population the last member is
    the mean itself.
    """

    MIN_POPULATION = 2
    _STATE = (*DistributionSearch._STATE, "sigma")

    def __init__(
        self, space: SpaceLike, *, population: int, seed: int, sigma: float, sigma_floor: float, start: str,
        restart_after: int, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population=population, seed=seed, start=start, restart_after=restart_after, sigma=sigma,
            sigma_floor=sigma_floor, **options,
        )  # fmt: skip
        self.first_sigma, self.sigma_floor = checked_sigma(sigma, sigma_floor)
        self.sigma = np.full(self.dimension, self.first_sigma)  # [D]
        self.shares = centred_ranks(self.population)

    def _choose_ascent(self, optimizer: str, rate: float, momentum: float) -> None:
        self._ascent_options = (
            optimizer,
            float(check_range("rate", rate, 0.0, FASTEST, open_low=True)),
            float(check_range("momentum", momentum, 0.0, 1.0 - 1e-12)),
            self.dimension,
        )
        self.ascent = Ascent(*self._ascent_options)

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
        self.ascent = Ascent(*self._ascent_options)

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
        return {**super()._save(), "ascent_memory": self.ascent.memory.copy(), "ascent_taken": self.ascent.taken}

    def _load(self, own: dict[str, Any]) -> None:
        super()._load(own)
        self.ascent = Ascent(*self._ascent_options)
        self.ascent.memory = np.array(own["ascent_memory"], dtype=np.float64)
        self.ascent.taken = int(own["ascent_taken"])
