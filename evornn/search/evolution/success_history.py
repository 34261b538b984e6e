"""Success history of differential evolution: weights F and crossover rates CR learned from trials that succeeded."""

from __future__ import annotations

from typing import Any

import numpy as np

ADAPTATIONS = ("none", "jade", "shade")
PLACES = {"none": 1, "jade": 1, "shade": 6}  # remembered pairs
SPREAD = 0.1  # of the draws around them
SLOWNESS = 0.1  # c of JADE


class ParameterMemory:
    """Remembered means of F and CR [H], and the draws around them."""

    def __init__(self, adapt: str, weight: float, crossover: float) -> None:
        self.adapt, self.first = adapt, (weight, crossover)
        self.reset()

    def reset(self) -> None:
        """Back to the first values."""
        self.weights, self.rates = (np.full(PLACES[self.adapt], value) for value in self.first)
        self.place = 0  # which is rewritten next

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """F in (0, 1] and CR in [0, 1] of `count` trials; the fixed ones under "none"."""
        if self.adapt == "none":
            return np.full(count, self.first[0]), np.full(count, self.first[1])
        chosen = rng.integers(self.weights.size, size=count)
        centres = self.rates[chosen]
        rates = np.clip(centres + SPREAD * rng.standard_normal(count), 0.0, 1.0)
        rates[np.isnan(centres)] = 0.0  # the rate has died out there (L-SHADE's terminal value)
        weights = np.zeros(count)
        while (open_ := np.flatnonzero(weights <= 0.0)).size:
            weights[open_] = self.weights[chosen[open_]] + SPREAD * rng.standard_cauchy(open_.size)
        return np.minimum(weights, 1.0), rates

    def learn(self, weights: np.ndarray, rates: np.ndarray, gain: np.ndarray) -> None:
        """Take in F, CR and gain in fitness [k] of the trials that were better than their parents."""
        if self.adapt == "none" or not weights.size:
            return
        if self.adapt == "jade":
            self.weights += SLOWNESS * (lehmer(weights, np.ones(weights.size)) - self.weights)
            self.rates += SLOWNESS * (rates.mean() - self.rates)
            return
        shares = _shares(gain)
        self.weights[self.place] = lehmer(weights, shares)
        dead = np.isnan(self.rates[self.place]) or rates.max() == 0.0
        self.rates[self.place] = np.nan if dead else lehmer(rates, shares)
        self.place = (self.place + 1) % self.weights.size

    def save(self) -> dict[str, Any]:
        """Arrays that `load` restores."""
        return {"memory_weights": self.weights.copy(), "memory_rates": self.rates.copy(), "memory_place": self.place}

    def load(self, saved: dict[str, Any]) -> None:
        """Undo `save`."""
        self.weights = np.array(saved["memory_weights"], dtype=np.float64)
        self.rates = np.array(saved["memory_rates"], dtype=np.float64)
        self.place = int(saved["memory_place"])


def lehmer(values: np.ndarray, shares: np.ndarray) -> float:
    """The weighted Lehmer mean sum w v^2 / sum w v; 0 of zeros."""
    below = float(shares @ values)
    return float(shares @ np.square(values)) / below if below > 0.0 else 0.0


def _shares(gain: np.ndarray) -> np.ndarray:
    """Gains [k] as weights that sum to one; one that is infinite (from failure) counts as the largest finite one."""
    finite = gain[np.isfinite(gain)]
    most = float(finite.max()) if finite.size else 1.0
    usable = np.where(np.isfinite(gain), gain, most) / most
    return usable / usable.sum()
