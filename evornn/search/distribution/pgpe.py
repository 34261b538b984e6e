"""Policy gradients with parameter-based exploration, symmetric samples (Sehnke et al. 2010, equations 11 to 16).

    theta = mu +- e,   e ~ N(0, sigma^2)           (gene by gene), each used with both signs
    d mu    ~ mean of e (r+ - r-) / 2
    d sigma = alpha mean of ((r+ + r-) / 2 - b) (e^2 - sigma^2) / sigma

r: ranks spread evenly from -0.5 to 0.5, equal fitness sharing ("ranks"), or the paper's rewards ("rewards"): fitness
over half its spread in the generation, failed members as the worst that did not fail. b: their mean. mu follows d mu by
ClipUp (Toklu, Liskowski & Srivastava 2020), Adam, or plain steps ("sgd"); sigma changes by at most a fifth at a time.
"""

from __future__ import annotations

import math

import numpy as np

from evornn.options import choice, number
from evornn.search.core.step_sizes import NARROWEST, WIDEST
from evornn.search.distribution.base import FASTEST
from evornn.search.distribution.mirrored import MirroredSearch

SHAPINGS = ("ranks", "rewards")
MOST = 0.2  # largest relative change of sigma in a generation


class PGPE(MirroredSearch):
    """Policy gradients with parameter-based exploration: mirrored samples, widths that learn (Sehnke et al. 2010).

    With an odd population the mean is evaluated, too. `sigma` is the samples' first width. `rate` is by default
    sigma sqrt(D) / 30 of "clipup", sigma / 3 of "adam", 1 of "sgd"; `momentum` 0.9, of "sgd" 0. Samples beyond the
    bounds are mirrored.

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never), and when samples no longer differ, it starts anew; `restarts` counts.
    """

    sigma_rate: float = number("how fast each gene's sigma learns", default=0.1, low=0, high=FASTEST)
    shaping: str = choice("what is learned from", SHAPINGS, default="ranks")
    optimizer = "clipup"
    momentum: float | None = number("None: by the optimizer", default=None, low=0, high=1.0 - 1e-12)

    def _usual(self) -> tuple[float, float]:
        first = self.first_sigma
        rates = {"clipup": first * math.sqrt(self.dimension) / 30.0, "adam": first / 3.0, "sgd": 1.0}
        return rates[self.optimizer], 0.0 if self.optimizer == "sgd" else 0.9

    def _learn(self, mean: np.ndarray, points: np.ndarray, fitness: np.ndarray) -> None:
        r = self.ranks(fitness) if self.shaping == "ranks" else rewards(fitness)
        difference, middle, e = self.paired(r, points)
        mean += self.step_rule.step((difference @ e) / (2 * len(e)))
        above = middle - r.mean()
        slope = (above @ np.square(e, out=e) - above.sum() * np.square(self.sigma)) / (len(e) * self.sigma)
        change = np.clip(self.sigma_rate * slope, -MOST * self.sigma, MOST * self.sigma)
        self.sigma = np.clip(self.sigma + change, max(self.sigma_floor, NARROWEST), WIDEST)


def rewards(fitness: np.ndarray) -> np.ndarray:
    """Fitness [P] over half its spread; infinite ones as the extreme finite ones; zeros if all is alike."""
    finite = fitness[np.isfinite(fitness)]
    if not finite.size:
        return np.zeros(fitness.size)
    usable = np.clip(fitness, finite.min(), finite.max())
    half = 0.5 * (0.5 * finite.max() - 0.5 * finite.min())
    return (0.5 * usable - 0.5 * finite.min()) / half - 1.0 if half > 0.0 else np.zeros(fitness.size)
