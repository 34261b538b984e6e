"""The microbial genetic algorithm (Harvey 2009), the usual one for continuous-time recurrent networks.

Individuals sit on a ring. A tournament draws one at random and an opponent among the `deme` next to it; the loser is
infected: each of its genes is replaced by the winner's with probability `recombination`, then mutated by a Gaussian
creep reflected at the bounds. The winner, and so the best, lives on as it is.

Harvey's tournaments follow each other; here those of a generation are drawn so that nobody takes part in two, which
makes them independent of each other's outcome: all losers are evaluated as one batch with the same result.
"""

from __future__ import annotations

import numpy as np

from evornn.errors import check_range
from evornn.search.core import operators
from evornn.search.core.memory import Footprint
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.search import WIDEST_STEP, SpaceLike


class MicrobialGA(RestartingSearch):
    """Microbial genetic algorithm: tournaments of two on a ring, the loser is infected by the winner (Harvey 2009).

    `population` >= 2 individuals. `deme` >= 1: how far along the ring an opponent may sit. `recombination` (0 to 1):
    chance that the loser takes a gene of the winner; `mutation_rate` (over 0, to 1): chance that a gene of the loser is
    then mutated (one at least is); `sigma` (> 0): standard deviation of that step as a fraction of the weight's range.
    Only infected individuals are asked: at most half the population a generation. After `restart_after` generations in
    which the best fitness did not rise by a hundredth of all it had gained (0: never) all are drawn anew.
    """

    FOOTPRINT = Footprint(genomes=6.5)
    MIN_POPULATION = 2
    _STATE = (*RestartingSearch._STATE, "_pool", "_pool_fitness", "_losers")

    def __init__(
        self, space: SpaceLike, population: int = 50, seed: int = 0, *, deme: int = 10, recombination: float = 0.5,
        mutation_rate: float = 0.3, sigma: float = 0.05, restart_after: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population=population, seed=seed, deme=deme, recombination=recombination,
            mutation_rate=mutation_rate, sigma=sigma, restart_after=restart_after,
        )  # fmt: skip
        self.deme: int = check_range("deme", deme, 1, integer=True)
        self.recombination: float = check_range("recombination", recombination, 0.0, 1.0)
        self.mutation_rate: float = check_range("mutation_rate", mutation_rate, 0.0, 1.0, open_low=True)
        self.sigma = check_range("sigma", sigma, 0.0, WIDEST_STEP, open_low=True) * (self.upper - self.lower)
        self._pool: np.ndarray | None = None  # [P, D]; None: to be drawn
        self._pool_fitness: np.ndarray | None = None  # [P]
        self._losers = np.empty(0, dtype=np.int64)  # [k] who is being replaced

    def _generate(self) -> np.ndarray:
        if self._pool is None or self._pool_fitness is None:
            return self._sample(self.population)
        pairs = ring_pairs(self.rng, self.population, self.deme)
        lost = np.argmin(self._pool_fitness[pairs], axis=1)  # of equals, the one drawn first
        pair = np.arange(len(pairs))
        self._losers = pairs[pair, lost]
        return self._infected(self._pool[self._losers], self._pool[pairs[pair, 1 - lost]])

    def _infected(self, losers: np.ndarray, winners: np.ndarray) -> np.ndarray:
        """Losers [k, D] with genes of their winners, then mutated."""
        infected = operators.mixed(losers, winners, operators.hits(self.rng, losers.shape, self.recombination))
        hit = operators.hits(self.rng, losers.shape, self.mutation_rate)
        hit[np.arange(len(hit)), self.rng.integers(self.dimension, size=len(hit))] = True
        operators.mutate_marked(self.rng, infected, hit, operators.gaussian, sigma=self.sigma)
        return operators.reflected(infected, self.lower, self.upper)

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        if self._pool is None or self._pool_fitness is None:
            self._pool, self._pool_fitness = genomes.copy(), fitness.copy()
        else:
            self._pool[self._losers], self._pool_fitness[self._losers] = genomes, fitness
        if self._stuck(self._pool_fitness):
            self._pool = self._pool_fitness = None


def ring_pairs(rng: np.random.Generator, count: int, deme: int) -> np.ndarray:
    """Pairs [k, 2] of a ring's members, the second within `deme` places of the first; nobody is in two of them.

    Each is drawn as if it were alone, among those who are still free; k is 1 at least and `count` // 2 at most.
    """
    reach = min(deme, count - 1)
    ring, free, pairs = 2 * list(range(count)), [True] * count, []
    for first, draw in zip(rng.permutation(count).tolist(), rng.random(count).tolist(), strict=True):
        if free[first]:
            near = [i for i in ring[first + 1 : first + 1 + reach] if free[i]]
            if near:
                second = near[int(draw * len(near))]
                free[first] = free[second] = False
                pairs.append((first, second))
    return np.array(pairs)
