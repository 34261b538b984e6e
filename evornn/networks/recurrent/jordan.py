"""Jordan network (Jordan 1986): hidden units see the inputs and a decaying memory of the network's own outputs.

h  = f(W x + U m + b)
y  = g(V h + c)
m' = alpha m + y
"""

from __future__ import annotations

from typing import Any

from evornn.errors import check_range
from evornn.formula import State
from evornn.networks.base import activation as function_named
from evornn.networks.units import Units


class Jordan(Units):
    """Jordan network: outputs are fed back through context units m' = alpha m + y with decay alpha (Jordan 1986).

    units: hidden units. alpha: decay of the context, in [0, 1). activation: of the hidden units. readout: of the
    outputs. bias, range, init: as for `Units`.
    """

    def __init__(
        self,
        units: int = 5,
        bias: bool = True,
        alpha: float = 0.0,
        activation: str = "tanh",
        readout: str = "tanh",
        range: float = 6.0,
        init: float | None = None,
    ) -> None:
        super().__init__(units, bias, readout, range, init)
        self.alpha = check_range("alpha", alpha, 0, 0.999_999)
        self.activation = activation
        function_named(activation)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """W [units, inputs], U [units, outputs], b [units]."""
        n = self.units
        return {"W": (n, self.inputs), "U": (n, self.outputs)} | ({"b": (n,)} if self.bias else {})

    def state(self) -> dict[str, tuple[int, ...]]:
        """m [outputs]: the context."""
        return {"m": (self.outputs,)}

    def step(self, p: Any, s: Any, x: Any) -> tuple[State, Any]:
        """Outputs from inputs and context, then the next context."""
        h = function_named(self.activation)(self.add(p.W @ x + p.U @ s.m, p, "b"))
        y = self.read(p, h)
        return State(m=self.alpha * s.m + y if self.alpha else y), y
