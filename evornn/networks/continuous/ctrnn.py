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

from evornn.errors import EvornnError, check_flag, check_range, shown
from evornn.formula import State, repeat, sigmoid
from evornn.genome import Parameter
from evornn.networks.units import UNITS, WIDEST, Units


class CTRNN(Units):
    """Continuous-time recurrent network: tau y' = -y + U s(y + theta) + W x (Beer 1995), integrated by Euler.

    tau: (shortest, longest) time constant, in the unit of dt. dt: integration step, below the shortest tau. substeps:
    integration steps per control step. centre_crossing: first genomes have centre-crossing biases. signed: outputs o in
    [0, 1] are mapped to [-1, 1]. bias: with theta; it is searched in [-bias_range, bias_range] (default: range).
    units, readout, range, init: as for `Units`.
    """

    def __init__(
        self,
        units: int = 5,
        bias: bool = True,
        tau: tuple[float, float] = (0.2, 2.0),
        dt: float = 0.1,
        substeps: int = 1,
        centre_crossing: bool = False,
        signed: bool = True,
        readout: str = UNITS,
        range: float = 16.0,
        bias_range: float | None = None,
        init: float | None = None,
    ) -> None:
        super().__init__(units, bias, readout, range, init)
        self.tau, self.dt = time_constants(tau), check_range("dt", dt, 0, open_low=True)
        self.substeps = check_range("substeps", substeps, 1, 10_000, integer=True)
        self.centre_crossing = check_flag("centre_crossing", centre_crossing)
        self.signed = check_flag("signed", signed)
        self.bias_range = (
            None if bias_range is None else check_range("bias_range", bias_range, 0, WIDEST, open_low=True)
        )
        if not self.dt < self.tau[0]:
            raise EvornnError(
                f"dt is {dt:g} and the shortest tau is {self.tau[0]:g}: Euler's step y + dt/tau (...) overshoots its "
                f"target above dt/tau = 1 and diverges above 2, so dt must be below {self.tau[0]:g}; shorten dt "
                "and raise substeps"
            )
        if self.centre_crossing and not self.bias:
            raise EvornnError("centre_crossing=True sets the biases; it cannot go with bias=False")

    def parameters(self) -> dict[str, Parameter]:
        """W [units, inputs], U [units, units], theta [units], tau [units] (genes: its logarithm), output layer."""
        n = self.units
        p = {"W": self.weight((n, self.inputs)), "U": self.weight((n, n))}
        if self.bias:
            span = self.bias_range or self.range
            init = None if self.init is None else (-min(self.init, span), min(self.init, span))
            p["theta"] = Parameter((n,), (-span, span), init)
        p["tau"] = Parameter((n,), (math.log(self.tau[0]), math.log(self.tau[1])), transform="exp")
        return p | {name: self.weight(shape) for name, shape in self.readout_shapes(n).items()}

    def refine(self, rng: np.random.Generator, genes: dict[str, np.ndarray]) -> None:
        """Centre-crossing biases, cut off at their range."""
        if self.centre_crossing:
            span = self.bias_range or self.range
            genes["theta"][:] = np.clip(-0.5 * genes["U"].sum(axis=2), -span, span)

    def state(self) -> dict[str, tuple[int, ...]]:
        """y [units]: the units' activations; o [units]: their outputs s(y + theta), computed once for each y."""
        return {"y": (self.units,), "o": (self.units,)}

    def start(self, p: Any) -> State:
        """y = 0."""
        y = np.zeros(self.units)
        return State(y=y, o=sigmoid(y + p.theta if self.bias else y))

    def step(self, p: Any, s: Any, x: Any) -> tuple[State, Any]:
        """`substeps` Euler steps, then the outputs."""
        s = repeat(self.substeps, euler, s, p.W @ x, self.dt / p.tau, p.U, p.theta if self.bias else 0.0)
        return s, self.read(p, 2.0 * s.o - 1.0 if self.signed else s.o)


def euler(s: Any, drive: Any, rate: Any, U: Any, theta: Any) -> State:
    """y + dt/tau (-y + U o + drive) with rate = dt/tau, and the outputs that follow."""
    y = s.y + rate * (drive - s.y + U @ s.o)
    return State(y=y, o=sigmoid(y + theta))


def time_constants(tau: Any) -> tuple[float, float]:
    """(shortest, longest), checked."""
    if not isinstance(tau, list | tuple) or len(tau) != 2:
        raise EvornnError(f"tau is {shown(tau)}; it must be a pair: the shortest and the longest time constant")
    low = check_range("the shortest tau", tau[0], 0, open_low=True)
    return float(low), float(check_range("the longest tau", tau[1], low, open_low=True))
