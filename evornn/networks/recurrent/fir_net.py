"""Network whose synapses are filters: FIR (Wan 1990) or IIR (Back & Tsoi 1991; Campolucci, Uncini, Piazza & Rao 1999).

    v_ij(t) = sum_k W_ijk x_j(t-k) + sum_m A_ijm v_ij(t-m)     k = 0..taps-1, m = 1..feedback
    h_i = f(sum_j v_ij + b_i),  y = g(the same sums of filters of h, with V, D, c)

Every synapse filters what passes it, so a connection remembers, not a unit; a layer is feedforward otherwise. Without
feedback the memory ends after `taps` steps (finite impulse response); with it, each synapse is an ARMA filter (infinite
impulse response), stable where its sum of |A| is below 1, to which the range of A keeps it.
"""

from __future__ import annotations

import functools
from operator import add

import numpy as np

from evornn.formula import Node, State, concat, sum
from evornn.genome import Parameter
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import UNITS, Shapes, Units
from evornn.options import choice, number, whole


class FIRNet(Units):
    """Network whose synapses are FIR filters, or IIR filters with feedback (Wan 1990; Back & Tsoi 1991).

    units: hidden units. readout: g. Further options as for `Units`.
    """

    taps: int = whole("values that a synapse sees: the present one and those before it", default=3, low=1, high=1000)
    feedback: int = whole("own earlier values that a synapse sees; 0: FIR", default=0, low=0, high=1000)
    decay: float = number("the sum of |A| of a synapse stays below this", default=0.95, low=0, high=1, open_low=True)
    activation: str = choice("f, of the hidden units", ACTIVATIONS, default="tanh")

    def shapes(self) -> Shapes:
        """W [units, taps inputs], latest first; A [units, feedback inputs], if there is any; b [units]."""
        n = self.units
        own: Shapes = {"A": (n, self.feedback * self.inputs)} if self.feedback else {}
        return {"W": (n, self.taps * self.inputs)} | own | {"b": self.biases(n)}

    def readout_shapes(self, width: int) -> Shapes:
        """V [outputs, taps units] and D [outputs, feedback units], filters as of the units; c [outputs]."""
        if self.readout == UNITS:
            return {}
        own: Shapes = {"D": (self.outputs, self.feedback * width)} if self.feedback else {}
        return {"V": (self.outputs, self.taps * width)} | own | {"c": self.biases(self.outputs)}

    def parameters(self) -> dict[str, Parameter]:
        """A and D keep synapses stable."""
        most = self.decay / max(1, self.feedback)
        found = super().parameters()
        return found | {name: Parameter(found[name].shape, (-most, most)) for name in ("A", "D") if name in found}

    def neurons(self) -> dict[str, np.ndarray]:
        """A unit has its rows, and the columns of V and D that read it."""
        found = super().neurons()
        return found | {name: found[name] % self.units for name in ("V", "D") if name in found}

    def state(self) -> dict[str, tuple[int, ...]]:
        """x [(taps - 1) inputs], h [(taps - 1) units]: what came in; x1, x2, ... [units, inputs] and h1, h2, ...
        [outputs, units]: what the synapses gave 1, 2, ... steps ago.
        """
        layers = {"x": (self.units, self.inputs)}
        layers |= {} if self.readout == UNITS else {"h": (self.outputs, self.units)}
        shapes: dict[str, tuple[int, ...]] = {}
        for name, shape in layers.items():
            shapes |= {name: ((self.taps - 1) * shape[1],)} if self.taps > 1 else {}
            shapes |= {f"{name}{m}": shape for m in range(1, self.feedback + 1)}
        return shapes

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """The hidden layer, then the output layer, of the same kind of synapses."""
        z, after = self.filtered("x", x, s, p.W, p.A if self.feedback else None)
        h = activation(self.activation)(z + p.b)
        if self.readout == UNITS:
            return State(**after), self.read(p, h)
        z, later = self.filtered("h", h, s, p.V, p.D if self.feedback else None)
        return State(**after, **later), activation(self.readout)(z + p.c)

    def filtered(self, name: str, x: Node, s: State, W: Node, A: Node | None) -> tuple[Node, dict[str, Node]]:
        """Sums of the synapses' filters of x, and the state of the filters after that."""
        m = x.shape[0]
        line = concat(x, getattr(s, name)) if self.taps > 1 else x
        after = {name: line[:-m]} if self.taps > 1 else {}
        if A is None:
            return W @ line, after
        past = [getattr(s, f"{name}{k}") for k in range(1, self.feedback + 1)]
        seen = [line[k * m : (k + 1) * m] for k in range(self.taps)]
        v = blocks(W, seen, m) + blocks(A, past, m)
        return sum(v, axis=1), after | {f"{name}{k}": value for k, value in enumerate([v, *past[:-1]], 1)}


def blocks(weights: Node, values: list[Node], m: int) -> Node:
    """Sum over k of block k of the weights, m columns each, times values[k], [m] or [n, m]."""
    return functools.reduce(add, (weights[:, k * m : (k + 1) * m] * value for k, value in enumerate(values)))
