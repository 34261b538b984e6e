"""Independently recurrent network (Li, Li, Cook, Zhu & Gao 2018): each unit sees the inputs and itself alone.

    h' = f(W x + u * h + b)
    y  = g(V h' + c)

Layers are stacked to let units meet. With relu, |u| up to 2^(1/T) keeps memories over T steps without exploding.
"""

from __future__ import annotations

from typing import Any

from evornn.errors import check_range
from evornn.formula import State
from evornn.genome import Parameter
from evornn.networks.base import activation as function_named
from evornn.networks.units import WIDEST, Units


class IndRNN(Units):
    """Independently recurrent network: h' = f(W x + u * h + b), u a weight per unit (Li et al. 2018).

    units: number of units. activation: f. recurrent_range: u is searched in [-recurrent_range, recurrent_range].
    bias, readout, range, init: as for `Units`.
    """

    def __init__(
        self,
        units: int = 5,
        bias: bool = True,
        activation: str = "relu",
        recurrent_range: float = 1.0,
        readout: str = "tanh",
        range: float = 6.0,
        init: float | None = None,
    ) -> None:
        super().__init__(units, bias, readout, range, init)
        self.activation = activation
        function_named(activation)
        self.recurrent_range = check_range("recurrent_range", recurrent_range, 0, WIDEST, open_low=True)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """W [units, inputs], u [units], b [units]."""
        n = self.units
        return {"W": (n, self.inputs), "u": (n,)} | ({"b": (n,)} if self.bias else {})

    def parameters(self) -> dict[str, Parameter]:
        """The recurrent weights have a range of their own, and are drawn from all of it."""
        return super().parameters() | {"u": Parameter((self.units,), (-self.recurrent_range, self.recurrent_range))}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: Any, s: Any, x: Any) -> tuple[State, Any]:
        """h' = f(W x + u * h + b)."""
        h = function_named(self.activation)(self.add(p.W @ x + p.u * s.h, p, "b"))
        return State(h=h), self.read(p, h)
