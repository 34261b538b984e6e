"""Fully recurrent network whose topology evolves: genes say which connections and which units exist.

    h' = on * f((W where A > 0) x + (U where B > 0) h + b)
    y  = the first units of h', or g(V h' + c)

A and B hold a gene for every connection, `on` one for every unit; what has a gene of 0 or less is absent. The genome
has a fixed size, so that any search may look for a topology (Whitley, Starkweather & Bogart 1990); NEAT (Stanley &
Miikkulainen 2002) lets genomes grow instead. The weight of an absent connection is kept in the genome. Units of the
outputs are always there. With a surrogate slope, gradients say what would be better if it existed.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import Node, State, concat, step_function, where
from evornn.formula.surrogates import SLOPES
from evornn.genome import Parameter
from evornn.networks.base import activation
from evornn.networks.recurrent.fully_recurrent import FullyRecurrent
from evornn.networks.units import UNITS, Shapes
from evornn.options import choice, flag, number

NONE = "none"


class Masked(FullyRecurrent):
    """Fully recurrent network with genes that say which connections and which units exist: topology search.

    Further options as for `FullyRecurrent`.
    """

    smooth: ClassVar[bool] = False  # a connection is there or not
    connections: bool = flag("a gene for every connection", default=True)
    growing: bool = flag("a gene for every unit that is no output", default=True)
    density: float = number("share of what exists in the first genomes", default=0.5, low=0.01, high=0.99)
    slope: str = choice(
        "surrogate slope of genes of existence; none: they have no slope",
        [NONE, *SLOPES],
        default=NONE,
    )
    ORDER = ("units", "bias", "activation", "range", "readout", "init")

    def derive(self) -> None:
        """Something must evolve; with surrogate slopes a gradient is of use."""
        self.smooth = self.slope != NONE  # type: ignore[misc]
        if not (self.connections or self.growing):
            raise EvornnError("connections and growing are False: no gene says what exists; that is FullyRecurrent")

    @property
    def always(self) -> int:
        """How many units cannot be absent: the first, if they are the outputs."""
        return self.outputs if self.readout == UNITS else 0

    def masks(self) -> Shapes:
        """A [units, inputs], B [units, units], on [units that are no outputs]."""
        n, hidden = self.units, self.units - self.always
        of_connections: Shapes = {"A": (n, self.inputs), "B": (n, n)} if self.connections else {}
        return of_connections | ({"on": (hidden,)} if self.growing and hidden else {})

    def shapes(self) -> Shapes:
        """W, U, b as of `FullyRecurrent`, then the genes that say what exists."""
        return super().shapes() | self.masks()

    def parameters(self) -> dict[str, Parameter]:
        """Those genes have a range of their own, of which a share of `density` is above 0."""
        range_ = (self.density - 1.0, self.density)
        masks = {name: Parameter(shape, range_) for name, shape in self.masks().items() if shape}
        return super().parameters() | masks

    def neurons(self) -> dict[str, np.ndarray]:
        """As of `FullyRecurrent`; the first genes of `on` are those of the first units that are no outputs."""
        found = super().neurons()
        return found | ({"on": found["on"] + self.always} if "on" in found else {})

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """A step of what exists."""
        W, U = (p.W * self.exists(p.A), p.U * self.exists(p.B)) if self.connections else (p.W, p.U)
        h = activation(self.activation)(W @ x + U @ s.h + p.b)
        if "on" in self.masks():
            h = h * concat(np.ones(self.always), self.exists(p.on))
        return State(h=h), self.read(p, h)

    def exists(self, genes: Node) -> Node:
        """1 where a gene is above 0, else 0."""
        return where(genes > 0, 1.0, 0.0) if self.slope == NONE else step_function(genes, self.slope)
