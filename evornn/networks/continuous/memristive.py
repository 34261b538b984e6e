"""Circuit of memristors (Caravelli, Traversa & Di Ventra 2017, "Complex dynamics of memristive circuits").

    w' = w + dt (alpha w - i / beta), kept in [0, 1]         i = (I + xi Omega W)^-1 Omega S,   W = diag(w)
    S = B x + b: a voltage source in series with each memristor               y = readout of i

w are the memristors' internal states, 1 + xi w their resistances and i their currents, in units of the lowest
resistance. Omega is the projection on the circuit's loops: Kirchhoff's laws. The circuit, `units` memristors between
`nodes` nodes, is drawn from `seed`: a tree, and edges that close loops. As published, w drifts to 1 with alpha > 0.
"""

from __future__ import annotations

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import Node, State, clip, solve
from evornn.memory import check_memory
from evornn.networks.units import WIDEST, Shapes, Units
from evornn.options import number, whole

ROW = 200  # bytes of two memristors while the circuit is drawn


class Memristive(Units):
    """Memristive circuit: w' = alpha w - (1 / beta) (I + xi Omega W)^-1 Omega S (Caravelli et al. 2017).

    bias: with constant voltages b. Further options as for `Units`.
    """

    nodes: int = whole("of the circuit", default=4, low=2, high=10**9)
    units = 6
    alpha: float = number("growth of a state without current, in a unit of time", default=0.1, low=-WIDEST, high=WIDEST)
    beta: float = number("current that moves a state by 1 in a unit of time", default=1.0, low=0, open_low=True)
    xi: float = number("highest resistance by the lowest, less 1", default=5.0, low=0, high=WIDEST)
    dt: float = number("integration step", default=0.1, low=0, high=WIDEST, open_low=True)
    seed: int = whole("of the circuit", default=0, low=0)

    def derive(self) -> None:
        """Refuse a circuit without loops."""
        if self.units < self.nodes:
            raise EvornnError(
                f"units is {self.units} and nodes is {self.nodes}: without at least as many memristors as nodes there "
                "are no loops, and no currents"
            )

    def check(self) -> None:
        """Draw the circuit."""
        super().check()
        check_memory(f"a circuit of {self.units:,} memristors", ROW * self.units**2, "fewer units need less")
        self._ends = circuit(self.nodes, self.units, self.seed)
        self._loops = projection(self.nodes, self._ends)

    def shapes(self) -> Shapes:
        """B [units, inputs], b [units]."""
        return {"B": (self.units, self.inputs), "b": self.biases(self.units)}

    def neurons(self) -> dict[str, np.ndarray]:
        """Voltages drive all memristors of a loop."""
        return {name: np.full_like(u, -1) if name in ("B", "b") else u for name, u in super().neurons().items()}

    def state(self) -> dict[str, tuple[int, ...]]:
        """w [units]: the memristors' states, 0 for the lowest resistance."""
        return {"w": (self.units,)}

    def start(self, p: State) -> State:
        """All half open."""
        return State(w=np.full(self.units, 0.5))

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Currents by Kirchhoff's laws, then Euler's step."""
        A = np.eye(self.units) + self.xi * (self._loops * s.w)
        i = solve(A, self._loops @ (p.B @ x + p.b))
        w = clip(s.w + self.dt * (self.alpha * s.w - i * (1.0 / self.beta)), 0.0, 1.0)
        return State(w=w), self.read(p, i)


def circuit(nodes: int, edges: int, seed: int) -> np.ndarray:
    """Ends [edges, 2] of the edges: a random tree, then edges between nodes that differ."""
    rng = np.random.default_rng([seed, 0])
    tree = [(int(rng.integers(node)), node) for node in range(1, nodes)]
    first = rng.integers(nodes, size=edges - len(tree))
    other = (first + rng.integers(1, nodes, size=len(first))) % nodes
    return np.array([*tree, *zip(first, other, strict=True)], dtype=int)


def projection(nodes: int, ends: np.ndarray) -> np.ndarray:
    """Omega [edges, edges]: onto the currents that flow in loops."""
    incidence = np.zeros((nodes, len(ends)))
    incidence[ends[:, 0], np.arange(len(ends))] = -1.0
    incidence[ends[:, 1], np.arange(len(ends))] = 1.0
    omega = np.eye(len(ends)) - np.linalg.pinv(incidence) @ incidence
    return np.asarray(omega.round(12))  # the last digits depend on the machine's LAPACK
