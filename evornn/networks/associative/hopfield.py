"""Hopfield network (Hopfield 1982; with continuous units 1984): patterns are stored as minima of an energy.

    v_i = sgn(sum_j T_ij v_j + sum_k B_ik x_k + b_i)         T_ij = T_ji, T_ii = 0
    E = -1/2 v^T T v - v^T (B x + b)

Asynchronous: one unit after the other, one a step; E never rises. Synchronous: all units at once; cycles of 2 are
possible. Continuous: u' = u + dt (-u + T v + B x + b), v = tanh(gain u). A unit in a field of 0 stays as it is.

The first observation sets all units, as B x + b says. T is made of the patterns, by Hebb's rule T = sum p p^T / N or as
the projection on them (Personnaz, Guyon & Dreyfus 1985), or is evolved: the symmetric part of W.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.formula import Node, State, dot, lookup, put, tanh, where
from evornn.networks.associative.patterns import RULES, Patterns, bipolar, threshold
from evornn.networks.units import Shapes, Units
from evornn.options import choice, number, other

FIRST = State(t=0)  # for who calls a step by hand
UPDATES = ("asynchronous", "synchronous", "continuous")


class Hopfield(Units):
    """Hopfield network: symmetric weights, stored or evolved; it falls into the nearest pattern (Hopfield 1982, 1984).

    units: as many as a pattern has, where there are any. Further options as for `Units`.
    """

    smooth = False  # but with continuous units
    patterns: Patterns | None = other(
        "stored: rows of -1 and 1; None: weights are evolved", default=None, allowed="rows of -1, 1", check=bipolar
    )
    rule: str = choice("how patterns become weights", RULES, default="hebbian")
    update: str = choice("of the units", UPDATES, default="synchronous")
    gain: float = number("steepness of continuous units", default=2.0, low=0, high=1e3, open_low=True)
    dt: float = number("step of continuous units, in their time constant", default=0.2, low=0, high=1, open_low=True)

    def derive(self) -> None:
        """The weights that the patterns give."""
        self.smooth = self.update == "continuous"  # type: ignore[misc]
        if self.patterns is not None:
            self.units = len(self.patterns[0])
            self._weights = RULES[self.rule](self.patterns)

    def shapes(self) -> Shapes:
        """B [units, inputs], b [units]; W [units, units], if it is evolved."""
        n = self.units
        return {"W": None if self.patterns is not None else (n, n), "B": (n, self.inputs), "b": self.biases(n)}

    def neurons(self) -> dict[str, np.ndarray]:
        """A weight of W belongs to two units alike."""
        return {name: u if name != "W" else np.full_like(u, -1) for name, u in super().neurons().items()}

    def state(self) -> dict[str, tuple[int, ...]]:
        """v [units]: what the units give; u [units], of continuous ones: their potentials."""
        return {"v": (self.units,)} | ({"u": (self.units,)} if self.smooth else {})

    def weights(self, p: State) -> Any:
        """T [units, units]."""
        return 0.5 * (1.0 - np.eye(self.units)) * (p.W + p.W.T) if self.patterns is None else self._weights

    def step(self, p: State, s: State, x: Node, now: State = FIRST) -> tuple[State, Node]:
        """All units, or unit t modulo their number."""
        T, drive = self.weights(p), p.B @ x + p.b
        if self.update == "continuous":
            u = s.u + self.dt * (T @ s.v - s.u + drive)
            v = tanh(self.gain * u)
            return State(v=v, u=u), self.read(p, v)
        if self.update == "synchronous":
            v = threshold(T @ s.v + drive, s.v)
            return State(v=v), self.read(p, v)
        v, i = where(now.t == 0, threshold(drive, s.v), s.v), now.t % self.units
        row = T[i] if self.patterns is None else lookup(T, i)
        v = put(v, i, threshold(dot(row, v) + drive[i], v[i]))
        return State(v=v), self.read(p, v)
