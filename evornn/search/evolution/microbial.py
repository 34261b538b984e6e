"""The microbial genetic algorithm (Harvey 2009), the usual one for continuous-time recurrent networks.

Individuals sit on a ring. A tournament draws one at random and an opponent among the `deme` next to it; the loser is
infected: each of its genes is replaced by the winner's with probability `recombination`, then mutated by a Gaussian
creep reflected at the bounds. The winner, and so the best, lives on as it is.

Harvey's tournaments follow each other; here those of a generation are drawn so that nobody takes part in two, which
makes them independent of each other's outcome: all losers are evaluated as one batch with the same result.
"""

from __future__ import annotations

import numpy as np

from evornn.options import number, whole
from evornn.search.core import operators
from evornn.search.core.memory import MemoryModel
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.search import WIDEST_STEP


class MicrobialGA(RestartingSearch):
    """Microbial genetic algorithm: tournaments of two on a ring, the loser is infected by the winner (Harvey 2009).

    Only infected individuals are asked: at most half the population a generation. After `restart_after` generations in
    which the best fitness did not rise by a hundredth of all it had gained (0: never) all are drawn anew.
    """

    population = 50
    deme: int = whole("how far along the ring an opponent may sit", default=10, low=1)
    recombination: float = number("chance that the loser takes a gene of the winner", default=0.5, low=0, high=1)
    mutation_rate: float = number(
        "chance that a gene of the loser is mutated (one is)", default=0.3, low=0, high=1, open_low=True
    )
    sigma: float = number(
        "step of a mutation, as a fraction of the weight's range", default=0.05, low=0, high=WIDEST_STEP, open_low=True
    )
    MEMORY_MODEL = MemoryModel(genomes=6.5)
    MIN_POPULATION = 2
    _STATE = (*RestartingSearch._STATE, "_pool", "_pool_fitness", "_losers")

    def derive(self) -> None:
        """Nobody is on the ring yet."""
        super().derive()
        self._step = self.sigma * (self.upper - self.lower)  # [D]
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
        operators.mutate_marked(self.rng, infected, hit, operators.gaussian, sigma=self._step)
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
