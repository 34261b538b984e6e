"""Gated recurrent units with slimmer gates: variants 1, 2 and 3 of the GRU (Dey & Salem 2017).

    variant 1: r = s(U_r h + b_r),  z = s(U_z h + b_z)      n  = tanh(W x + U_n (r h) + b_n)
    variant 2: r = s(U_r h),        z = s(U_z h)            h' = z h + (1 - z) n
    variant 3: r = s(b_r),          z = s(b_z)              y  = g(V h' + c)

s is the logistic function; gates do not see the inputs. U and b hold what there is of r, z, n, in this order. z is as
in PyTorch's GRU: 1 keeps the old state (the paper's z is 1 - z here, a change of sign of its weights).
"""

from __future__ import annotations

import numpy as np

from evornn.formula import Node, State, sigmoid, split, tanh
from evornn.networks.units import Shapes, Units
from evornn.options import one_of


class SlimGRU(Units):
    """Gated recurrent unit whose gates see the units and a bias (1), the units (2), or a bias (3) (Dey & Salem 2017).

    Further options as for `Units`.
    """

    variant: int = one_of("what gates see; 1: units and biases, 2: units, 3: biases", [1, 2, 3], default=1)

    def shapes(self) -> Shapes:
        """W [units, inputs], U [3 units or units, units], b [3 units or units]."""
        n = self.units
        rows, biases = {1: (3 * n, 3 * n), 2: (3 * n, n), 3: (n, 3 * n)}[self.variant]
        return {"W": (n, self.inputs), "U": (rows, n), "b": self.biases(biases)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Both gates, then all units."""
        n = self.units
        gates = p.U[: 2 * n] @ s.h if self.variant != 3 else np.zeros(2 * n)
        if self.bias and self.variant != 2:
            gates = gates + p.b[: 2 * n]
        r, z = split(sigmoid(gates), 2)
        new = tanh(p.W @ x + p.U[-n:] @ (r * s.h) + (p.b[-n:] if self.bias else 0.0))
        h = new + z * (s.h - new)
        return State(h=h), self.read(p, h)
