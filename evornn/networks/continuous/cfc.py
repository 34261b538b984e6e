"""Closed-form continuous-time network (Hasani et al. 2022): the solution of a liquid time-constant network,
approximated in closed form, so that no solver is needed.

    k  = l(W [x; h] + a),  l(v) = 1.7159 tanh(0.666 v)       the backbone, which all units share
    e  = tanh(E k + b_e),  i = tanh(I k + b_i)               where a unit comes from, where it goes to
    r  = s((F k + b_f) dt + D k + b_d)                       how far: s the logistic function
    h' = (1 - r) e + r i
    y  = g(V h' + c)

This is the form of the authors' program ncps, with a learned shift of time. H and b hold the rows of e, i, f, d.
"""

from __future__ import annotations

import numpy as np

from evornn.formula import Node, State, concat, sigmoid, split, tanh
from evornn.networks.units import Shapes, Units
from evornn.options import number, whole


class CfC(Units):
    """Closed-form continuous-time network: a liquid network's solution without a solver (Hasani et al. 2022).

    Further options as for `Units`.
    """

    backbone: int = whole("units of the layer that all heads share", default=6, low=1, high=100_000)
    dt: float = number("time from step to step", default=1.0, low=0, open_low=True)

    def shapes(self) -> Shapes:
        """W [backbone, inputs + units], a [backbone], H [4 units, backbone], b [4 units]."""
        n, k = self.units, self.backbone
        return {"W": (k, self.inputs + n), "a": self.biases(k), "H": (4 * n, k), "b": self.biases(4 * n)}

    def neurons(self) -> dict[str, np.ndarray]:
        """Units, then those of the backbone: rows of W and a."""
        found = super().neurons()
        shared = np.arange(self.units, self.units + self.backbone)
        own = {"W": np.broadcast_to(shared[:, None], (self.backbone, self.inputs + self.units)), "a": shared}
        return {name: own.get(name, places) for name, places in found.items()}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs."""
        return {"h": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """The backbone, its four heads, and the way from one value to the other."""
        k = 1.7159 * tanh(0.666 * (p.W @ concat(x, s.h) + p.a))
        e, i, f, d = split(p.H @ k + p.b, 4)
        e, i, r = tanh(e), tanh(i), sigmoid(f * self.dt + d)
        h = e + r * (i - e)
        return State(h=h), self.read(p, h)
