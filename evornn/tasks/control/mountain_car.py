"""Gymnasium's MountainCarContinuous-v0 (Moore 1990): an underpowered car must swing back and forth to climb a hill.

    v' = v + 0.0015 F - 0.0025 cos 3x, limited to +-0.07;   x' = x + v', limited to [-1.2, 0.6]

Gymnasium rounds this state to float32 at every step; here it keeps the kernel's precision.
"""

from __future__ import annotations

import numpy as np

from evornn.formula import Node, State, clip, concat, cos, where
from evornn.options import whole
from evornn.tasks.base import MOST_STEPS, Task

POWER, SLOPE = 0.0015, 0.0025
LEFT, RIGHT, GOAL = -1.2, 0.6, 0.45
MAX_SPEED = 0.07


class MountainCar(Task):
    """Gymnasium's MountainCarContinuous-v0: reach the hilltop with little force (Moore 1990).

    action: force, cut off at +-1. Reward -0.1 action^2 a step and 100 at the goal, which ends the episode without
    failure.
    """

    steps: int = whole("control steps of an episode", default=999, low=1, high=MOST_STEPS)
    observations = 2
    solved_fitness = 90.0  # Gymnasium's threshold
    smooth = False

    def scenarios(self, n: int, seed: int) -> np.ndarray:
        """[n, 1]: position, uniform in [-0.6, -0.4]."""
        return np.random.default_rng(seed).uniform(-0.6, -0.4, (n, 1))

    def start(self, scenario: Node) -> State:
        """At rest at the scenario's position."""
        return State(x=scenario[0], v=0.0)

    def observe(self, s: State) -> Node:
        """Position and velocity as they are."""
        return concat(s.x, s.v)

    def step(self, s: State, action: Node, t: Node) -> State:
        """One step; the left wall stops the car."""
        v = clip(s.v + POWER * clip(action[0], -1.0, 1.0) - SLOPE * cos(3.0 * s.x), -MAX_SPEED, MAX_SPEED)
        x = clip(s.x + v, LEFT, RIGHT)
        return State(x=x, v=where((x <= LEFT) & (v < 0.0), 0.0, v))

    def finished(self, s: State) -> Node | bool:
        """At the goal, not rolling back."""
        return (s.x >= GOAL) & (s.v >= 0.0)

    def reward(self, s: State, action: Node, after: State, t: Node) -> Node | float:
        """100 at the goal, less 0.1 action^2."""
        return where(self.finished(after), 100.0, 0.0) - 0.1 * (action[0] * action[0])
