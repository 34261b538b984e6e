"""Poles hinged on one cart on a finite track (Wieland 1991); CartPole and DoublePole fill in their numbers.

    a    = (F - mu_c sgn(v) + sum_i f_i) / (M + sum_i mt_i)
    f_i  = m_i l_i w_i^2 sin t_i + 3/4 m_i cos t_i (mu_p w_i / (m_i l_i) + g sin t_i)
    mt_i = m_i (1 - 3/4 cos^2 t_i)
    w_i' = -3/4 / l_i (a cos t_i + g sin t_i + mu_p w_i / (m_i l_i))

x, v: cart position m and velocity m/s; t_i, w_i: angle rad and velocity rad/s of pole i; l_i: half-lengths m.
Integrated by RK4 with dt = 0.01 s, two sub-steps a control step. Protocols: Gomez, Schmidhuber & Miikkulainen (2008);
damping fitness: Gruau (1996).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import Node, State, clip, concat, cos, put, repeat, sign, sin, where
from evornn.formula import sum as total_of
from evornn.options import choice, flag, number, whole
from evornn.tasks.base import MOST_STEPS, Stage, Task
from evornn.tasks.integrate import rk4

GRAVITY = -9.8  # m s^-2, negative in this sign convention
CART_MASS = 1.0  # kg
POLE_FRICTION = 2e-6  # mu_p, kg m^2 s^-1, at the hinges
MAX_FORCE = 10.0  # N
DT = 0.01  # s, an integration step
SUBSTEPS = 2  # integration steps a control step
TRACK = 2.4  # m, half the track
MAX_ANGLE = 0.628329  # rad, 36 degrees
WINDOW = 100  # steps over which the damping fitness sums
BALANCE_STEPS = 100_000  # what counts as solved
START_ANGLE = 0.07  # rad, of the first pole
BIAS = 0.5  # the constant input of the literature's networks
START_RANGES = (2.16, 1.35, 0.06283152, 0.15009752)  # +-x, v, t1, w1 of the 625 starts
START_FRACTIONS = (0.05, 0.25, 0.5, 0.75, 0.95)


def record(x: Node, v: Node, poles: Sequence[tuple[Node | float, Node | float]]) -> State:
    """State(x, v, t1, w1, t2, w2, ...)."""
    fields = {f"{name}{i}": value for i, pole in enumerate(poles, 1) for name, value in zip("tw", pole, strict=True)}
    return State(x=x, v=v, **fields)


class Poles(Task):
    """Base of the pole tasks: keep every pole upright and the cart on the track by pushing it.

    action: force / 10 N, cut off at +-1. fitness: "steps" (control steps survived) or "damping" (Gruau 1996: rewards
    staying still); default: "steps" with velocities, else "damping". All but the first pole starts at 0.

    The first episode has the standard start; further ones draw theirs from the ranges of the champion test.
    """

    POLES: ClassVar[tuple[tuple[float, float], ...]] = ()  # (mass kg, half-length m) of each
    PUBLISHED: ClassVar[Mapping[tuple[bool, str], Mapping[str, float]]] = {}  # (velocities, fitness)
    tolerance: ClassVar[float] = 1e-4

    velocities: bool = flag("the network sees velocities", default=True)
    fitness: str | None = choice(
        "what is rewarded; None: steps with velocities, else damping", ["steps", "damping"], default=None
    )
    steps: Any = whole(
        "control steps (0.02 s); None: 100,000, 1,000 under damping", default=None, low=1, high=MOST_STEPS
    )
    friction: float = number("mu_c of the cart", default=0.0, low=0)
    start_angle: float = number("of the first pole, rad", default=START_ANGLE, low=-MAX_ANGLE, high=MAX_ANGLE)
    bias_input: bool = flag("the network also sees a constant 0.5", default=False)

    def derive(self) -> None:
        """What is rewarded for how long, what published results are of, and what the network sees."""
        if self.fitness is None:
            self.fitness = "steps" if self.velocities else "damping"
        self.smooth = self.fitness == "damping"  # steps survived are counted, not measured
        default = BALANCE_STEPS if self.fitness == "steps" else 1000
        self.steps = default if self.steps is None else self.steps
        if self.fitness == "damping" and self.steps < WINDOW:
            raise EvornnError(
                f"steps is {self.steps}; the damping fitness sums over {WINDOW} steps, so at least {WINDOW} are needed"
            )
        if (self.steps, self.friction, self.start_angle) == (default, 0.0, START_ANGLE):  # else another task
            self.published = self.PUBLISHED.get((self.velocities, self.fitness), {})
        self.observations = (1 + len(self.POLES)) * (2 if self.velocities else 1) + self.bias_input

    @classmethod
    def example(cls) -> Self:
        """Without velocities: with the buffer of the damping fitness, which has gradients."""
        return cls(velocities=False)

    # episodes --------------------------------------------------------------------------------------------------------
    def scenarios(self, n: int, seed: int) -> np.ndarray:
        """[n, 4]: x, v, t1, w1 at the start; the first is the standard start."""
        starts = np.random.default_rng(seed).uniform(-1.0, 1.0, (n, 4)) * START_RANGES
        starts[:1] = (0.0, 0.0, self.start_angle, 0.0)
        return starts

    def start(self, scenario: Node) -> State:
        """Cart and first pole from the scenario, other poles upright and still."""
        x, v, t1, w1 = (scenario[i] for i in range(4))
        s = record(x, v, [(t1, w1)] + [(0.0, 0.0)] * (len(self.POLES) - 1))
        return State(**dict(s.items()), recent=np.zeros(WINDOW)) if self.fitness == "damping" else s

    def champion_test(self) -> list[Stage]:
        """100,000 steps from the standard start; under damping also 1,000 steps from at least 200 of 625 starts."""
        stages = [Stage("balances 100,000 steps", self.scenarios(1, 0), BALANCE_STEPS, 1)]
        if self.fitness == "damping":
            grid = itertools.product(*([(2 * f - 1) * span for f in START_FRACTIONS] for span in START_RANGES))
            stages.append(Stage("balances 1,000 steps from 625 starts", np.array(list(grid)), 1000, 200))
        return stages

    def worth_testing(self, fitness: float) -> bool:
        """Whether the network can have survived its episodes."""
        survived = self.steps if self.fitness == "steps" else 0.1
        return bool(fitness >= survived * (1 - 1e-6))

    # formulas --------------------------------------------------------------------------------------------------------
    def poles(self, s: State) -> list[tuple[Node, Node]]:
        """(angle, velocity) of each pole."""
        return [(getattr(s, f"t{i}"), getattr(s, f"w{i}")) for i in range(1, len(self.POLES) + 1)]

    def observe(self, s: State) -> Node:
        """Cart, then poles, scaled: x / 4.8, t / 0.52, velocities / 2."""
        pairs = [(s.x * (1 / 4.8), s.v), *((t * (1 / 0.52), w) for t, w in self.poles(s))]
        seen = [value for place, speed in pairs for value in ((place, speed * 0.5) if self.velocities else (place,))]
        return concat(*seen, *([BIAS] if self.bias_input else []))

    def derivative(self, s: State, force: Node) -> State:
        """Time derivatives of x, v, t_i, w_i under `force` N."""
        push, poles = force, []
        mass: Node | float = CART_MASS + sum(m for m, _ in self.POLES)
        if self.friction:
            push = push - self.friction * sign(s.v)
        for (m, l), (t, w) in zip(self.POLES, self.poles(s), strict=True):
            sine, cosine = sin(t), cos(t)
            pull = (POLE_FRICTION / (m * l)) * w + GRAVITY * sine
            push = push + m * l * (w * w * sine) + (0.75 * m) * (cosine * pull)
            mass = mass - (0.75 * m) * (cosine * cosine)
            poles.append((w, cosine, pull, l))
        a = push / mass
        return record(s.v, a, [(w, (-0.75 / l) * (a * cosine + pull)) for w, cosine, pull, l in poles])

    def substep(self, s: State, force: Node) -> State:
        """One integration step of 0.01 s."""
        return rk4(self.derivative, s, DT, force)

    def step(self, s: State, action: Node, t: Node) -> State:
        """One control step of 0.02 s under the force 10 N * action."""
        force = MAX_FORCE * clip(action[0], -1.0, 1.0)
        moved = repeat(SUBSTEPS, self.substep, record(s.x, s.v, self.poles(s)), force)
        if self.fitness != "damping":
            return moved
        motion = abs(moved.x) + abs(moved.v) + abs(moved.t1) + abs(moved.w1)
        motion = where(self.failed(moved), s.recent[t % WINDOW], motion)  # the window holds survived steps only
        return State(**dict(moved.items()), recent=put(s.recent, t % WINDOW, motion))

    def failed(self, s: State) -> Node | bool:
        """The cart has left the track or a pole has fallen; NaN counts as failed."""
        fine = abs(s.x) < TRACK
        for t, _ in self.poles(s):
            fine = fine & (abs(t) < MAX_ANGLE)
        return ~fine

    def reward(self, s: State, action: Node, after: State, t: Node) -> Node | float:
        """1 for every step survived."""
        return where(self.failed(after), 0.0, 1.0)

    def score(self, s: State, total: Node, steps: Node) -> Node:
        """Steps survived t, or 0.1 t / steps + 0.9 f2, f2 = 0.75 / (motion over the last 100 steps), 0 if t < 100."""
        if self.fitness == "steps":
            return total
        still = where(total >= WINDOW, 0.75 / total_of(s.recent), 0.0)
        return (0.1 / self.steps) * total + 0.9 * still
