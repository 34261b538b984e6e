"""Multiple timescale recurrent network (Yamashita & Tani 2008): input-output units, fast and slow context units.

    u_i' = (1 - 1/tau_i) u_i + 1/tau_i (sum_j U_ij h_j + sum_k W_ik x_k + b_i)
    h' = f(u'),  y = g(V h_io' + c)

Inputs reach the input-output units alone; these see each other and the fast units, slow units see each other and the
fast ones, fast units see all. The slow units' start u_0 is searched with the weights: it says which of its behaviours
the network shows. The paper has 100 input-output, 60 fast and 20 slow units, tau = (2, 5, 70), f the logistic
function, and a softmax over its input-output units.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_range, shown
from evornn.formula import Node, State, concat
from evornn.networks.base import ACTIVATIONS, activation, by_rows
from evornn.networks.units import Shapes, Units, units_read
from evornn.options import choice, flag, other, whole


def three(what: str, tau: Any, _: Any) -> tuple[float, ...]:
    """Three time constants, checked."""
    if not isinstance(tau, list | tuple) or len(tau) != 3:
        raise EvornnError(f"{what} is {shown(tau)}; it must be three: of input-output, fast and slow units")
    return tuple(float(check_range(f"a time constant in {what}", t, 1)) for t in tau)


class MTRNN(Units):
    """Multiple timescale network: input-output, fast and slow units with time constants of their own (Yamashita 2008).

    units: input-output units, which are read. readout: g. Further options as for `Units`.
    """

    units = 4
    fast: int = whole("number of fast context units", default=4, low=1, high=100_000)
    slow: int = whole("number of slow context units", default=2, low=1, high=100_000)
    tau: tuple[float, ...] = other(
        "time constants of input-output, fast and slow units, in steps",
        default=(2.0, 5.0, 70.0),
        allowed=">= 1",
        check=three,
    )
    activation: str = choice("f", ACTIVATIONS, default="sigmoid")
    learned_start: bool = flag("the slow units' start is searched; otherwise it is 0", default=True)

    def shapes(self) -> Shapes:
        """W [io, inputs], Uio [io, io + fast], Ufast [fast, all], Uslow [slow, fast + slow], b [all], u0 [slow]."""
        io, fast, slow = self.units, self.fast, self.slow
        into_io: Shapes = {"W": (io, self.inputs), "Uio": (io, io + fast)}
        into_context: Shapes = {"Ufast": (fast, io + fast + slow), "Uslow": (slow, fast + slow)}
        starts: Shapes = {"u0": (slow,)} if self.learned_start else {}
        return into_io | into_context | {"b": self.biases(io + fast + slow)} | starts

    def neurons(self) -> dict[str, np.ndarray]:
        """Units are counted on from input-output to fast to slow ones."""
        first = {"Ufast": self.units, "Uslow": self.units + self.fast, "u0": self.units + self.fast}
        readout = self.readout_shapes(self.width)
        return {
            name: units_read(q.shape) if name in readout else first.get(name, 0) + by_rows(q.shape)
            for name, q in self.parameters().items()
        }

    def rates(self) -> np.ndarray:
        """1/tau of every unit."""
        return 1.0 / np.repeat(self.tau, (self.units, self.fast, self.slow))

    def state(self) -> dict[str, tuple[int, ...]]:
        """u [all]: potentials; h [all]: outputs f(u), computed once for each u."""
        n = self.units + self.fast + self.slow
        return {"u": (n,), "h": (n,)}

    def start(self, p: State) -> State:
        """u = 0 but for the slow units."""
        u = concat(np.zeros(self.units + self.fast), p.u0 if self.learned_start else np.zeros(self.slow))
        return State(u=u, h=activation(self.activation)(u))

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """All units move towards what they are driven to, then the outputs are read."""
        io, context = self.units, self.units + self.fast
        drive = concat(p.W @ x + p.Uio @ s.h[:context], p.Ufast @ s.h, p.Uslow @ s.h[io:]) + p.b
        u = s.u + self.rates() * (drive - s.u)
        h = activation(self.activation)(u)
        return State(u=u, h=h), self.read(p, h[:io])
