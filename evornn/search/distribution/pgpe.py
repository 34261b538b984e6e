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

from evornn.errors import check_choice, check_range
from evornn.search.core.optimizers import OPTIMIZERS
from evornn.search.core.search import SpaceLike
from evornn.search.core.step_sizes import NARROWEST, WIDEST
from evornn.search.distribution.base import FASTEST
from evornn.search.distribution.mirrored import MirroredSearch

SHAPINGS = ("ranks", "rewards")
MOST = 0.2  # largest relative change of sigma in a generation


class PGPE(MirroredSearch):
    """Policy gradients with parameter-based exploration: mirrored samples, widths that learn (Sehnke et al. 2010).

    `population` >= 2 (default 20); with an odd one the mean is evaluated, too. `sigma` (0 to 0.5) is the samples' first
    width, as a fraction of each gene's range; `sigma_rate` (>= 0) is how fast each gene's learns, `sigma_floor` (0 to
    sigma) the least. `shaping` "ranks" or "rewards" as above. `optimizer` "clipup", "adam" or "sgd" with `rate` (> 0,
    in ranges; default sigma sqrt(D) / 30 for ClipUp, sigma / 3 for Adam, 1 for plain steps) and `momentum` (0 to below
    1; default 0.9, plain steps 0). Samples beyond the bounds are mirrored. `start`: the first mean is the box's middle
    ("centre") or a genome as networks are drawn at first ("sample").

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never), and when samples no longer differ, it starts anew; `restarts` counts.
    """

    def __init__(
        self, space: SpaceLike, population: int = 20, seed: int = 0, *, sigma: float = 0.05, sigma_rate: float = 0.1,
        sigma_floor: float = 0.0, shaping: str = "ranks", optimizer: str = "clipup", rate: float | None = None,
        momentum: float | None = None, start: str = "centre", restart_after: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population=population, seed=seed, sigma=sigma, sigma_floor=sigma_floor, start=start,
            restart_after=restart_after, sigma_rate=sigma_rate, shaping=shaping, optimizer=optimizer, rate=rate,
            momentum=momentum,
        )  # fmt: skip
        self.sigma_rate: float = check_range("sigma_rate", sigma_rate, 0.0, FASTEST)
        self.shaping: str = check_choice("shaping", shaping, SHAPINGS)
        check_choice("optimizer", optimizer, OPTIMIZERS)
        first = self.first_sigma
        rates = {"clipup": first * math.sqrt(self.dimension) / 30.0, "adam": first / 3.0, "sgd": 1.0}
        plain = 0.0 if optimizer == "sgd" else 0.9
        default = rates.get(optimizer, 1.0)
        self._choose_ascent(optimizer, default if rate is None else rate, plain if momentum is None else momentum)

    def _learn(self, mean: np.ndarray, points: np.ndarray, fitness: np.ndarray) -> None:
        r = self.ranks(fitness) if self.shaping == "ranks" else rewards(fitness)
        difference, middle, e = self.paired(r, points)
        mean += self.ascent.step((difference @ e) / (2 * len(e)))
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
