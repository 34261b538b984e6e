"""Particle swarm optimization on pyswarms' update rules (Kennedy & Eberhart 1995).

    v' = w v + c1 r1 (own best - x) + c2 r2 (neighbourhood's best - x),   x' = x + v'

with r1, r2 uniform in [0, 1] for each particle and gene. Clerc & Kennedy's constriction (2002) with phi = c1 + c2 > 4
multiplies all of v' by chi = 2 / (phi - 2 + sqrt(phi^2 - 4 phi)); the defaults are those for phi = 4.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_choice, check_range, shown
from evornn.memory import check_memory
from evornn.options import flag, number, other, whole
from evornn.search.core.memory import MemoryModel
from evornn.search.core.restarts import RestartingSearch
from evornn.search.swarm.pyswarms_rules import (
    BOUND_RULES,
    REFUSED,
    TOPOLOGIES,
    VELOCITY_RULES,
    SwarmBackend,
    neighbour_table,
)

INERTIA, CONSTRICTED = 0.7298, 1.49618  # the usual rounding of phi = 4.1


class ParticleSwarm(RestartingSearch):
    """Particle swarm on pyswarms: global best, ring or lattice neighbourhoods, bound handling, velocity rules.

    `population` counts particles; `topology` "global" (all follow one best), "ring" (each follows the best of the `k`
    around it by number, itself included), "von_neumann" (of its four neighbours on a square lattice and itself) or
    "nearest" (of its `k` nearest, itself included, by the Minkowski norm `p`). `inertia` w, `c1`, `c2` are as above;
    from `constriction` phi all three follow, c1 = c2. "invert" turns velocities back at half speed. First velocities
    are uniform inside `velocity_clamp`.

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never) the swarm is drawn anew; `restarts` counts them.
    With `topology="global"` and the same stream it moves exactly as `pyswarms.single.GlobalBestPSO`.
    """

    topology: str = other(
        "whose best a particle follows",
        default="global",
        allowed=", ".join(TOPOLOGIES),
        check=lambda what, value, owner: _offered(what, value, TOPOLOGIES),
    )
    k: int = other("neighbours, itself included", default=3, allowed=">= 1")
    p: int = whole("Minkowski norm of distances", default=2, low=1, high=2)
    static: bool = flag("the first neighbourhoods stay", default=False)
    inertia: float = number("w", default=INERTIA, low=0, high=1)
    c1: float = number("acceleration to the own best", default=CONSTRICTED, low=0, high=4)
    c2: float = number("acceleration to the neighbourhood's best", default=CONSTRICTED, low=0, high=4)
    bound_rule: str = other(
        "what happens to a particle that leaves the bounds",
        default="reflective",
        allowed=", ".join(BOUND_RULES),
        check=lambda what, value, owner: _offered(what, value, BOUND_RULES),
        alias="bounds",
    )
    velocity_rule: str = other(
        "what happens to its velocity",
        default="unmodified",
        allowed=", ".join(VELOCITY_RULES),
        check=lambda what, value, owner: _offered(what, value, VELOCITY_RULES),
    )
    velocity_clamp: float = number(
        "largest velocity, as a fraction of the weight's range", default=0.2, low=0, high=100, open_low=True
    )
    restart_after = 30
    constriction: float | None = number(
        "phi, in place of inertia, c1 and c2", default=None, low=4.0, high=1e6, open_low=True
    )
    MEMORY_MODEL = MemoryModel(genomes=9)

    def derive(self) -> None:
        """Find the neighbours and coefficients; no swarm yet."""
        super().derive()
        near = self.topology in ("ring", "nearest")
        check_range("k", self.k, 1, self.population if near else np.inf, integer=True)
        self.neighbourhood = {"p": self.p, "k": self.k} if self.topology == "nearest" else {}
        if self.topology == "ring":
            what, needed = f"a ring with k={self.k:,} and population {self.population:,}", 24 * self.population * self.k
            check_memory(what, needed, "a smaller k needs less")
        self.table = neighbour_table(self.topology, self.population, self.k)
        self.coefficients = {"c1": self.c1, "c2": self.c2, "w": self.inertia}
        if self.constriction is None:
            del self.options["constriction"]  # states of runs without it have no such option
        elif self.coefficients != {"c1": CONSTRICTED, "c2": CONSTRICTED, "w": INERTIA}:
            phi = shown(self.constriction)
            raise EvornnError(f"constriction is {phi}; it sets inertia, c1 and c2: leave these out")
        else:
            self.coefficients = constricted(self.constriction)
        speed = self.velocity_clamp * (self.upper - self.lower)
        self.clamp = (-speed, speed)
        self._backend_made: SwarmBackend | None = None
        self._swarm: Any = None

    @property
    def _backend(self) -> SwarmBackend:
        if self._backend_made is None:  # made on first use: pyswarms takes most of a second to import
            rules = (self.topology, self.bound_rule, self.velocity_rule)
            bounds, near = (self.lower, self.upper), (self.neighbourhood, self.static, self.table)
            self._backend_made = SwarmBackend(*rules, bounds, self.clamp, *near)
        return self._backend_made

    def _generate(self) -> np.ndarray:
        if self._swarm is None:
            slowest, fastest = self.clamp
            positions = self._sample(self.population)
            velocities = (fastest - slowest) * self.rng.random(positions.shape) + slowest
            self._swarm = self._backend.create(positions, velocities, dict(self.coefficients))
        else:
            self._backend.move(self._swarm, self.rng)
        position: np.ndarray = self._swarm.position
        return position

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        self._swarm.position = genomes  # they may have learned since they were asked
        self._backend.learn(self._swarm, -fitness)
        if self._stuck(fitness):
            self._swarm = None

    @property
    def memory(self) -> int:
        """Bytes: neighbours are tables [P, k], and pyswarms shrinks a whole particle for each gene that is outside."""
        rule = {"shrink": 1.3 * self.dimension, "periodic": 2.0}.get(self.bound_rule, 0.0)
        genomes = self.MEMORY_MODEL.genomes + rule
        member = self.MEMORY_MODEL.member + 32 * (0 if self.table is None else self.table.shape[1])
        member += 32 * self.neighbourhood.get("k", 0)
        return MemoryModel(genomes, member=member).bytes(self.population, self.dimension)

    def _save(self) -> dict[str, Any]:
        own = super()._save()
        if self._swarm is not None:
            own |= {name: getattr(self._swarm, name).copy() for name in _SWARM}
            own["best_cost"] = np.array([self._swarm.best_cost])
            if self._backend.nearest is not None and self._backend.nearest.neighbor_idx is not None:
                own["neighbours"] = self._backend.nearest.neighbor_idx.copy()
        return own

    def _load(self, own: dict[str, Any]) -> None:
        super()._load(own)
        self._swarm = None
        if "position" in own:
            positions, velocities = np.array(own["position"]), np.array(own["velocity"])
            self._swarm = self._backend.create(positions, velocities, dict(self.coefficients))
            for name in _SWARM:
                setattr(self._swarm, name, np.array(own[name]))
            self._swarm.best_cost = float(own["best_cost"][0])
            if self._backend.nearest is not None:
                self._backend.nearest.neighbor_idx = own.get("neighbours")


def constricted(phi: float) -> dict[str, float]:
    """Inertia and accelerations of the constriction coefficient for phi > 4 (Clerc & Kennedy 2002, type 1'')."""
    chi = 2.0 / (phi - 2.0 + math.sqrt(phi * phi - 4.0 * phi))
    return {"c1": chi * phi / 2.0, "c2": chi * phi / 2.0, "w": chi}


_SWARM = ("position", "velocity", "pbest_pos", "pbest_cost", "best_pos")


def _offered(what: str, value: str, names: tuple[str, ...]) -> str:
    reason = REFUSED.get(value.lower()) if isinstance(value, str) else None
    if reason is not None and value not in names:
        raise EvornnError(f"{what}={value!r} is not offered: {reason}; valid: {', '.join(names)}")
    return check_choice(what, value, names)
