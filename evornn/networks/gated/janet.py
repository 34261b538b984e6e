"""JANET, an LSTM with nothing but a forget gate (van der Westhuizen & Lasenby 2018, "The unreasonable effectiveness of
the forget gate").

    a  = W_f x + U_f h + b_f                n  = tanh(W_n x + U_n h + b_n)
    h' = s(a) h + (1 - s(a - beta)) n       y  = g(V h' + c)

s is the logistic function. beta = 1 lets a little more in than is forgotten, which the paper found to help; with beta
= 0 the two shares add up to 1. W, U and b hold the rows of f, then those of n.
"""

from __future__ import annotations

from evornn.formula import Node, State, sigmoid, split, tanh
from evornn.networks.units import Shapes, Units
from evornn.options import number


class JANET(Units):
    """LSTM with only a forget gate: just another network (van der Westhuizen & Lasenby 2018).

    Further options as for `Units`.
    """

    beta: float = number("how much the gate leans to letting in, before its logistic function", default=1.0, low=0)

    def shapes(self) -> Shapes:
        """W [2 units, inputs], U [2 units, units], b [2 units]."""
        n = self.units
        return {"W": (2 * n, self.inputs), "U": (2 * n, n), "b": self.biases(2 * n)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the cells, which are the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Forget some of the old, let in some of the new."""
        a, new = split(p.W @ x + p.U @ s.h + p.b, 2)
        h = sigmoid(a) * s.h + sigmoid(self.beta - a) * tanh(new)
        return State(h=h), self.read(p, h)
