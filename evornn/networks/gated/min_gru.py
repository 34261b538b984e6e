"""minGRU (Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, "Were RNNs all we needed?"): a GRU whose gate and new values
see the inputs alone, so that the recurrence is linear in the state.

    z  = s(W_z x + b_z)        h' = (1 - z) h + z n
    n  = W_n x + b_n           y  = g(V h' + c)

s is the logistic function. W and b hold the rows of z, then those of n. No unit sees another: stack layers (`Stacked`).
The paper's version in logarithms, for training over all steps in parallel, takes n > 0 and is not this one.
"""

from __future__ import annotations

from evornn.formula import Node, State, sigmoid, split
from evornn.networks.units import Shapes, Units


class MinGRU(Units):
    """Gated recurrent unit without recurrent weights: a linear recurrence that inputs gate (Feng et al. 2024).

    Options as for `Units`.
    """

    def shapes(self) -> Shapes:
        """W [2 units, inputs], b [2 units]."""
        n = self.units
        return {"W": (2 * n, self.inputs), "b": self.biases(2 * n)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Every unit moves some way to its new value."""
        z, new = split(p.W @ x + p.b, 2)
        h = s.h + sigmoid(z) * (new - s.h)
        return State(h=h), self.read(p, h)
