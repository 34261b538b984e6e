"""Recurrent multilayer perceptron (Fernandez, Parlos & Tsai 1990; Puskorius & Feldkamp 1994): layers, each of them
fully recurrent in itself.

h_1' = f(W1 x + U1 h_1 + b1),  h_k' = f(Wk h_{k-1}' + Uk h_k + bk)
y    = g(V h_K' + c)
"""

from __future__ import annotations

from evornn.errors import EvornnError
from evornn.formula import Node, State
from evornn.networks.base import activation
from evornn.networks.feedforward import Feedforward, sizes
from evornn.networks.units import Shapes
from evornn.options import other


class RMLP(Feedforward):
    """Recurrent multilayer perceptron: hidden layers, each fully recurrent in itself (Puskorius & Feldkamp 1994).

    Further options as for `Units`.
    """

    units: int | list[int] = other(
        "hidden units, or a list: those of each layer", default=[4, 3], allowed=">= 1", check=sizes
    )

    def derive(self) -> None:
        """At least one layer."""
        if not self.layers:
            raise EvornnError("units is []; a recurrent multilayer perceptron needs a layer, for example [4, 3]")

    def shapes(self) -> Shapes:
        """W1 [units, inputs], U1 [units, units], b1 [units], W2, U2, b2, ..."""
        shapes: Shapes = {}
        for k, (n, m) in enumerate(zip(self.layers, [self.inputs, *self.layers], strict=False), 1):
            shapes |= {f"W{k}": (n, m), f"U{k}": (n, n), f"b{k}": self.biases(n)}
        return shapes

    def state(self) -> dict[str, tuple[int, ...]]:
        """h1 [units], h2, ...: the outputs of each layer."""
        return {f"h{k}": (n,) for k, n in enumerate(self.layers, 1)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Layer after layer, each with what it gave a step ago."""
        f, after = activation(self.activation), {}
        for k in range(1, len(self.layers) + 1):
            W, U, b, h = (getattr(r, f"{name}{k}") for r, name in ((p, "W"), (p, "U"), (p, "b"), (s, "h")))
            after[f"h{k}"] = x = f(W @ x + U @ h + b)
        return State(**after), self.read(p, x)
