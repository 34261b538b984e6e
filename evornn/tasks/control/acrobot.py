"""Gymnasium's Acrobot-v1 (Sutton 1996; equations of Sutton & Barto's book): a two-link arm driven at its middle joint.

    d1   = m1 lc1^2 + m2 (l1^2 + lc2^2 + 2 l1 lc2 cos t2) + 2 I
    d2   = m2 (lc2^2 + l1 lc2 cos t2) + I
    phi2 = m2 lc2 g cos(t1 + t2 - pi/2)
    phi1 = -m2 l1 lc2 w2 (w2 + 2 w1) sin t2 + (m1 lc1 + m2 l1) g cos(t1 - pi/2) + phi2
    w2'  = (u + d2/d1 phi1 - m2 l1 lc2 w1^2 sin t2 - phi2) / (m2 lc2^2 + I - d2^2/d1)
    w1'  = -(d2 w2' + phi1) / d1

with both links 1 kg, 1 m, centre lc at 0.5 m, moment of inertia I = 1; t1 = 0 hangs down; t2 is relative to link 1.
"""

from __future__ import annotations

import math

import numpy as np

from evornn.formula import Node, State, clip, concat, cos, sin, where
from evornn.options import whole
from evornn.tasks.base import MOST_STEPS, Task
from evornn.tasks.control.pendulum import wrapped
from evornn.tasks.integrate import rk4

GRAVITY = 9.8  # m s^-2
CENTRE = 0.5  # m, of each link's mass
INERTIA = 1.0
MAX_SPEEDS = (4 * math.pi, 9 * math.pi)  # rad s^-1
DT = 0.2  # s


class Acrobot(Task):
    """Gymnasium's Acrobot-v1: swing the tip of a two-link arm above a line with torques -1, 0 or 1 (Sutton 1996).

    action: torque 1 if above 1/3, -1 if below -1/3, else 0. Reward -1 a step, 0 for the one that reaches the line and
    so ends the episode without failure.
    """

    steps: int = whole("control steps of an episode", default=500, low=1, high=MOST_STEPS)
    observations = 6
    solved_fitness = -100.0  # Gymnasium's threshold
    smooth = False

    def scenarios(self, n: int, seed: int) -> np.ndarray:
        """[n, 4]: both angles and both velocities, uniform in +-0.1."""
        return np.random.default_rng(seed).uniform(-0.1, 0.1, (n, 4))

    def start(self, scenario: Node) -> State:
        """Angles t1, t2 and velocities w1, w2 from the scenario."""
        return State(t1=scenario[0], t2=scenario[1], w1=scenario[2], w2=scenario[3])

    def observe(self, s: State) -> Node:
        """cos t1, sin t1, cos t2, sin t2, w1, w2."""
        return concat(cos(s.t1), sin(s.t1), cos(s.t2), sin(s.t2), s.w1, s.w2)

    def derivative(self, s: State, torque: Node) -> State:
        """Time derivatives under a torque; cos(a - pi/2) is sin a."""
        cosine, sine = cos(s.t2), sin(s.t2)
        d1 = CENTRE**2 + (1.0 + CENTRE**2 + 2 * CENTRE * cosine) + 2 * INERTIA
        d2 = CENTRE**2 + CENTRE * cosine + INERTIA
        phi2 = CENTRE * GRAVITY * sin(s.t1 + s.t2)
        phi1 = -CENTRE * s.w2 * (s.w2 + 2.0 * s.w1) * sine + (CENTRE + 1.0) * GRAVITY * sin(s.t1) + phi2
        ratio = d2 / d1
        dw2 = (torque + ratio * phi1 - CENTRE * (s.w1 * s.w1) * sine - phi2) / (CENTRE**2 + INERTIA - d2 * ratio)
        return State(t1=s.w1, t2=s.w2, w1=-(d2 * dw2 + phi1) / d1, w2=dw2)

    def step(self, s: State, action: Node, t: Node) -> State:
        """One Runge-Kutta step of 0.2 s; angles are wrapped, velocities limited."""
        torque = where(action[0] > 1 / 3, 1.0, where(action[0] < -1 / 3, -1.0, 0.0))
        n = rk4(self.derivative, s, DT, torque)
        first, second = MAX_SPEEDS
        return State(t1=wrapped(n.t1), t2=wrapped(n.t2), w1=clip(n.w1, -first, first), w2=clip(n.w2, -second, second))

    def finished(self, s: State) -> Node | bool:
        """The tip is above the line, one link's length over the joint."""
        return -cos(s.t1) - cos(s.t1 + s.t2) > 1.0

    def reward(self, s: State, action: Node, after: State, t: Node) -> Node | float:
        """-1 until the goal."""
        return where(self.finished(after), 0.0, -1.0)
