"""Evolution strategy of Salimans et al. (2017): one Gaussian of fixed width, followed by a gradient method.

    x = theta +- sigma e,   e ~ N(0, I), each used with both signs
    g = 1 / (P sigma) sum_i u_i e_i - decay theta,   theta <- theta + step(g)

u: the ranks, spread evenly from -0.5 to 0.5 (equal fitness shares); step: Adam, SGD with momentum, or ClipUp
(`evornn.search.core.optimizers`). theta is measured from the middle of the box, towards which the weight decay pulls.
"""

from __future__ import annotations

import math

import numpy as np

from evornn.options import number
from evornn.search.core.step_sizes import NARROWEST, WIDEST
from evornn.search.distribution.mirrored import MirroredSearch


class OpenAIES(MirroredSearch):
    """Evolution strategy with mirrored samples of fixed width and Adam (Salimans et al. 2017).

    With an odd population the mean is evaluated, too. `sigma` is the samples' width. `rate` is by default sigma / 3 of
    "adam", sigma^2 of "sgd", and sigma sqrt(D) / 30 of "clipup". Samples beyond the bounds are mirrored.

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never) it starts anew; `restarts` counts.
    """

    first_sigma = 0.03
    sigma_decay: float = number("what multiplies sigma each generation", default=1.0, low=0, high=1, open_low=True)
    rate_decay: float = number("what multiplies the rate each generation", default=1.0, low=0, high=1, open_low=True)
    weight_decay: float = number("pull towards the middle of the box", default=0.0, low=0)

    def _usual(self) -> tuple[float, float]:
        first = self.first_sigma
        rates = {"adam": first / 3.0, "clipup": first * math.sqrt(self.dimension) / 30.0, "sgd": first**2}
        return rates[self.optimizer], 0.9

    def _learn(self, mean: np.ndarray, points: np.ndarray, fitness: np.ndarray) -> None:
        difference, _, e = self.paired(self.ranks(fitness), points)
        uphill = (difference @ (e / self.sigma)) / (len(points) * self.sigma) - self.weight_decay * (mean - 0.5)
        mean += self.step_rule.step(uphill, self.rate_decay**self.step_rule.taken)
        self.sigma = np.clip(self.sigma * self.sigma_decay, max(self.sigma_floor, NARROWEST), WIDEST)
