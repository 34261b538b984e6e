"""Base of networks of units: weight ranges, the initial draw, biases, and how units become outputs."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Self

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import Node, State
from evornn.genome import Parameter
from evornn.networks.base import ACTIVATIONS, Network, activation, by_rows
from evornn.options import Order, choice, flag, number, whole

WIDEST = 1e100  # range of weights: sums of products of such stay finite
UNITS = "units"  # the readout that is no readout: the first units are the outputs
Shapes = dict[str, tuple[int, ...] | None]  # of parameters; None: absent, read as 0


class Units(Network):
    """Base of networks with a vector of unit outputs h. A subclass gives `shapes`, `state` and `step`.

    Its outputs y are the first units (readout "units"), or an output layer y = f(V h + c) with the activation f.
    """

    units: Any = whole("number of units", default=5, low=1)
    bias: bool = flag("with biases", default=True)
    readout: str = choice(
        "activation of the outputs; units: these are the first units",
        [UNITS, *ACTIVATIONS],
        default="tanh",
        kw_only=True,
    )
    range: float = number("weights lie in +-range", default=6.0, low=0, high=WIDEST, open_low=True, kw_only=True)
    init: float | None = number(
        "first weights lie in +-init; None: +-range",
        default=None,
        low=0,
        high="range",
        open_low=True,
        kw_only=True,
    )
    ORDER: ClassVar[Order] = ("units", "bias", ..., "readout", "range", "init")

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

    def shapes(self) -> Shapes:
        """Names and shapes of the units' weights and biases, in genome order; None for those that are absent."""
        raise EvornnError(f"{type(self).__name__} names no parameters")

    def weight(self, shape: tuple[int, ...]) -> Parameter:
        """A parameter with the network's range and initial draw."""
        return Parameter(shape, (-self.range, self.range), None if self.init is None else (-self.init, self.init))

    def biases(self, count: int) -> tuple[int] | None:
        """The shape of so many biases, None without."""
        return (count,) if self.bias else None

    def readout_shapes(self, width: int) -> Shapes:
        """V [outputs, width] and c [outputs] of the output layer; none if units are the outputs."""
        return {} if self.readout == UNITS else {"V": (self.outputs, width), "c": self.biases(self.outputs)}

    def parameters(self) -> dict[str, Parameter]:
        """The units' parameters, then those of the output layer."""
        shapes = self.shapes() | self.readout_shapes(self.width)
        return {name: self.weight(shape) for name, shape in shapes.items() if shape is not None}

    @property
    def absent_parameters(self) -> tuple[str, ...]:
        """Those whose shape is None."""
        shapes = self.shapes() | self.readout_shapes(self.width)
        return tuple(name for name, shape in shapes.items() if shape is None)

    def neurons(self) -> dict[str, np.ndarray]:
        """A unit has its rows, those of all its gates, and what the output layer reads of it: a column of V. Biases of
        the outputs are shared.
        """
        readout = self.readout_shapes(self.width)
        return {
            name: units_read(q.shape) if name in readout else by_rows(q.shape, self.width)
            for name, q in self.parameters().items()
        }

    def read(self, p: State, h: Node) -> Node:
        """Outputs y [outputs] from unit outputs h."""
        return h[: self.outputs] if self.readout == UNITS else activation(self.readout)(p.V @ h + p.c)


def units_read(shape: tuple[int, ...]) -> np.ndarray:
    """Units [*shape] of a readout: column j of V [outputs, units] belongs to unit j, c [outputs] to all of them."""
    return np.broadcast_to(np.arange(shape[1]) if len(shape) > 1 else np.array(-1), shape)
