"""Echo state network (Jaeger 2001; leaky units: Jaeger, Lukosevicius, Popovici & Siewert 2007).

    h' = (1 - leak) h + leak f(W_in x + W h + W_back y + b)
    y' = g(V [h'; x] + c)

W (sparse), W_in, W_back and b are random, made from `seed` and fixed: the same for every individual. W is scaled to its
spectral radius; for radii below 1 the state usually forgets its start (the echo state property). The genome is the
readout V, c.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from evornn.errors import EvornnError, amount
from evornn.formula import Node, SparseMatrix, State, concat
from evornn.memory import check_memory
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import UNITS, WIDEST, Shapes, Units
from evornn.options import choice, flag, number, whole

ENTRY = 64  # bytes of a nonzero weight while it is made
DENSE_UP_TO = 150  # units; from there on a sparse solver finds the spectral radius faster


class EchoState(Units):
    """Echo state network: a fixed sparse random reservoir; the genome is its readout (Jaeger 2001).

    units: of the reservoir. bias: of the readout. Further options as for `Units`.
    """

    units = 100
    density: float = number("share of nonzero recurrent weights", default=0.1, low=0, high=1, open_low=True)
    spectral_radius: float = number("of the recurrent weights", default=0.95, low=0, high=WIDEST, open_low=True)
    leak: float = number("1 for units without memory of their own", default=1.0, low=0, high=1, open_low=True)
    input_scaling: float = number("input weights are uniform in +- this", default=1.0, low=0, high=WIDEST)
    bias_scaling: float = number("reservoir biases are uniform in +- this", default=0.0, low=0, high=WIDEST)
    feedback: float = number("weights from the last outputs: uniform in +- this", default=0.0, low=0, high=WIDEST)
    seed: int = whole("of the fixed weights", default=0, low=0)
    activation: str = choice("f, of the reservoir", ACTIVATIONS, default="tanh")
    direct: bool = flag("the readout sees the inputs too", default=True)
    readout = "linear"

    def derive(self) -> None:
        """Refuse a network without a readout: it would have nothing to search."""
        if self.readout == UNITS:
            raise EvornnError(
                "readout is 'units'; an echo state network is searched through its readout: 'linear', 'tanh'"
            )

    def drawn(self, stream: int, scale: float, *shape: int) -> np.ndarray:
        """Fixed random weights, uniform in +-scale; each stream is independent of the others and of the task."""
        return np.random.default_rng([self.seed, stream]).uniform(-scale, scale, shape)

    def check(self) -> None:
        """Make the fixed weights for the task's sizes."""
        super().check()
        self._reservoir = reservoir(self.units, float(self.density), float(self.spectral_radius), self.seed)
        self._input = self.drawn(1, self.input_scaling, self.inputs, self.units).T
        self._back = self.drawn(2, self.feedback, self.outputs, self.units).T
        self._bias = self.drawn(3, self.bias_scaling, self.units)

    def shapes(self) -> Shapes:
        """The reservoir is fixed."""
        return {}

    def readout_shapes(self, width: int) -> Shapes:
        """V [outputs, units + inputs], c [outputs]."""
        return super().readout_shapes(width + self.inputs * self.direct)

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [units]: the reservoir; y [outputs]: the last outputs, if they are fed back."""
        shapes: dict[str, tuple[int, ...]] = {"h": (self.units,)}
        return shapes | {"y": (self.outputs,)} if self.feedback else shapes

    def forced(self, s: State, y: Node, wanted: Node) -> State:
        """The wanted outputs are fed back."""
        return s.replace(y=wanted) if self.feedback else s

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """The reservoir, then its readout."""
        z = self._input @ x + self._reservoir @ s.h
        z = z + self._back @ s.y if self.feedback else z
        h = activation(self.activation)(z + self._bias if self.bias_scaling else z)
        if self.leak < 1:
            h = s.h + self.leak * (h - s.h)
        y = self.read(p, concat(h, x) if self.direct and self.readout != UNITS else h)
        return State(h=h, y=y) if self.feedback else State(h=h), y


@functools.lru_cache(maxsize=16)
def reservoir(units: int, density: float, radius: float, seed: int) -> SparseMatrix:
    """Sparse random weights [units, units], nonzeros uniform in +-1, scaled to the spectral radius."""
    from scipy import sparse

    rng = np.random.default_rng([seed, 0])
    entries = max(1, round(density * units * units))
    drawn_whole = units > 100 and entries > units * units // 50  # how NumPy then draws places: a table of all
    needed = ENTRY * entries + (8 * units * units if drawn_whole else 0)
    what = f"a reservoir of {units:,} units and density {amount(density)}"
    check_memory(what, needed, "fewer units or a smaller density need less")
    places = rng.choice(units * units, entries, replace=False)
    weights = sparse.csr_array((rng.uniform(-1.0, 1.0, entries), np.divmod(places, units)), shape=(units, units))
    if not has_loops(weights):
        raise EvornnError(
            f"density is {density:g}: with {units} units the reservoir has no loops, so its spectral radius is 0; "
            "it must be larger"
        )
    actual = float(f"{spectral_radius(weights):.10g}")  # its last digits depend on the machine's BLAS and threads
    return SparseMatrix(weights * (radius / actual))


def has_loops(weights: Any) -> bool:
    """Whether any unit can reach itself; without, every eigenvalue is 0 (and numerically anything)."""
    from scipy.sparse import csgraph

    components, _ = csgraph.connected_components(weights, connection="strong")
    return bool(components < weights.shape[0] or weights.diagonal().any())


def spectral_radius(weights: Any) -> float:
    """The largest |eigenvalue| of a sparse matrix."""
    from scipy.sparse import linalg

    n = weights.shape[0]
    if n > DENSE_UP_TO:
        try:
            start = np.random.default_rng(0).uniform(-1.0, 1.0, n)  # ARPACK's own start differs from call to call
            found = linalg.eigs(weights, k=2, which="LM", v0=start, ncv=64, return_eigenvectors=False)
            return float(np.abs(found).max())
        except linalg.ArpackNoConvergence:
            pass
    return float(np.abs(np.linalg.eigvals(weights.toarray())).max())
