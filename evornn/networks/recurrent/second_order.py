"""Second-order recurrent network (Giles, Miller, Chen, Chen, Sun & Lee 1992): products of units and inputs are
weighted, so that each input symbol has a recurrent matrix of its own, as a finite automaton has a transition table.

    h_j' = f(sum_ik W_jik h_i x_k + b_j)
    y    = the first units of h', or g(V h' + c)

It starts with h = (1, 0, ..., 0). With one unit a state and weights +-H, H large, it runs an automaton (Omlin & Giles
1996).
"""

from __future__ import annotations

import numpy as np

from evornn.formula import Node, State, outer, reshape
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import UNITS, Shapes, Units
from evornn.options import choice


class SecondOrder(Units):
    """Second-order network: h_j' = f(sum_ik W_jik h_i x_k + b_j), a matrix for each input (Giles et al. 1992).

    readout: units, or g. Further options as for `Units`.
    """

    activation: str = choice("f", ACTIVATIONS, default="sigmoid")
    readout = UNITS

    def shapes(self) -> Shapes:
        """W [units, inputs units], whose column k units + i is for the product x_k h_i; b [units]."""
        n = self.units
        return {"W": (n, self.inputs * n), "b": self.biases(n)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def start(self, p: State) -> State:
        """The first unit is on."""
        return State(h=np.eye(self.units)[0])

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """h' = f(W (x h) + b), x h being all products."""
        products = reshape(outer(x, s.h), -1)
        h = activation(self.activation)(p.W @ products + p.b)
        return State(h=h), self.read(p, h)
