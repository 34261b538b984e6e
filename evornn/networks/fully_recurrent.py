"""Fully recurrent network: every unit sees every input and every unit; the first units are the outputs (Williams & Zipser 1989)."""

from __future__ import annotations

from typing import Any

from evornn.errors import EvornnError, check_range
from evornn.formula import State
from evornn.genome import Parameter
from evornn.networks.base import Network, activation


class FullyRecurrent(Network):
    """Fully recurrent network (FRNN): h' = f(W x + U h + b); the first `outputs` units are the output.

    units: number of units, at least the outputs. bias: with a bias per unit. activation: tanh, sigmoid, relu, sin or linear.
    range: weights are searched in [-range, range].
    """

    def __init__(self, units: int = 5, bias: bool = True, activation: str = "tanh", range: float = 6.0) -> None:
        self.units = check_range("units", units, 1, integer=True)
        self.bias = bool(bias)
        self.activation = activation
        self.range = check_range("range", range, 0, open_low=True)
        _ = self._f

    @property
    def _f(self) -> Any:
        return activation(self.activation)

    def check(self) -> None:
        """The outputs are units."""
        if self.units < self.outputs:
            raise EvornnError(
                f"units is {self.units}; the task has {self.outputs} actions, so at least {self.outputs} units are needed"
            )

    def parameters(self) -> dict[str, Parameter]:
        """W [units, inputs], U [units, units], b [units]."""
        n, span = self.units, (-self.range, self.range)
        shapes = {"W": (n, self.inputs), "U": (n, n)} | ({"b": (n,)} if self.bias else {})
        return {name: Parameter(shape, span) for name, shape in shapes.items()}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: Any, s: Any, x: Any) -> tuple[State, Any]:
        """h' = f(W x + U h + b)."""
        z = p.W @ x + p.U @ s.h
        h = self._f(z + p.b if self.bias else z)
        return State(h=h), h[: self.outputs]
