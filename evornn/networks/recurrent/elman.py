"""Simple recurrent network (Elman 1990): hidden units see the inputs and their own last outputs, under an output layer.

    h' = f(W x + U h + b)
    y  = g(V h' + c)

PyTorch's RNN is the hidden layer; its two biases b_ih and b_hh are one here.
"""

from __future__ import annotations

from evornn.formula import Node, State
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import Shapes, Units
from evornn.options import choice


class Elman(Units):
    """Simple recurrent network: hidden units h' = f(W x + U h + b), output layer y = g(V h' + c) (Elman 1990).

    readout: g. Further options as for `Units`.
    """

    activation: str = choice("f", ACTIVATIONS, default="tanh")
    ORDER = ("units", "bias", "activation", "range", "readout", "init")

    def shapes(self) -> Shapes:
        """W [units, inputs], U [units, units], b [units]."""
        n = self.units
        return {"W": (n, self.inputs), "U": (n, n), "b": self.biases(n)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the hidden units' outputs, the context of the next step."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Hidden units from inputs and context, outputs from hidden units."""
        f = activation(self.activation)
        h = f(p.W @ x + p.U @ s.h + p.b)
        return State(h=h), self.read(p, h)
