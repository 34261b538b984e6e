"""The one place that imports pyswarms: without its log file, without touching the root logger, and what works of it.

pyswarms' own are all bound rules but "reflective", the velocity rules and the search for the nearest neighbours. The
step itself and "reflective" are its formulas in arrays that are changed in place: the same positions to the last bit
(a test compares them) in a third of the time, which goes into temporary arrays, lists of stray genes and the global
random stream's slower numbers.

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

from evornn.search.core.operators import within
from evornn.sharing import STREAMS

BOUND_RULES = ("nearest", "reflective", "shrink", "intermediate", "periodic")
VELOCITY_RULES = ("unmodified", "invert", "zero")
TOPOLOGIES = ("global", "ring", "von_neumann", "nearest")
REFUSED = {  # what pyswarms 1.3 also names, and why it is not offered
    "random": "pyswarms puts all stray particles of a step on one point",
    "adjust": "pyswarms computes it from positions before the move, which freezes the swarm",
    "pyramid": "pyswarms' Pyramid topology raises on current SciPy",
}


@contextmanager
def _quiet() -> Iterator[None]:
    """Within the block nothing that this thread does configures logging."""
    import logging.config

    with STREAMS:
        configure, here = logging.config.dictConfig, threading.get_ident()

        def others(*arguments: Any, **options: Any) -> None:
            if threading.get_ident() != here:
                configure(*arguments, **options)

        logging.config.dictConfig = others
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
    """pyswarms' swarm, handlers and neighbourhoods for one particle swarm in a box."""

    def __init__(
        self,
        topology: str,
        bound_rule: str,
        velocity_rule: str,
        bounds: tuple[np.ndarray, np.ndarray],
        clamp: tuple[np.ndarray, np.ndarray],
        neighbours: dict[str, int],
        static: bool,
        table: np.ndarray | None,
    ) -> None:
        with _quiet():
            from pyswarms.backend.handlers import BoundaryHandler, VelocityHandler
            from pyswarms.backend.swarms import Swarm
            from pyswarms.backend.topology import Ring

            self.nearest: Any = Ring(static=static) if topology == "nearest" else None
            self.bound_handler: Any = BoundaryHandler(strategy=bound_rule)
            self.stray: Any = VelocityHandler(strategy=velocity_rule)
        self._swarm = Swarm
        self.bound_rule, self.velocity_rule = bound_rule, velocity_rule
        self.bounds, self.clamp, self.neighbours, self.table = bounds, clamp, neighbours, table

    def create(self, positions: np.ndarray, velocities: np.ndarray, options: dict[str, float]) -> Any:
        """A swarm at `positions [P, D]` with `velocities [P, D]` and no best known."""
        swarm = self._swarm(positions, velocities, options=options)
        swarm.pbest_pos = positions.copy()
        swarm.pbest_cost = np.full(len(positions), np.inf)
        swarm.best_pos = positions[0].copy()  # attracts until a cost is finite
        if self.nearest is not None:
            self.nearest.neighbor_idx = None
        return swarm

    def learn(self, swarm: Any, cost: np.ndarray) -> None:
        """Update personal and neighbourhood bests with the cost [P] of the current positions."""
        swarm.current_cost = cost
        better = np.flatnonzero(cost < swarm.pbest_cost)
        swarm.pbest_pos[better], swarm.pbest_cost[better] = swarm.position[better], cost[better]
        if self.nearest is not None:
            swarm.best_pos, swarm.best_cost = self.nearest.compute_gbest(swarm, **self.neighbours)
        elif self.table is not None:
            best = np.argmin(swarm.pbest_cost[self.table], axis=1)
            swarm.best_pos = swarm.pbest_pos[self.table[np.arange(len(best)), best]]
            swarm.best_cost = swarm.pbest_cost.min()
        elif swarm.pbest_cost.min() < swarm.best_cost:
            leader = np.argmin(swarm.pbest_cost)
            swarm.best_pos, swarm.best_cost = swarm.pbest_pos[leader].copy(), swarm.pbest_cost[leader]

    def velocity(self, swarm: Any, rng: np.random.Generator) -> np.ndarray:
        """The next velocities [P, D]: pyswarms' `compute_velocity` and clamp, bit for bit."""
        velocity = swarm.options["w"] * swarm.velocity
        for coefficient, goal in (("c1", swarm.pbest_pos), ("c2", swarm.best_pos)):
            pull = rng.random(velocity.shape)
            pull *= swarm.options[coefficient]
            pull *= goal - swarm.position
            velocity += pull
        return within(velocity, *self.clamp)

    def move(self, swarm: Any, rng: np.random.Generator) -> None:
        """One step of velocities and positions; the positions stay inside the bounds.

        pyswarms applies its velocity rules to the repaired positions, where none is out of bounds, so they never act;
        here they get the positions before the repair (Helwig 2010).
        """
        lower, upper = self.bounds
        swarm.velocity = self.velocity(swarm, rng)
        moved = swarm.position + swarm.velocity
        if self.velocity_rule != "unmodified":
            out = ((moved < lower) | (moved > upper)).any(axis=1, keepdims=True)
            marked = np.where(out, lower - 1.0, lower)  # once: "invert" turns particles out at both ends back again
            swarm.velocity = self.stray(swarm.velocity.copy(), self.clamp, position=marked, bounds=self.bounds)
        if self.bound_rule == "reflective":
            swarm.position = bounced(moved, lower, upper)
        else:
            self.bound_handler.memory = swarm.position
            repaired = self.bound_handler(moved, self.bounds)
            swarm.position = within(repaired, lower, upper)  # "shrink" may miss a bound by a rounding error


def bounced(positions: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """The positions [P, D] reflected in place at the bounds [D] as often as needed: pyswarms' rule, bit for bit."""
    while True:
        np.maximum(positions, 2.0 * lower - positions, out=positions)  # the larger one is inside of this bound
        np.minimum(positions, 2.0 * upper - positions, out=positions)
        if not (positions < lower).any():
            return positions
