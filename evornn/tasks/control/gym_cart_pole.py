"""Gymnasium's CartPole-v1: the cart-pole of Barto, Sutton & Anderson (1983), pushed left or right; Euler steps.

temp = (F + m l w^2 sin t) / (M + m)
w'   = (g sin t - cos t temp) / (l (4/3 - m cos^2 t / (M + m)))
v'   = temp - m l w' cos t / (M + m)
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from evornn.formula import Node, State, concat, cos, sin, where
from evornn.options import whole
from evornn.tasks.base import MOST_STEPS, Task

GRAVITY = 9.8  # m s^-2
CART_MASS = 1.0  # kg
POLE_MASS = 0.1  # kg
HALF_LENGTH = 0.5  # m
FORCE = 10.0  # N
DT = 0.02  # s
TRACK = 2.4  # m
MAX_ANGLE = 12 * 2 * math.pi / 360  # rad
TOTAL_MASS = CART_MASS + POLE_MASS
MASS_LENGTH = POLE_MASS * HALF_LENGTH


class GymCartPole(Task):
    """Gymnasium's CartPole-v1: keep a pole up by pushing its cart left or right (Barto, Sutton & Anderson 1983).

    action: pushes right if above 0, else left. Reward 1 a step, the failing one included.
    """

    steps: int = whole("control steps of an episode", default=500, low=1, high=MOST_STEPS)
    observations = 4
    smooth = False
    tolerance: ClassVar[float] = 1e-4

    def derive(self) -> None:
        """Gymnasium's threshold."""
        self.solved_fitness = 0.95 * self.steps  # 475 of 500

    def scenarios(self, n: int, seed: int) -> np.ndarray:
        """[n, 4]: x, v, angle, angular velocity, uniform in +-0.05."""
        return np.random.default_rng(seed).uniform(-0.05, 0.05, (n, 4))

    def start(self, scenario: Node) -> State:
        """x, v, t, w from the scenario."""
        return State(x=scenario[0], v=scenario[1], t=scenario[2], w=scenario[3])

    def observe(self, s: State) -> Node:
        """The state as it is."""
        return concat(s.x, s.v, s.t, s.w)

    def step(self, s: State, action: Node, t: Node) -> State:
        """One Euler step of 0.02 s under +-10 N."""
        force = where(action[0] > 0.0, FORCE, -FORCE)
        cosine, sine = cos(s.t), sin(s.t)
        temp = (force + MASS_LENGTH * (s.w * s.w) * sine) / TOTAL_MASS
        dw = (GRAVITY * sine - cosine * temp) / (HALF_LENGTH * (4 / 3 - POLE_MASS * (cosine * cosine) / TOTAL_MASS))
        dv = temp - MASS_LENGTH * dw * cosine / TOTAL_MASS
        return State(x=s.x + DT * s.v, v=s.v + DT * dv, t=s.t + DT * s.w, w=s.w + DT * dw)

    def failed(self, s: State) -> Node | bool:
        """The cart has left the track or the pole leans more than 12 degrees; NaN counts as failed."""
        return ~((abs(s.x) <= TRACK) & (abs(s.t) <= MAX_ANGLE))

    def reward(self, s: State, action: Node, after: State, t: Node) -> Node | float:
        """1."""
        return 1.0
