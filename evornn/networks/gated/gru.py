"""Gated recurrent unit (Cho et al. 2014) in PyTorch's form: the reset gate acts after the recurrent product.

    r = s(W_r x + U_r h + b_r)               n  = tanh(W_n x + b_n + r (U_n h + d))
    z = s(W_z x + U_z h + b_z)               h' = (1 - z) n + z h
                                             y  = f(V h' + c)

s is the logistic function. W, U and b hold the gates in PyTorch's order r, z, n. PyTorch's second bias b_hh does
something of its own only inside the reset gate's product: that part is d; its rest is in b.
"""

from __future__ import annotations

from evornn.formula import Node, State, sigmoid, split, tanh
from evornn.networks.units import Shapes, Units


class GRU(Units):
    """Gated recurrent unit with the reset gate after the recurrent product (Cho et al. 2014; PyTorch's form).

    Options as for `Units`.
    """

    def shapes(self) -> Shapes:
        """W [3 units, inputs], U [3 units, units], b [3 units], d [units]."""
        n = self.units
        return {"W": (3 * n, self.inputs), "U": (3 * n, n), "b": self.biases(3 * n), "d": self.biases(n)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """One step of both gates and all units."""
        xr, xz, xn = split(p.W @ x + p.b, 3)
        hr, hz, hn = split(p.U @ s.h, 3)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        n = tanh(xn + r * (hn + p.d))
        h = n + z * (s.h - n)
        return State(h=h), self.read(p, h)
