"""Feedforward network (multilayer perceptron; Rumelhart, Hinton & Williams 1986): the memoryless baseline.

h_1 = f(W1 x + b1), h_k = f(Wk h_{k-1} + bk)
y   = g(V h_K + c)
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import State
from evornn.networks.base import activation as function_named
from evornn.networks.base import by_rows
from evornn.networks.units import UNITS, Units, units_read


class Feedforward(Units):
    """Feedforward network: hidden layers and an output layer, no memory (Rumelhart, Hinton & Williams 1986).

    units: hidden units, or a list with those of each hidden layer, from the inputs on; [] for none. activation: of the
    hidden layers. bias, readout, range, init: as for `Units`.
    """

    PLURAL: ClassVar[bool] = True

    def __init__(
        self,
        units: int | list[int] = 5,
        bias: bool = True,
        activation: str = "tanh",
        readout: str = "tanh",
        range: float = 6.0,
        init: float | None = None,
    ) -> None:
        super().__init__(units, bias, readout, range, init)
        self.activation = activation
        function_named(activation)

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

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """W1 [units, inputs], b1 [units], W2, b2, ..."""
        shapes: dict[str, tuple[int, ...]] = {}
        for k, (n, m) in enumerate(zip(self.layers, [self.inputs, *self.layers], strict=False), 1):
            shapes |= {f"W{k}": (n, m)} | ({f"b{k}": (n,)} if self.bias else {})
        return shapes

    def neurons(self) -> dict[str, np.ndarray]:
        """Hidden units are counted from the first layer on; the output layer reads the last. Without hidden layers the
        outputs are the units.
        """
        if not self.layers:
            return {name: by_rows(q.shape) for name, q in self.parameters().items()}
        starts = np.cumsum([0, *self.layers])
        units = {name: starts[int(name[1:]) - 1] + by_rows(shape) for name, shape in self.shapes().items()}
        readout = {name: units_read(shape) for name, shape in self.readout_shapes(self.width).items()}
        return units | {name: np.where(u < 0, u, starts[-2] + u) for name, u in readout.items()}

    def step(self, p: Any, s: Any, x: Any) -> tuple[State, Any]:
        """Layer after layer; nothing is remembered."""
        for k in range(1, len(self.layers) + 1):
            x = function_named(self.activation)(self.add(getattr(p, f"W{k}") @ x, p, f"b{k}"))
        return State(), self.read(p, x)
