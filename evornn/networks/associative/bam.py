"""Bidirectional associative memory (Kosko 1988): two layers that recall each other's patterns.

    b' = sgn(W a + d)                 W = sum b a^T over the pairs (a, b)
    a' = sgn(W^T b' + B x + c)        E = -b^T W a, which never rises

A unit in a field of 0 stays as it is; both layers begin at 0. The layer b is read. W is made of the pairs or evolved.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import EvornnError, shown
from evornn.formula import Node, State
from evornn.networks.associative.patterns import bipolar, threshold
from evornn.networks.units import Shapes, Units
from evornn.options import other, whole

Pairs = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


def _pairs(what: str, value: Any, owner: Any = None) -> Pairs:
    try:
        first, second = zip(*value, strict=True)
    except (TypeError, ValueError):
        raise EvornnError(f"{what} is {shown(value)}; it must be pairs (a, b) of rows of -1 and 1") from None
    return tuple(zip(bipolar(what, first), bipolar(what, second), strict=True))


class BAM(Units):
    """Bidirectional associative memory: two layers recall each other's patterns (Kosko 1988).

    units: of the layer b, which is read. Further options as for `Units`.
    """

    smooth = False
    keys: int = whole("units of the layer a, which sees the inputs", default=6, low=1)
    pairs: Any = other(
        "stored: (a, b), rows of -1 and 1; None: weights are evolved", default=None, allowed="pairs", check=_pairs
    )

    def derive(self) -> None:
        """The weights that the pairs give."""
        if self.pairs is not None:
            a, b = (np.array([pair[k] for pair in self.pairs], dtype=np.float64) for k in (0, 1))
            self.keys, self.units = a.shape[1], b.shape[1]
            self._weights = b.T @ a

    def shapes(self) -> Shapes:
        """W [units, keys], if it is evolved; d [units], B [keys, inputs], e [keys]."""
        W = None if self.pairs is not None else (self.units, self.keys)
        return {"W": W, "d": self.biases(self.units), "B": (self.keys, self.inputs), "e": self.biases(self.keys)}

    def neurons(self) -> dict[str, np.ndarray]:
        """The units of b, then those of a."""
        return {name: u + self.units * (name in ("B", "e")) for name, u in super().neurons().items()}

    def state(self) -> dict[str, tuple[int, ...]]:
        """a [keys] and b [units]: the layers."""
        return {"a": (self.keys,), "b": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """There and back."""
        W = p.W if self.pairs is None else self._weights
        b = threshold(W @ s.a + p.d, s.b)
        a = threshold(W.T @ b + p.B @ x + p.e, s.a)
        return State(a=a, b=b), self.read(p, b)
