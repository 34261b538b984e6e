"""Evolution strategy of Salimans et al. (2017): one Gaussian of fixed width, followed by a gradient method.

    x = theta +- sigma e,   e ~ N(0, I), each used with both signs
    g = 1 / (P sigma) sum_i u_i e_i - decay theta,   theta <- theta + step(g)

u: the ranks, spread evenly from -0.5 to 0.5 (equal fitness shares); step: Adam, SGD with momentum, or ClipUp
(`evornn.search.core.optimizers`). theta is measured from the middle of the box, towards which the weight decay pulls.
"""

from __future__ import annotations

import math

import numpy as np

from evornn.errors import check_choice, check_range
from evornn.search.core.optimizers import OPTIMIZERS
from evornn.search.core.search import SpaceLike
from evornn.search.core.step_sizes import NARROWEST, WIDEST
from evornn.search.distribution.mirrored import MirroredSearch


class OpenAIES(MirroredSearch):
    """Evolution strategy with mirrored samples of fixed width and Adam (Salimans et al. 2017).

    `population` >= 2 (default 20); with an odd one the mean is evaluated, too. `sigma` (0 to 0.5) is the samples'
    width, as a fraction of each gene's range, and `sigma_decay` (0 to 1) what multiplies it each generation;
    `sigma_floor` (0 to sigma) is where that ends. `optimizer` "adam", "sgd" or "clipup" with `rate` (> 0, in ranges;
    default sigma / 3, sigma^2 and sigma sqrt(D) / 30), `rate_decay` (0 to 1) a generation, and `momentum` (0 to below
    1). `weight_decay` (>= 0) pulls towards the middle of the box. Samples beyond the bounds are mirrored. `start`: the
    first mean is the box's middle ("centre") or a genome as networks are drawn at first ("sample").

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never) it starts anew; `restarts` counts.
    """

    def __init__(
        self, space: SpaceLike, population: int = 20, seed: int = 0, *, sigma: float = 0.03, sigma_decay: float = 1.0,
        sigma_floor: float = 0.0, optimizer: str = "adam", rate: float | None = None, rate_decay: float = 1.0,
        momentum: float = 0.9, weight_decay: float = 0.0, start: str = "centre", restart_after: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population=population, seed=seed, sigma=sigma, sigma_floor=sigma_floor, start=start,
            restart_after=restart_after, sigma_decay=sigma_decay, optimizer=optimizer, rate=rate,
            rate_decay=rate_decay, momentum=momentum, weight_decay=weight_decay,
        )  # fmt: skip
        self.sigma_decay: float = check_range("sigma_decay", sigma_decay, 0.0, 1.0, open_low=True)
        self.rate_decay: float = check_range("rate_decay", rate_decay, 0.0, 1.0, open_low=True)
        self.weight_decay: float = check_range("weight_decay", weight_decay, 0.0)
        check_choice("optimizer", optimizer, OPTIMIZERS)
        first = self.first_sigma
        rates = {"adam": first / 3.0, "clipup": first * math.sqrt(self.dimension) / 30.0}
        self._choose_ascent(optimizer, rates.get(optimizer, first**2) if rate is None else rate, momentum)

    def _learn(self, mean: np.ndarray, points: np.ndarray, fitness: np.ndarray) -> None:
        difference, _, e = self.paired(self.ranks(fitness), points)
        uphill = (difference @ (e / self.sigma)) / (len(points) * self.sigma) - self.weight_decay * (mean - 0.5)
        mean += self.ascent.step(uphill, self.rate_decay**self.ascent.taken)
        self.sigma = np.clip(self.sigma * self.sigma_decay, max(self.sigma_floor, NARROWEST), WIDEST)
