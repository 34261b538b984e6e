"""The one place that imports pyswarms: without its log file, without touching the root logger, and what works of it.

Ring and von Neumann neighbourhoods are tables of our own: pyswarms' ring is one of distances, searched for anew in
every step (here "nearest"), and its VonNeumann breaks for some swarm sizes.

Importing pyswarms, or building any of its handlers and topologies, configures logging: it opens `report.log` in the
current folder (and fails where that cannot be written) and replaces the root logger's handlers. Here both happen with
`logging.config.dictConfig` switched off.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

BOUND_RULES = ("nearest", "reflective", "shrink", "intermediate", "periodic")
VELOCITY_RULES = ("unmodified", "invert", "zero")
TOPOLOGIES = ("global", "ring", "von_neumann", "nearest")
REFUSED = {  # what pyswarms 1.3 also names, and why it is not offered
    "random": "pyswarms puts all stray particles of a step on one point",
    "adjust": "pyswarms computes it from positions before the move, which freezes the swarm",
    "pyramid": "pyswarms' Pyramid topology raises on current SciPy",
}

_LOCK = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Within the block nothing configures logging."""
    import logging.config

    with _LOCK:
        configure = logging.config.dictConfig
        logging.config.dictConfig = lambda *_: None
        try:
            yield
        finally:
            logging.config.dictConfig = configure


def neighbour_table(topology: str, count: int, k: int) -> np.ndarray | None:
    """Who informs each of `count` particles [count, m], itself included; None where that is not a matter of numbers.

    "ring": the `k` particles around it. "von_neumann": those beside, above and below it on a square lattice that is
    closed like a helix, so that any number of particles fills it (Kennedy & Mendes 2002).
    """
    if topology == "ring":
        steps = np.arange(k) - (k - 1) // 2
    elif topology == "von_neumann":
        row = max(1, round(count**0.5))
        steps = np.array([0, -1, 1, -row, row])
    else:
        return None
    return (np.arange(count)[:, None] + steps) % count


class SwarmBackend:
    """pyswarms' swarm, topology and handlers for one particle swarm in a box; every draw is from `numpy.random`."""

    def __init__(
        self, topology: str, bound_rule: str, velocity_rule: str, bounds: tuple[np.ndarray, np.ndarray],
        clamp: tuple[np.ndarray, np.ndarray], neighbours: dict[str, int], static: bool, table: np.ndarray | None,
    ) -> None:  # fmt: skip
        with _quiet():
            from pyswarms.backend import compute_pbest, create_swarm
            from pyswarms.backend.handlers import BoundaryHandler, VelocityHandler
            from pyswarms.backend.topology import Ring, Star

            self.topology: Any = Ring(static=static) if topology == "nearest" else Star()
            self.bound_handler: Any = BoundaryHandler(strategy=bound_rule)
            self.free: Any = VelocityHandler(strategy="unmodified")
            self.stray: Any = VelocityHandler(strategy=velocity_rule)
        self._create, self._personal_best = create_swarm, compute_pbest
        self.velocity_rule = velocity_rule
        self.bounds, self.clamp, self.neighbours, self.table = bounds, clamp, neighbours, table

    def create(self, positions: np.ndarray, options: dict[str, float]) -> Any:
        """A swarm at `positions [P, D]` with random velocities inside the clamp and no best known."""
        swarm = self._create(
            len(positions), positions.shape[1], options=options, bounds=self.bounds, clamp=self.clamp,
            init_pos=positions,
        )  # fmt: skip
        swarm.pbest_cost = np.full(len(positions), np.inf)
        swarm.best_pos = positions[0].copy()  # attracts until a cost is finite; pyswarms raises without one
        self.topology.neighbor_idx = None
        return swarm

    def learn(self, swarm: Any, cost: np.ndarray) -> None:
        """Update personal and neighbourhood bests with the cost [P] of the current positions."""
        swarm.current_cost = cost
        swarm.pbest_pos, swarm.pbest_cost = self._personal_best(swarm)
        if self.table is None:
            swarm.best_pos, swarm.best_cost = self.topology.compute_gbest(swarm, **self.neighbours)
        else:
            best = np.argmin(swarm.pbest_cost[self.table], axis=1)
            swarm.best_pos = swarm.pbest_pos[self.table[np.arange(len(best)), best]]
            swarm.best_cost = swarm.pbest_cost.min()

    def move(self, swarm: Any) -> None:
        """One step of velocities and positions; the positions stay inside the bounds.

        pyswarms applies its velocity rules to the repaired positions, where none is out of bounds, so they never act;
        here they get the positions before the repair (Helwig 2010).
        """
        lower, upper = self.bounds
        swarm.velocity = self.topology.compute_velocity(swarm, self.clamp, self.free, self.bounds)
        raw = swarm.position + swarm.velocity
        self.bound_handler.memory = swarm.position
        swarm.position = self.topology.compute_position(swarm, self.bounds, self.bound_handler)
        swarm.position = np.clip(swarm.position, lower, upper)  # "shrink" may miss a bound by a rounding error
        if self.velocity_rule != "unmodified":
            out = ((raw < lower) | (raw > upper)).any(axis=1, keepdims=True)
            marked = np.where(out, lower - 1.0, lower)  # once: "invert" turns particles out at both ends back again
            swarm.velocity = self.stray(swarm.velocity.copy(), self.clamp, position=marked, bounds=self.bounds)
