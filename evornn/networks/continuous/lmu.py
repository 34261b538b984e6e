"""Legendre memory unit (Voelker, Kajic & Eliasmith 2019): a linear memory m of the last `window` steps of one signal u,
and units that write and read it.

    u  = e_x x + e_h h + e_m m
    m' = A m + B u                  u(t - r window) is near sum_i P_i(2 r - 1) m_i, P_i Legendre's polynomials
    h' = f(W x + U h + M m' + b)
    y  = g(V h' + c)

A and B are fixed: window dm/dt = A_ m + B_ u held for a step (zero-order hold), where, for i, j from 0 to order - 1,
A_ij = (2i + 1) (-1 if i < j else (-1)^(i-j+1)) and B_i = (2i + 1) (-1)^i. The paper's units have no biases.
"""

from __future__ import annotations

import numpy as np

from evornn.formula import Node, State, dot
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import Shapes, Units
from evornn.options import choice, number, whole


class LMU(Units):
    """Legendre memory unit: units write to and read from a memory of a sliding window (Voelker et al. 2019).

    Further options as for `Units`.
    """

    bias = False
    order: int = whole("numbers in the memory: Legendre polynomials of degrees below this", default=4, low=1, high=256)
    window: float = number("how far the memory reaches back, in steps", default=10.0, low=1)
    activation: str = choice("f", ACTIVATIONS, default="tanh")

    def derive(self) -> None:
        """The memory's matrices for a step."""
        self._A, self._B = legendre_delay(self.order, self.window)

    def shapes(self) -> Shapes:
        """ex [inputs], eh [units], em [order]: what is written; W, U, M [units, order], b [units]."""
        n = self.units
        written: Shapes = {"ex": (self.inputs,), "eh": (n,), "em": (self.order,)}
        return written | {"W": (n, self.inputs), "U": (n, n), "M": (n, self.order), "b": self.biases(n)}

    def neurons(self) -> dict[str, np.ndarray]:
        """What is written to the memory is a neuron more, after the units."""
        found = super().neurons()
        return found | {name: np.full_like(found[name], self.units) for name in ("ex", "eh", "em")}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the units' outputs; m [order]: the memory."""
        return {"h": (self.units,), "m": (self.order,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Write to the memory, then let the units read it."""
        u = dot(p.ex, x) + dot(p.eh, s.h) + dot(p.em, s.m)
        m = self._A @ s.m + self._B * u
        h = activation(self.activation)(p.W @ x + p.U @ s.h + p.M @ m + p.b)
        return State(h=h, m=m), self.read(p, h)


def legendre_delay(order: int, window: float) -> tuple[np.ndarray, np.ndarray]:
    """A [order, order] and B [order] of a step of the memory: a delay line of `window` steps, by zero-order hold."""
    from scipy.linalg import expm

    i, j = np.indices((order, order))
    slope = np.zeros((order + 1, order + 1))
    slope[:order, :order] = (2 * i + 1) * np.where(i < j, -1.0, (-1.0) ** (i - j + 1))
    slope[:order, order] = (2 * i[:, 0] + 1) * (-1.0) ** i[:, 0]
    held = np.round(expm(slope / window), 12)  # its last digits depend on the machine's BLAS
    return held[:order, :order], held[:order, order]
