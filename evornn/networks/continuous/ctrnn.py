"""Continuous-time recurrent network (Beer 1995, "On the dynamics of small continuous-time recurrent neural networks").

    tau_i dy_i/dt = -y_i + sum_j U_ij s(y_j + theta_j) + sum_k W_ik x_k
    o_i = s(y_i + theta_i), s the logistic function

Integrated by Euler's method, `substeps` steps of `dt` for each control step, x held constant. Time constants are
searched on a logarithmic scale. Centre-crossing (Mathayomchan & Beer 2002): theta_i = -sum_j U_ij / 2 puts every unit's
nullcline at the middle of its range, where circuits have the richest dynamics.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_range, shown
from evornn.formula import Node, State, repeat, sigmoid
from evornn.genome import Parameter
from evornn.networks.units import UNITS, WIDEST, Shapes, Units
from evornn.options import flag, number, other, whole


class CTRNN(Units):
    """Continuous-time recurrent network: tau y' = -y + U s(y + theta) + W x (Beer 1995), integrated by Euler.

    bias: with theta. Further options as for `Units`.
    """

    tau: tuple[float, float] = other(
        "(shortest, longest) time constant, in the unit of dt",
        default=(0.2, 2.0),
        allowed="> 0",
        check=lambda what, value, owner: time_constants(value),
    )
    dt: float = number("integration step, below the shortest tau", default=0.1, low=0, open_low=True)
    substeps: int = whole("integration steps per control step", default=1, low=1, high=10_000)
    centre_crossing: bool = flag("first genomes have centre-crossing biases", default=False)
    signed: bool = flag("outputs o in [0, 1] are mapped to [-1, 1]", default=True)
    readout = UNITS
    range = 16.0
    bias_range: float | None = number(
        "theta lies in +-bias_range; None: +-range", default=None, low=0, high=WIDEST, open_low=True
    )
    ORDER = ("units", "bias", ..., "readout", "range", "bias_range", "init")

    def derive(self) -> None:
        """Refuse what does not go together."""
        if not self.dt < self.tau[0]:
            raise EvornnError(
                f"dt is {self.dt:g} and the shortest tau is {self.tau[0]:g}: Euler's step y + dt/tau (...) overshoots "
                f"its target above dt/tau = 1 and diverges above 2, so dt must be below {self.tau[0]:g}; shorten dt "
                "and raise substeps"
            )
        if self.centre_crossing and not self.bias:
            raise EvornnError("centre_crossing=True sets the biases; it cannot go with bias=False")

    def shapes(self) -> Shapes:
        """W [units, inputs], U [units, units], theta [units], tau [units] (genes: its logarithm)."""
        n = self.units
        return {"W": (n, self.inputs), "U": (n, n), "theta": self.biases(n), "tau": (n,)}

    def parameters(self) -> dict[str, Parameter]:
        """Biases and time constants have ranges of their own."""
        p, n = super().parameters(), self.units
        if self.bias:
            span = self.bias_range or self.range
            init = None if self.init is None else (-min(self.init, span), min(self.init, span))
            p["theta"] = Parameter((n,), (-span, span), init)
        p["tau"] = Parameter((n,), (math.log(self.tau[0]), math.log(self.tau[1])), transform="exp")
        return p

    def refine(self, rng: np.random.Generator, genes: dict[str, np.ndarray]) -> None:
        """Centre-crossing biases, cut off at their range."""
        if self.centre_crossing:
            span = self.bias_range or self.range
            genes["theta"][:] = np.clip(-0.5 * genes["U"].sum(axis=2), -span, span)

    def state(self) -> dict[str, tuple[int, ...]]:
        """y [units]: the units' activations; o [units]: their outputs s(y + theta), computed once for each y."""
        return {"y": (self.units,), "o": (self.units,)}

    def start(self, p: State) -> State:
        """y = 0."""
        y = np.zeros(self.units)
        return State(y=y, o=sigmoid(y + p.theta))

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """`substeps` Euler steps, then the outputs."""
        s = repeat(self.substeps, euler, s, p.W @ x, self.dt / p.tau, p.U, p.theta)
        return s, self.read(p, 2.0 * s.o - 1.0 if self.signed else s.o)


def euler(s: State, drive: Node, rate: Node, U: Node, theta: Node) -> State:
    """y + dt/tau (-y + U o + drive) with rate = dt/tau, and the outputs that follow."""
    y = s.y + rate * (drive - s.y + U @ s.o)
    return State(y=y, o=sigmoid(y + theta))


def time_constants(tau: Any) -> tuple[float, float]:
    """(shortest, longest), checked."""
    if not isinstance(tau, list | tuple) or len(tau) != 2:
        raise EvornnError(f"tau is {shown(tau)}; it must be a pair: the shortest and the longest time constant")
    low = check_range("the shortest tau", tau[0], 0, open_low=True)
    return float(low), float(check_range("the longest tau", tau[1], low, open_low=True))
