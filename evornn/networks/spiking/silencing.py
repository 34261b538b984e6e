"""Neuronal silencing (Hodassman et al. 2022): a feedforward network that knows the order of what it saw.

    h_i = f(W_i x + b_i) if unit i is not silent, else 0
    silent_i' = silence if h_i > threshold, else max(silent_i - 1, 0)        y = readout of h

A unit that was active falls silent for some steps, so that each object of a sequence meets another sub-network, which
depends on the objects before it. There are no recurrent weights.
"""

from __future__ import annotations

from evornn.formula import Node, State, maximum, where
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import WIDEST, Shapes, Units
from evornn.options import choice, number, whole


class Silencing(Units):
    """Silencing network: units that were active fall silent for a while; no recurrent weights (Hodassman 2022).

    Options as for `Units`.
    """

    activation: str = choice("f, of the units", ACTIVATIONS, default="relu")
    silence: int = whole("steps for which a unit is silent", default=2, low=1, high=10**6)
    threshold: float = number("a unit above this falls silent", default=0.5, low=-WIDEST, high=WIDEST)

    def shapes(self) -> Shapes:
        """W [units, inputs], b [units]."""
        return {"W": (self.units, self.inputs), "b": self.biases(self.units)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """silent [units]: steps of silence that are left."""
        return {"silent": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Units that are not silent see the input."""
        h = where(s.silent > 0.0, 0.0, activation(self.activation)(p.W @ x + p.b))
        silent = where(h > self.threshold, float(self.silence), maximum(s.silent - 1.0, 0.0))
        return State(silent=silent), self.read(p, h)
