"""Parallel tempering (replica exchange): chains at fixed temperatures swap what they hold (Swendsen & Wang 1986).

Each replica is one of `SimulatedAnnealing`'s Metropolis chains at a temperature T_l of a geometric ladder. After every
`swap_every` generations neighbours on the ladder exchange their genomes x_i, x_j of fitness f_i, f_j with probability

    min(1, exp((1 / T_i - 1 / T_j) (f_j - f_i)))                                                       (Geyer 1991)

in which the joint distribution of all replicas, the product of exp(f / T_l), is in detailed balance. Hot replicas
wander, cold ones refine what they are handed. Pairs (0, 1), (2, 3), ... and (1, 2), (3, 4), ... take turns.
"""

from __future__ import annotations

import numpy as np

from evornn.errors import EvornnError, check_range
from evornn.search.annealing.simulated_annealing import SimulatedAnnealing
from evornn.search.core.search import SpaceLike


class ParallelTempering(SimulatedAnnealing):
    """Parallel tempering: Metropolis chains on a ladder of temperatures exchange genomes (Swendsen & Wang 1986).

    `population` >= 2 replicas on ladders of `levels` >= 2 temperatures (no more than the population), from
    `temperature` (> 0) down to `final_temperature` (> 0, below it) by equal factors: several ladders side by side, the
    last one perhaps without its coldest levels. Swaps are tried every `swap_every` >= 1 generations; `swaps_made` and
    `swaps_tried` [levels - 1] count them for each pair of neighbours (between a fifth and a half made is good).
    Temperatures are in units of the typical change of fitness, or of fitness itself with `normalise=False`: only then,
    in a fixed unit, are the chains' distributions exact. `proposal`, `sigma`, `rate`, `restart_after`: as for
    `SimulatedAnnealing`.
    """

    MIN_POPULATION = 2
    _STATE = (*SimulatedAnnealing._STATE, "swaps_made", "swaps_tried")

    def __init__(
        self, space: SpaceLike, population: int = 16, seed: int = 0, *, levels: int | None = None,
        temperature: float = 1.0, final_temperature: float = 0.01, swap_every: int = 1, normalise: bool = True,
        proposal: str = "cauchy", sigma: float = 0.03, rate: float = 0.3, restart_after: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population, seed, schedule="constant", temperature=temperature, final_temperature=final_temperature,
            normalise=normalise, proposal=proposal, sigma=sigma, rate=rate, restart_after=restart_after,
        )  # fmt: skip
        usual = min(8, self.population)
        self.levels: int = check_range("levels", usual if levels is None else levels, 2, self.population, integer=True)
        self.swap_every: int = check_range("swap_every", swap_every, 1, integer=True)
        if not self.coldest < self.hottest:
            raise EvornnError(
                f"temperature and final_temperature are both {self.hottest:g}; the ladder needs different ends"
            )
        self.options |= {"levels": levels, "swap_every": swap_every}
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
