"""Fully recurrent network (Williams & Zipser 1989): every unit sees every input and every unit.

h' = f(W x + U h + b)
y  = the first units of h', or g(V h' + c)
"""

from __future__ import annotations

from evornn.formula import Node, State
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import UNITS, Shapes, Units
from evornn.options import choice


class FullyRecurrent(Units):
    """Fully recurrent network (FRNN): h' = f(W x + U h + b); the first units are the outputs (Williams & Zipser 1989).

    readout: units, or g. Further options as for `Units`.
    """

    activation: str = choice("f", ACTIVATIONS, default="tanh")
    readout = UNITS
    ORDER = ("units", "bias", "activation", "range", "readout", "init")

    def shapes(self) -> Shapes:
        """W [units, inputs], U [units, units], b [units]."""
        n = self.units
        return {"W": (n, self.inputs), "U": (n, n), "b": self.biases(n)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """h' = f(W x + U h + b)."""
        f = activation(self.activation)
        h = f(p.W @ x + p.U @ s.h + p.b)
        return State(h=h), self.read(p, h)
