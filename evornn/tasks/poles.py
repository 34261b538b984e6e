"""Poles hinged on one cart on a finite track (Wieland 1991), for any number of poles; CartPole and DoublePole fill in the numbers.

    a    = (F - mu_c sgn(v) + sum_i f_i) / (M + sum_i mt_i)
    f_i  = m_i l_i w_i^2 sin t_i + 3/4 m_i cos t_i (mu_p w_i / (m_i l_i) + g sin t_i)
    mt_i = m_i (1 - 3/4 cos^2 t_i)
    w_i' = -3/4 / l_i (a cos t_i + g sin t_i + mu_p w_i / (m_i l_i))

x, v: cart position m and velocity m/s; t_i, w_i: angle rad and velocity rad/s of pole i; l_i: half-lengths. Integrated by RK4 with
dt = 0.01 s, two sub-steps a control step. Protocols: Gomez, Schmidhuber & Miikkulainen (JMLR 9, 2008); damping fitness: Gruau (1996).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from evornn.errors import EvornnError, check_choice, check_range
from evornn.formula import State, clip, concat, cos, put, repeat, sign, sin, where
from evornn.formula import sum as total_of
from evornn.tasks.base import Stage, Task
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
BIAS = 0.5  # the constant input of the literature's networks
START_RANGES = (2.16, 1.35, 0.06283152, 0.15009752)  # +-x, v, t1, w1 of the 625 starts
START_FRACTIONS = (0.05, 0.25, 0.5, 0.75, 0.95)


class Poles(Task):
    """Base of the pole tasks: keep every pole upright and the cart on the track by pushing it.

    action: force / 10 N, cut off at +-1. velocities: whether the network sees them. bias_input: whether it also sees a constant 0.5.
    fitness: "steps" (control steps survived) or "damping" (Gruau 1996: rewards staying still); default steps with velocities, else
    damping. steps: control steps (0.02 s) of an episode; default 100,000 for "steps", 1,000 for "damping".
    friction: mu_c of the cart. start_angle: of the first pole, rad; all else starts at 0.

    One episode is the standard start; further ones are drawn uniformly from the ranges of the 625 generalisation starts.
    """

    POLES: ClassVar[tuple[tuple[float, float], ...]] = ()  # (mass kg, half-length m) of each
    PUBLISHED: ClassVar[Mapping[tuple[bool, str], Mapping[str, float]]] = {}  # (velocities, fitness) -> method -> mean evaluations
    tolerance: ClassVar[float] = 1e-4

    def __init__(
        self, velocities: bool = True, fitness: str | None = None, steps: int | None = None, friction: float = 0.0,
        start_angle: float = 0.07, bias_input: bool = False,
    ) -> None:  # fmt: skip
        self.velocities, self.bias_input = bool(velocities), bool(bias_input)
        self.fitness = check_choice("fitness", fitness or ("steps" if velocities else "damping"), ["steps", "damping"])
        default = BALANCE_STEPS if self.fitness == "steps" else 1000
        self.steps = check_range("steps", default if steps is None else steps, 1, integer=True)
        self.friction = check_range("friction", friction, 0)
        self.start_angle = check_range("start_angle", start_angle, -MAX_ANGLE, MAX_ANGLE)
        if self.fitness == "damping" and self.steps < WINDOW:
            raise EvornnError(f"steps is {self.steps}; the damping fitness sums over {WINDOW} steps, so at least {WINDOW} are needed")
        self.published = self.PUBLISHED.get((self.velocities, self.fitness), {})
        self.observations = (1 + len(self.POLES)) * (2 if velocities else 1) + self.bias_input

    # episodes ---------------------------------------------------------------------------------------------------------------
    def scenarios(self, n: int, seed: int) -> np.ndarray:
        """[n, 4]: x, v, t1, w1 at the start; the first is the standard start."""
        starts = np.random.default_rng(seed).uniform(-1.0, 1.0, (n, 4)) * START_RANGES
        starts[:1] = (0.0, 0.0, self.start_angle, 0.0)
        return starts

    def start(self, scenario: Any) -> State:
        """Cart and first pole from the scenario, other poles upright and still."""
        names = ["x", "v", *(f"{k}{i + 1}" for i in range(len(self.POLES)) for k in "tw")]
        fields: dict[str, Any] = dict.fromkeys(names, 0.0) | {name: scenario[i] for i, name in enumerate(names[:4])}
        if self.fitness == "damping":
            fields["recent"] = np.zeros(WINDOW)
        return State(**fields)

    def champion_test(self) -> list[Stage]:
        """100,000 steps from the standard start; under damping fitness also 1,000 steps from at least 200 of 625 starts."""
        stages = [Stage("balances 100,000 steps", self.scenarios(1, 0), BALANCE_STEPS, 1)]
        if self.fitness == "damping":
            ends = [[(2 * f - 1) * span for f in START_FRACTIONS] for span in START_RANGES]
            stages.append(Stage("balances 1,000 steps from 625 starts", np.array(list(itertools.product(*ends))), 1000, 200))
        return stages

    def worth_testing(self, fitness: float) -> bool:
        """Whether the network can have survived its whole episode."""
        survived = self.steps if self.fitness == "steps" else 0.1
        return bool(fitness >= survived * (1 - 1e-6))

    # formulas ---------------------------------------------------------------------------------------------------------------
    def observe(self, s: Any) -> Any:
        """Cart, then poles, scaled: x / 4.8, t / 0.52, velocities / 2."""
        seen = []
        for position, velocity, scale in [("x", "v", 4.8), *((f"t{i + 1}", f"w{i + 1}", 0.52) for i in range(len(self.POLES)))]:
            seen.append(getattr(s, position) * (1 / scale))
            seen += [getattr(s, velocity) * 0.5] if self.velocities else []
        return concat(*seen, *([BIAS] if self.bias_input else []))

    def derivative(self, s: Any, force: Any) -> State:
        """Time derivatives of x, v, t_i, w_i under `force` N."""
        push, mass, poles = force, CART_MASS, []
        if self.friction:
            push = push - self.friction * sign(s.v)
        for i, (m, l) in enumerate(self.POLES):
            t, w = getattr(s, f"t{i + 1}"), getattr(s, f"w{i + 1}")
            sine, cosine = sin(t), cos(t)
            pull = (POLE_FRICTION / (m * l)) * w + GRAVITY * sine
            push = push + m * l * (w * w * sine) + 0.75 * m * (cosine * pull)
            mass = mass + m * (1.0 - 0.75 * (cosine * cosine))
            poles.append((w, cosine, pull, l))
        a = push / mass
        slopes = {f"t{i + 1}": w for i, (w, *_) in enumerate(poles)}
        slopes |= {f"w{i + 1}": (-0.75 / l) * (a * cosine + pull) for i, (_, cosine, pull, l) in enumerate(poles)}
        return State(x=s.v, v=a, **{k + str(i + 1): slopes[k + str(i + 1)] for i in range(len(self.POLES)) for k in "tw"})

    def substep(self, s: Any, force: Any) -> State:
        """One integration step of 0.01 s."""
        return rk4(self.derivative, s, DT, force)

    def step(self, s: Any, action: Any, t: Any) -> State:
        """One control step of 0.02 s under the force 10 N * action."""
        moving = State(**{k: value for k, value in s.items() if k != "recent"})
        moved = repeat(SUBSTEPS, self.substep, moving, MAX_FORCE * clip(action[0], -1.0, 1.0))
        if self.fitness != "damping":
            return moved
        motion = abs(moved.x) + abs(moved.v) + abs(moved.t1) + abs(moved.w1)
        motion = where(self.failed(moved), s.recent[t % WINDOW], motion)  # the window holds survived steps only
        return State(**dict(moved.items()), recent=put(s.recent, t % WINDOW, motion))

    def failed(self, s: Any) -> Any:
        """The cart has left the track or a pole has fallen; NaN counts as failed."""
        fine = abs(s.x) < TRACK
        for i in range(len(self.POLES)):
            fine = fine & (abs(getattr(s, f"t{i + 1}")) < MAX_ANGLE)
        return ~fine

    def reward(self, s: Any, action: Any, after: Any, t: Any) -> Any:
        """1 for every step survived."""
        return where(self.failed(after), 0.0, 1.0)

    def score(self, s: Any, total: Any, steps: Any) -> Any:
        """Steps survived, or 0.1 t / steps + 0.9 f2 with f2 = 0.75 / (motion over the last 100 steps), 0 before step 100."""
        if self.fitness == "steps":
            return total
        still = where(total >= WINDOW, 0.75 / total_of(s.recent), 0.0)
        return (0.1 / self.steps) * total + 0.9 * still
