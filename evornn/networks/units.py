"""What networks of units share: weight ranges, the initial draw, biases, and how units become outputs."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Self

import numpy as np

from evornn.errors import EvornnError, check_choice, check_flag, check_range
from evornn.genome import Parameter
from evornn.networks.base import ACTIVATIONS, Network, activation, by_rows

WIDEST = 1e100  # range of weights: sums of products of such stay finite
UNITS = "units"  # the readout that is no readout: the first units are the outputs


class Units(Network):
    """Base of networks with a vector of unit outputs h. A subclass gives `shapes`, `state` and `step`.

    units: number of units. bias: with biases. readout: "units" (the first units are the outputs) or the activation f of
    an own output layer y = f(V h + c): tanh, sigmoid, relu, sin, linear. range: weights and biases are searched in
    [-range, range]. init: the first ones are drawn from [-init, init]; default: range.
    """

    PLURAL: ClassVar[bool] = False  # whether `units` may be a list, one for each layer
    units: Any

    def __init__(self, units: Any, bias: bool, readout: str, range: float, init: float | None) -> None:
        if self.PLURAL and isinstance(units, list | tuple):
            check_range("the number of layers in units", len(units), 0, 1000, integer=True)
            self.units = [check_range("units", n, 1, integer=True) for n in units]
        else:
            self.units = check_range("units", units, 1, integer=True)
        self.bias = check_flag("bias", bias)
        self.readout = check_choice("readout", readout, [UNITS, *ACTIVATIONS])
        self.range = check_range("range", range, 0, WIDEST, open_low=True)
        self.init = None if init is None else check_range("init", init, 0, self.range, open_low=True)

    @property
    def width(self) -> int:
        """How many unit outputs there are."""
        return int(self.units)

    def check(self) -> None:
        """The outputs are units, or have their own layer."""
        if self.readout == UNITS and self.width < self.outputs:
            raise EvornnError(
                f"units is {self.units}; the task has {self.outputs} actions and the first units are the outputs, so "
                f"at least {self.outputs} are needed; or give the outputs their own layer, for example readout='tanh'"
            )

    def layer(self) -> Self:
        """A copy that hands on all its units: a lower layer of a stack."""
        lower = copy.copy(self)
        lower.readout = UNITS
        return lower

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the units' weights and biases, in genome order."""
        raise EvornnError(f"{type(self).__name__} names no parameters")

    def weight(self, shape: tuple[int, ...]) -> Parameter:
        """A parameter with the network's range and initial draw."""
        return Parameter(shape, (-self.range, self.range), None if self.init is None else (-self.init, self.init))

    def readout_shapes(self, width: int) -> dict[str, tuple[int, ...]]:
        """V [outputs, width] and c [outputs] of the output layer; none if units are the outputs."""
        if self.readout == UNITS:
            return {}
        return {"V": (self.outputs, width)} | ({"c": (self.outputs,)} if self.bias else {})

    def parameters(self) -> dict[str, Parameter]:
        """The units' parameters, then those of the output layer."""
        shapes = self.shapes() | self.readout_shapes(self.width)
        return {name: self.weight(shape) for name, shape in shapes.items()}

    def neurons(self) -> dict[str, np.ndarray]:
        """A unit has its rows, those of all its gates, and what the output layer reads of it: a column of V. Biases of
        the outputs are shared.
        """
        readout = self.readout_shapes(self.width)
        return {
            name: units_read(q.shape) if name in readout else by_rows(q.shape, self.width)
            for name, q in self.parameters().items()
        }

    def read(self, p: Any, h: Any) -> Any:
        """Outputs y [outputs] from unit outputs h."""
        if self.readout == UNITS:
            return h[: self.outputs]
        return activation(self.readout)(self.add(p.V @ h, p, "c"))

    def add(self, z: Any, p: Any, name: str) -> Any:
        """z plus the bias called `name`, if the network has biases."""
        return z + getattr(p, name) if self.bias else z


def units_read(shape: tuple[int, ...]) -> np.ndarray:
    """Units [*shape] of a readout: column j of V [outputs, units] belongs to unit j, c [outputs] to all of them."""
    return np.broadcast_to(np.arange(shape[1]) if len(shape) > 1 else np.array(-1), shape)
