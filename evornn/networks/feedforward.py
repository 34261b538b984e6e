"""Feedforward network (multilayer perceptron; Rumelhart, Hinton & Williams 1986): the memoryless baseline.

h_1 = f(W1 x + b1), h_k = f(Wk h_{k-1} + bk)
y   = g(V h_K + c)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_range
from evornn.formula import Node, State
from evornn.networks.base import ACTIVATIONS, activation, by_rows
from evornn.networks.units import UNITS, Shapes, Units, units_read
from evornn.options import choice, other


def sizes(what: str, units: Any, _: Any) -> Any:
    """Hidden units, or a list with those of each layer, checked."""
    if not isinstance(units, list | tuple):
        return check_range(what, units, 1, integer=True)
    check_range(f"the number of layers in {what}", len(units), 0, 1000, integer=True)
    return [check_range(what, n, 1, integer=True) for n in units]


class Feedforward(Units):
    """Feedforward network: hidden layers and an output layer, no memory (Rumelhart, Hinton & Williams 1986).

    Further options as for `Units`.
    """

    units: int | list[int] = other(
        "hidden units, or a list: those of each layer; [] for none", default=5, allowed=">= 1", check=sizes
    )
    activation: str = choice("f, of the hidden layers", ACTIVATIONS, default="tanh")

    @property
    def layers(self) -> list[int]:
        """Units of each hidden layer."""
        return self.units if isinstance(self.units, list) else [self.units]

    @property
    def width(self) -> int:
        """Units of the last hidden layer, or the inputs if there is none."""
        return self.layers[-1] if self.layers else self.inputs

    def check(self) -> None:
        """Without hidden layers there are no units to be outputs."""
        if not self.layers and self.readout == UNITS:
            raise EvornnError("units is [] and readout is 'units': the network would have no layer at all")
        super().check()

    def shapes(self) -> Shapes:
        """W1 [units, inputs], b1 [units], W2, b2, ..."""
        shapes: Shapes = {}
        for k, (n, m) in enumerate(zip(self.layers, [self.inputs, *self.layers], strict=False), 1):
            shapes |= {f"W{k}": (n, m), f"b{k}": self.biases(n)}
        return shapes

    def neurons(self) -> dict[str, np.ndarray]:
        """Hidden units are counted from the first layer on; the output layer reads the last. Without hidden layers the
        outputs are the units.
        """
        if not self.layers:
            return {name: by_rows(q.shape) for name, q in self.parameters().items()}
        starts = np.cumsum([0, *self.layers])
        own, readout = self.shapes(), self.readout_shapes(self.width)
        units = {name: starts[int(name[1:]) - 1] + by_rows(shape) for name, shape in own.items() if shape}
        read = {name: units_read(shape) for name, shape in readout.items() if shape}
        return units | {name: np.where(u < 0, u, starts[-2] + u) for name, u in read.items()}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Layer after layer; nothing is remembered."""
        f = activation(self.activation)
        for k in range(1, len(self.layers) + 1):
            x = f(getattr(p, f"W{k}") @ x + getattr(p, f"b{k}"))
        return State(), self.read(p, x)
