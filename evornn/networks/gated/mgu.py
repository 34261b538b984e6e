"""Minimal gated unit (Zhou, Wu, Zhang & Zhou 2016): a GRU with one gate, which forgets and resets.

    f = s(W_f x + U_f h + b_f)
    n = tanh(W_n x + U_n (f h) + b_n)
    h' = (1 - f) h + f n
    y  = g(V h' + c)

s is the logistic function. W, U and b hold the rows of f, then those of n.
"""

from __future__ import annotations

from evornn.formula import Node, State, sigmoid, split, tanh
from evornn.networks.units import Shapes, Units


class MGU(Units):
    """Minimal gated unit: a gated recurrent unit whose only gate forgets and resets (Zhou et al. 2016).

    Options as for `Units`.
    """

    def shapes(self) -> Shapes:
        """W [2 units, inputs], U [2 units, units], b [2 units]."""
        n = self.units
        return {"W": (2 * n, self.inputs), "U": (2 * n, n), "b": self.biases(2 * n)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """The gate, then all units."""
        n = self.units
        xf, xn = split(p.W @ x + p.b, 2)
        f = sigmoid(xf + p.U[:n] @ s.h)
        new = tanh(xn + p.U[n:] @ (f * s.h))
        h = s.h + f * (new - s.h)
        return State(h=h), self.read(p, h)
