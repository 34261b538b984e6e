"""Long short-term memory (Hochreiter & Schmidhuber 1997) with forget gates (Gers, Schmidhuber & Cummins 2000).

    i = s(W_i x + U_i h + b_i + p_i c)       c' = f c + i g
    f = s(W_f x + U_f h + b_f + p_f c)       h' = o tanh(c')
    g = tanh(W_g x + U_g h + b_g)            y  = readout of h' (see `Units`)
    o = s(W_o x + U_o h + b_o + p_o c')

s is the logistic function; the p terms are peepholes (Gers & Schmidhuber 2000), left out unless asked for.
W, U and b hold the gates in PyTorch's order i, f, g, o; its two biases b_ih and b_hh are one here.
"""

from __future__ import annotations

from evornn.formula import Node, State, sigmoid, split, tanh
from evornn.networks.units import Shapes, Units
from evornn.options import flag


class LSTM(Units):
    """Long short-term memory with forget gates and optional peepholes (Hochreiter & Schmidhuber 1997; Gers 2000).

    units: memory cells. Further options as for `Units`.
    """

    peepholes: bool = flag("gates also see the cells", default=False)

    def shapes(self) -> Shapes:
        """W [4 units, inputs], U [4 units, units], b [4 units]; peepholes pi, pf, po [units]."""
        n = self.units
        shapes: Shapes = {"W": (4 * n, self.inputs), "U": (4 * n, n), "b": self.biases(4 * n)}
        return shapes | ({"pi": (n,), "pf": (n,), "po": (n,)} if self.peepholes else {})

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: cell outputs; c [units]: cell states."""
        return {"h": (self.units,), "c": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """One step of all gates and cells."""
        i, f, g, o = split(p.W @ x + p.U @ s.h + p.b, 4)
        if self.peepholes:
            i, f = i + p.pi * s.c, f + p.pf * s.c
        c = sigmoid(f) * s.c + sigmoid(i) * tanh(g)
        h = sigmoid(o + p.po * c if self.peepholes else o) * tanh(c)
        return State(h=h, c=c), self.read(p, h)
