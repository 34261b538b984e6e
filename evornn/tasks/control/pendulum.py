"""Gymnasium's Pendulum-v1: swing a pendulum up with a torque too weak to lift it, and hold it.

w' = w + (3 g / (2 l) sin t + 3 / (m l^2) u) dt, limited to +-8;   t' = t + w' dt      (t = 0 is upright)
"""

from __future__ import annotations

import math

import numpy as np

from evornn.formula import Node, State, clip, concat, cos, floor, sin
from evornn.options import whole
from evornn.tasks.base import MOST_STEPS, Task

GRAVITY, MASS, LENGTH = 10.0, 1.0, 1.0
MAX_TORQUE, MAX_SPEED = 2.0, 8.0
DT = 0.05  # s


def wrapped(angle: Node) -> Node:
    """The angle in [-pi, pi)."""
    return angle - 2 * math.pi * floor((angle + math.pi) * (0.5 / math.pi))


class Pendulum(Task):
    """Gymnasium's Pendulum-v1: swing up and hold a pendulum with a weak torque.

    action: torque / 2 N m, cut off at +-1. Reward -(angle^2 + 0.1 velocity^2 + 0.001 torque^2) a step; episodes do not
    fail.
    """

    steps: int = whole("control steps of an episode", default=200, low=1, high=MOST_STEPS)
    observations = 3

    def scenarios(self, n: int, seed: int) -> np.ndarray:
        """[n, 2]: angle uniform in +-pi, velocity uniform in +-1."""
        return np.random.default_rng(seed).uniform(-1.0, 1.0, (n, 2)) * (math.pi, 1.0)

    def start(self, scenario: Node) -> State:
        """Angle t and velocity w from the scenario."""
        return State(t=scenario[0], w=scenario[1])

    def observe(self, s: State) -> Node:
        """cos t, sin t, w."""
        return concat(cos(s.t), sin(s.t), s.w)

    def step(self, s: State, action: Node, t: Node) -> State:
        """One semi-implicit Euler step of 0.05 s."""
        torque = MAX_TORQUE * clip(action[0], -1.0, 1.0)
        push = (1.5 * GRAVITY / LENGTH) * sin(s.t) + (3.0 / (MASS * LENGTH**2)) * torque
        w = clip(s.w + push * DT, -MAX_SPEED, MAX_SPEED)
        return State(t=s.t + w * DT, w=w)

    def reward(self, s: State, action: Node, after: State, t: Node) -> Node | float:
        """The cost of the state before the step and of its torque, negative."""
        torque = MAX_TORQUE * clip(action[0], -1.0, 1.0)
        angle = wrapped(s.t)
        return -(angle * angle + 0.1 * (s.w * s.w) + 0.001 * (torque * torque))
