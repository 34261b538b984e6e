"""Jordan network (Jordan 1986): hidden units see the inputs and a decaying memory of the network's own outputs.

h  = f(W x + U m + b)
y  = g(V h + c)
m' = alpha m + y
"""

from __future__ import annotations

from evornn.formula import Node, State
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import Shapes, Units
from evornn.options import choice, number


class Jordan(Units):
    """Jordan network: outputs are fed back through context units m' = alpha m + y with decay alpha (Jordan 1986).

    units: hidden units. readout: g. Further options as for `Units`.
    """

    alpha: float = number("decay of the context", default=0.0, low=0, high=0.999_999)
    activation: str = choice("f, of the hidden units", ACTIVATIONS, default="tanh")

    def shapes(self) -> Shapes:
        """W [units, inputs], U [units, outputs], b [units]."""
        n = self.units
        return {"W": (n, self.inputs), "U": (n, self.outputs), "b": self.biases(n)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """m [outputs]: the context."""
        return {"m": (self.outputs,)}

    def forced(self, s: State, y: Node, wanted: Node) -> State:
        """The context with the wanted outputs in place of its own."""
        return State(m=s.m - y + wanted if self.alpha else wanted)

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Outputs from inputs and context, then the next context."""
        f = activation(self.activation)
        h = f(p.W @ x + p.U @ s.m + p.b)
        y = self.read(p, h)
        return State(m=self.alpha * s.m + y if self.alpha else y), y
