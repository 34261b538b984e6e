"""Independently recurrent network (Li, Li, Cook, Zhu & Gao 2018): each unit sees the inputs and itself alone.

    h' = f(W x + u * h + b)
    y  = g(V h' + c)

Layers are stacked to let units meet. With relu, |u| up to 2^(1/T) keeps memories over T steps without exploding.
"""

from __future__ import annotations

from evornn.formula import Node, State
from evornn.genome import Parameter
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import WIDEST, Shapes, Units
from evornn.options import choice, number


class IndRNN(Units):
    """Independently recurrent network: h' = f(W x + u * h + b), u a weight per unit (Li et al. 2018).

    Further options as for `Units`.
    """

    activation: str = choice("f", ACTIVATIONS, default="relu")
    recurrent_range: float = number("u lies in +-recurrent_range", default=1.0, low=0, high=WIDEST, open_low=True)

    def shapes(self) -> Shapes:
        """W [units, inputs], u [units], b [units]."""
        n = self.units
        return {"W": (n, self.inputs), "u": (n,), "b": self.biases(n)}

    def parameters(self) -> dict[str, Parameter]:
        """The recurrent weights have a range of their own, and are drawn from all of it."""
        return super().parameters() | {"u": Parameter((self.units,), (-self.recurrent_range, self.recurrent_range))}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """h' = f(W x + u * h + b)."""
        f = activation(self.activation)
        h = f(p.W @ x + p.u * s.h + p.b)
        return State(h=h), self.read(p, h)
