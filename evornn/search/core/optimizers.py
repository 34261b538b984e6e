"""Optimizers: steps uphill along an estimated gradient, for searches and trainers: momentum, Adam, ClipUp.

    momentum  v <- mu v + g,                          step = rate v (Polyak 1964); Nesterov's form: rate (g + mu v)
    Adam      m <- b1 m + (1 - b1) g,  s <- b2 s + (1 - b2) g^2,
              step = rate (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + epsilon)      (Kingma & Ba 2015, algorithm 1)
    ClipUp    v <- mu v + rate g / |g|, cut to the length `fastest`,  step = v     (Toklu et al. 2020, algorithm 1)

t counts the steps, the present one included.
"""

from __future__ import annotations

import numpy as np

from evornn.errors import check_choice


def momentum_direction(velocity: np.ndarray, uphill: np.ndarray, momentum: float, nesterov: bool) -> np.ndarray:
    """Momentum's step for a rate of 1; `velocity` is changed in place."""
    velocity *= momentum
    velocity += uphill
    return uphill + momentum * velocity if nesterov else velocity


def adam_direction(
    memory: np.ndarray, uphill: np.ndarray, taken: np.ndarray | int, beta1: float, beta2: float, epsilon: float
) -> np.ndarray:
    """Adam's step for a rate of 1; memory [2, ...], running means of gradient and square, is changed in place."""
    mean, mean_square = memory
    mean *= beta1
    mean += (1.0 - beta1) * uphill
    mean_square *= beta2
    mean_square += (1.0 - beta2) * np.square(uphill)
    unbiased = np.sqrt(mean_square / (1.0 - beta2**taken)) + epsilon
    return mean / (1.0 - beta1**taken) / unbiased


def clipup_step(velocity: np.ndarray, uphill: np.ndarray, rate: float, momentum: float, fastest: float) -> np.ndarray:
    """ClipUp's step [D]; `velocity` [D] is changed in place. No gradient, no push."""
    length = float(np.linalg.norm(uphill))
    velocity *= momentum
    if length > 0.0:
        velocity += (rate / length) * uphill
    speed = float(np.linalg.norm(velocity))
    if speed > fastest:
        velocity *= fastest / speed
    return velocity


OPTIMIZERS = ("clipup", "adam", "sgd")


class Optimizer:
    """One of `OPTIMIZERS` with its memory [2, D] and count of steps, for a point [D]."""

    def __init__(self, name: str, rate: float, momentum: float, dimension: int) -> None:
        self.name: str = check_choice("optimizer", name, OPTIMIZERS)
        self.rate, self.momentum = rate, momentum
        self.memory, self.taken = np.zeros((2, dimension)), 0

    def step(self, uphill: np.ndarray, share: float = 1.0) -> np.ndarray:
        """What to add to the point, given the gradient [D]; `share` scales the rate."""
        self.taken += 1
        rate = share * self.rate
        if self.name == "adam":
            return rate * adam_direction(self.memory, uphill, self.taken, self.momentum, 0.999, 1e-8)
        if self.name == "sgd":
            return rate * momentum_direction(self.memory[0], uphill, self.momentum, False)
        return clipup_step(self.memory[0], uphill, rate, self.momentum, 2.0 * rate).copy()
