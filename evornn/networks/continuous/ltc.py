"""Liquid time-constant network (Hasani, Lechner, Amini, Rus & Grosu 2021).

    dh/dt = -(1/tau + f) h + f A,    f = s(W x + U h + b), s the logistic function
    y = g(V h + c)

f changes a unit's time constant, tau / (1 + tau f), and pulls it to A. The paper's fused solver, half implicit, holds f
and x for a step of dt and is stable for any dt (its algorithm 1):

    h' = (h + dt f A) / (1 + dt (1/tau + f))

so h stays between 0 and A once it is there (its theorem 2). `substeps` of these make a control step.
"""

from __future__ import annotations

import math
from typing import Any

from evornn.formula import Node, State, repeat, sigmoid
from evornn.genome import Parameter
from evornn.networks.continuous.ctrnn import time_constants
from evornn.networks.units import Shapes, Units
from evornn.options import number, other, whole


class LTC(Units):
    """Liquid time-constant network: inputs and units change the units' time constants (Hasani et al. 2021).

    Further options as for `Units`.
    """

    tau: tuple[float, float] = other(
        "(shortest, longest) time constant, in the unit of dt",
        default=(0.2, 2.0),
        allowed="> 0",
        check=lambda what, value, owner: time_constants(value),
    )
    dt: float = number("integration step", default=0.1, low=0, open_low=True)
    substeps: int = whole("integration steps per control step", default=6, low=1, high=10_000)

    def shapes(self) -> Shapes:
        """W [units, inputs], U [units, units], b [units], A [units], tau [units] (genes: its logarithm)."""
        n = self.units
        return {"W": (n, self.inputs), "U": (n, n), "b": self.biases(n), "A": (n,), "tau": (n,)}

    def parameters(self) -> dict[str, Parameter]:
        """Time constants have a range of their own, on a log scale."""
        low, high = map(math.log, self.tau)
        return super().parameters() | {"tau": Parameter((self.units,), (low, high), transform="exp")}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' activations, which are their outputs."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """`substeps` steps of the fused solver, x held constant."""
        s = repeat(self.substeps, fused, s, p.W @ x + p.b, 1.0 / p.tau, p.U, p.A, self.dt)
        return s, self.read(p, s.h)


def fused(s: State, drive: Node, leak: Node, U: Node, A: Node, dt: Any) -> State:
    """A step of dt of the fused solver; leak = 1/tau."""
    f = sigmoid(drive + U @ s.h)
    return State(h=(s.h + dt * f * A) / (1.0 + dt * (leak + f)))
