"""Fully recurrent network (Williams & Zipser 1989): every unit sees every input and every unit.

h' = f(W x + U h + b)
y  = the first units of h', or g(V h' + c)
"""

from __future__ import annotations

from typing import Any

from evornn.formula import State
from evornn.networks.base import activation as function_named
from evornn.networks.units import UNITS, Units


class FullyRecurrent(Units):
    """Fully recurrent network (FRNN): h' = f(W x + U h + b); the first units are the outputs (Williams & Zipser 1989).

    units: number of units. bias: a bias per unit. activation: tanh, sigmoid, relu, sin or linear. range: weights are
    searched in [-range, range]. readout, init: as for `Units`.
    """

    def __init__(
        self,
        units: int = 5,
        bias: bool = True,
        activation: str = "tanh",
        range: float = 6.0,
        readout: str = UNITS,
        init: float | None = None,
    ) -> None:
        super().__init__(units, bias, readout, range, init)
        self.activation = activation
        function_named(activation)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """W [units, inputs], U [units, units], b [units]."""
        n = self.units
        return {"W": (n, self.inputs), "U": (n, n)} | ({"b": (n,)} if self.bias else {})

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: Any, s: Any, x: Any) -> tuple[State, Any]:
        """h' = f(W x + U h + b)."""
        h = function_named(self.activation)(self.add(p.W @ x + p.U @ s.h, p, "b"))
        return State(h=h), self.read(p, h)
