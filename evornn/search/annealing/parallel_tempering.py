"""Parallel tempering (replica exchange): chains at fixed temperatures swap what they hold (Swendsen & Wang 1986).

Each replica is one of `SimulatedAnnealing`'s Metropolis chains at a temperature T_l of a geometric ladder. After every
`swap_every` generations neighbours on the ladder exchange their genomes x_i, x_j of fitness f_i, f_j with probability

    min(1, exp((1 / T_i - 1 / T_j) (f_j - f_i)))                                                       (Geyer 1991)

in which the joint distribution of all replicas, the product of exp(f / T_l), is in detailed balance. Hot replicas
wander, cold ones refine what they are handed. Pairs (0, 1), (2, 3), ... and (1, 2), (3, 4), ... take turns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import EvornnError
from evornn.options import fixed, whole
from evornn.search.annealing.simulated_annealing import SimulatedAnnealing


class ParallelTempering(SimulatedAnnealing):
    """Parallel tempering: Metropolis chains on a ladder of temperatures exchange genomes (Swendsen & Wang 1986).

    `population` counts the replicas. Ladders have `levels` temperatures (no more than the population; by default 8), by
    equal factors: several ladders side by side, the last one perhaps without its coldest levels. `swaps_made` and
    `swaps_tried` [levels - 1] count for each pair of neighbours (between a fifth and a half made is good). Temperatures
    are in units of the typical change of fitness, or of fitness itself with `normalise=False`: only then, in a fixed
    unit, are the chains' distributions exact.
    """

    population = 16
    levels: Any = whole("temperatures of a ladder; None: 8, or the population", default=None, low=2, high="population")
    hottest = 1.0
    swap_every: int = whole("generations between swaps", default=1, low=1)
    schedule, steps, reanneal, return_after = fixed("constant"), fixed(500), fixed(True), fixed(0)
    MIN_POPULATION = 2
    _STATE = (*SimulatedAnnealing._STATE, "swaps_made", "swaps_tried")

    def derive(self) -> None:
        """Put the replicas on the ladder."""
        super().derive()
        self.levels = min(8, self.population) if self.levels is None else self.levels
        if not self.coldest < self.hottest:
            raise EvornnError(
                f"temperature and final_temperature are both {self.hottest:g}; the ladder needs different ends"
            )
        self.ladder = np.geomspace(self.hottest, self.coldest, self.levels)  # [levels], hottest first
        self.level = np.arange(self.population) % self.levels  # [P] each replica's place on it
        self.swaps_made = np.zeros(self.levels - 1, dtype=np.int64)
        self.swaps_tried = np.zeros(self.levels - 1, dtype=np.int64)

    def _temperatures(self) -> np.ndarray:
        return self.ladder[self.level]

    def _metropolis(self, held: np.ndarray, genomes: np.ndarray, fitness: np.ndarray) -> None:
        super()._metropolis(held, genomes, fitness)
        if (self._step + 1) % self.swap_every == 0:
            self._swap(held, (self._step + 1) // self.swap_every % 2)

    def _swap(self, held: np.ndarray, parity: int) -> None:
        """Try to exchange what replicas on levels `parity`, `parity` + 2, ... hold with the next colder ones."""
        below = self.level[:-1]
        hot = np.flatnonzero((below % 2 == parity) & (below < self.levels - 1))
        cold, heat, worth = hot + 1, self._heat(), self._fitness_held
        with np.errstate(invalid="ignore", over="ignore"):
            exponent = (1.0 / heat[hot] - 1.0 / heat[cold]) * (worth[cold] - worth[hot])
        chance = np.exp(np.minimum(np.nan_to_num(exponent, nan=0.0), 0.0))  # NaN: two that failed
        made = self.rng.random(len(hot)) < chance
        np.add.at(self.swaps_tried, self.level[hot], 1)
        np.add.at(self.swaps_made, self.level[hot[made]], 1)
        one, other = hot[made], cold[made]
        held[one], held[other] = held[other], held[one].copy()
        worth[one], worth[other] = worth[other], worth[one].copy()
