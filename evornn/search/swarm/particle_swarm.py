"""Particle swarm optimization on pyswarms' update rules (Kennedy & Eberhart 1995).

    v' = w v + c1 r1 (own best - x) + c2 r2 (neighbourhood's best - x),   x' = x + v'

with r1, r2 uniform in [0, 1] for each particle and gene. Clerc & Kennedy's constriction (2002) with phi = c1 + c2 > 4
multiplies all of v' by chi = 2 / (phi - 2 + sqrt(phi^2 - 4 phi)); the defaults are those for phi = 4.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_choice, check_flag, check_range, shown
from evornn.memory import check_memory
from evornn.search.core.memory import Footprint
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.search import SpaceLike
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

    `population` >= 1 particles; `topology` "global" (all follow one best), "ring" (each follows the best of the `k`
    around it by number, itself included), "von_neumann" (of its four neighbours on a square lattice and itself) or
    "nearest" (of its `k` nearest, itself included, by the Minkowski norm `p` = 1 or 2; `static=True` keeps the first
    neighbourhoods). `inertia` w (0 to 1), `c1`, `c2` (0 to 4) as above; or `constriction` phi (over 4), from which all
    three follow, c1 = c2. `bounds` is what happens to a particle that leaves: "nearest",
    "reflective", "shrink", "intermediate", "periodic"; `velocity_rule` what happens to its velocity: "unmodified",
    "invert" (turned back at half speed), "zero". `velocity_clamp` (over 0, to 100) limits each velocity to that
    fraction of the weight's range; first velocities are uniform inside it.

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never) the swarm is drawn anew; `restarts` counts them.
    With `topology="global"` and the same stream it moves exactly as `pyswarms.single.GlobalBestPSO`.
    """

    FOOTPRINT = Footprint(genomes=9)

    def __init__(
        self, space: SpaceLike, population: int = 100, seed: int = 0, *, topology: str = "global", k: int = 3,
        p: int = 2, static: bool = False, inertia: float = INERTIA, c1: float = CONSTRICTED, c2: float = CONSTRICTED,
        bounds: str = "reflective", velocity_rule: str = "unmodified", velocity_clamp: float = 0.2,
        restart_after: int = 30, constriction: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population=population, seed=seed, topology=topology, k=k, p=p, static=static, inertia=inertia, c1=c1,
            c2=c2, bounds=bounds, velocity_rule=velocity_rule, velocity_clamp=velocity_clamp,
            restart_after=restart_after, **({} if constriction is None else {"constriction": constriction}),
        )  # fmt: skip
        self.topology = _offered("topology", topology, TOPOLOGIES)
        self.bound_rule = _offered("bounds", bounds, BOUND_RULES)
        self.velocity_rule = _offered("velocity_rule", velocity_rule, VELOCITY_RULES)
        check_range("k", k, 1, self.population if topology in ("ring", "nearest") else np.inf, integer=True)
        check_range("p", p, 1, 2, integer=True)
        self.neighbourhood = {"p": p, "k": k} if topology == "nearest" else {}
        if topology == "ring":
            needed = 24 * self.population * k
            check_memory(f"a ring with k={k:,} and population {self.population:,}", needed, "a smaller k needs less")
        self.table = neighbour_table(topology, self.population, k)
        self.static = check_flag("static", static)
        self.coefficients = {
            "c1": check_range("c1", c1, 0.0, 4.0),
            "c2": check_range("c2", c2, 0.0, 4.0),
            "w": check_range("inertia", inertia, 0.0, 1.0),
        }
        if constriction is not None:
            if self.coefficients != {"c1": CONSTRICTED, "c2": CONSTRICTED, "w": INERTIA}:
                raise EvornnError(f"constriction is {shown(constriction)}; it sets inertia, c1 and c2: leave these out")
            self.coefficients = constricted(check_range("constriction", constriction, 4.0, 1e6, open_low=True))
        speed = check_range("velocity_clamp", velocity_clamp, 0.0, 100.0, open_low=True) * (self.upper - self.lower)
        self.clamp = (-speed, speed)
        self._backend_made: SwarmBackend | None = None
        self._swarm: Any = None

    @property
    def _backend(self) -> SwarmBackend:
        if self._backend_made is None:  # made on first use: pyswarms takes most of a second to import
            self._backend_made = SwarmBackend(
                self.topology, self.bound_rule, self.velocity_rule, (self.lower, self.upper), self.clamp,
                self.neighbourhood, self.static, self.table,
            )  # fmt: skip
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
        genomes = self.FOOTPRINT.genomes + rule
        member = self.FOOTPRINT.member + 32 * (0 if self.table is None else self.table.shape[1])
        member += 32 * self.neighbourhood.get("k", 0)
        return Footprint(genomes, member=member).bytes(self.population, self.dimension)

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
