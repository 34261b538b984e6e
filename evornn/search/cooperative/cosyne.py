"""Cooperative synapse neuroevolution, CoSyNE (Gomez, Schmidhuber & Miikkulainen 2008; as in Gomez's own code).

Every weight has a sub-population of its own; row j of all of them is network j. A generation, on rows sorted by
fitness:

1. each of the best quarter mates with a better row (the best with any of the quarter), and the two children of their
   one-point crossover replace the worst;
2. every weight outside the best quarter is mutated with probability `mutation_rate` by a Cauchy step;
3. every sub-population is permuted, so that weights meet in new networks: all of it ("full"), or each weight with

    prob(x_ij) = 1 - ((f_j - f_worst) / (f_best - f_worst))^(1/D)

   ("probabilistic"), those marked being shuffled among themselves. Children have no fitness yet: all are marked.

Here steps that lead out of the bounds are reflected, which the paper's unbounded weights had no need of.
"""

from __future__ import annotations

import numpy as np

from evornn.options import choice, number
from evornn.search.cooperative.subpopulations import Groups, breed, breeding_rows, remembered
from evornn.search.core import operators
from evornn.search.core.memory import MemoryModel
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.search import WIDEST_STEP

PERMUTATIONS = ("full", "probabilistic")


class CoSyNE(RestartingSearch):
    """Cooperative synapse neuroevolution: a sub-population for each weight, permuted into new networks (Gomez 2008).

    `population` is also the size of each sub-population. Gomez's `sigma` is 0.3 for weights in +-6. A network that was
    not taken apart keeps its fitness and is not asked again. After `restart_after` generations in which the best
    fitness did not rise by a hundredth of all it had gained (0: never, as in the paper) all are drawn anew; `restarts`
    counts them.
    """

    population = 40
    permutation: str = choice("of the sub-populations", PERMUTATIONS, default="full")
    mutation_rate: float = number(
        "chance that a weight outside the best quarter is mutated", default=0.5, low=0, high=1, open_low=True
    )
    sigma: float = number(
        "Cauchy step, as a fraction of the weight's range", default=0.025, low=0, high=WIDEST_STEP, open_low=True
    )
    restart_after = 40

    MEMORY_MODEL = MemoryModel(genomes=9.5)
    MIN_POPULATION = 4
    _STATE = (*RestartingSearch._STATE, "_pool", "_pool_fitness", "_open", "_known")

    def derive(self) -> None:
        """Nothing is evaluated yet."""
        super().derive()
        self._step = self.sigma * (self.upper - self.lower)  # [D]
        self._network = Groups.whole(self.dimension)
        self._pool: np.ndarray | None = None  # [P, D] networks evaluated; None: the next generation is drawn anew
        self._pool_fitness: np.ndarray | None = None  # [P]
        self._open: np.ndarray | None = None  # [P, D] the generation being evaluated
        self._known: np.ndarray | None = None  # [P] its fitness where it is known, NaN elsewhere

    def _generate(self) -> np.ndarray:
        if self._pool is None or self._pool_fitness is None:
            self._open, self._known = self._sample(self.population), np.full(self.population, np.nan)
            return self._open.copy()
        order = np.argsort(-self._pool_fitness, kind="stable")
        members, fitness = self._bred(self._pool[order], self._pool_fitness[order])
        chance = permutation_chances(fitness, self.dimension) if self.permutation == "probabilistic" else None
        members = permuted(self.rng, members, chance)
        known = remembered(members, self._pool, self._pool_fitness)
        if not np.isnan(known).any():  # no mutation and no crossover that changes anything: a newcomer
            members[-1], known[-1] = self._sample(1)[0], np.nan
        self._open, self._known = members, known
        return members[np.isnan(known)]

    def _bred(self, members: np.ndarray, fitness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The next rows from ranked ones, before permutation; children have fitness -inf."""
        parents, worst = breeding_rows(len(members))
        members[worst], fitness[worst] = breed(self.rng, members, self._network), -np.inf
        others = members[parents:]
        mutated = operators.mutate_rows(self.rng, others, self.mutation_rate, operators.cauchy, sigma=self._step)
        members[parents:] = operators.reflected(mutated, self.lower, self.upper)
        return members, fitness

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        assert self._open is not None
        assert self._known is not None
        new = np.isnan(self._known)
        self._pool, self._pool_fitness = self._open.copy(), self._known.copy()
        self._pool[new], self._pool_fitness[new] = genomes, fitness
        if self._stuck(self._pool_fitness):
            self._pool = self._pool_fitness = None


def permutation_chances(fitness: np.ndarray, dimension: int) -> np.ndarray:
    """prob [P] that a weight of a network with this fitness [P] is permuted; 1 for failed ones, 0 for the best."""
    finite = np.isfinite(fitness)
    worst = fitness.min(where=finite, initial=np.inf)
    best = fitness.max(where=finite, initial=-np.inf)
    share = np.where(fitness == np.inf, 1.0, 0.0)
    if best > worst:
        share[finite] = (0.5 * fitness[finite] - 0.5 * worst) / (0.5 * best - 0.5 * worst)  # halved: no overflow
    return 1.0 - share ** (1.0 / dimension)


def permuted(rng: np.random.Generator, members: np.ndarray, chance: np.ndarray | None) -> np.ndarray:
    """Members [P, D] with the genes that are marked, each of row j with probability chance[j], shuffled within their
    column; all of them if `chance` is None.
    """
    if chance is None:
        return rng.permuted(members, axis=0)
    mark = rng.random(members.shape) < chance[:, None]
    row = np.arange(2.0, 2.0 + len(members))[:, None]  # above every random key: what is not marked stays
    to = np.argsort(np.where(mark, row - row[-1] - 1.0, row), axis=0)  # marked rows first, in order
    source = np.argsort(np.where(mark, rng.random(members.shape), row), axis=0)  # the same, at random
    shuffled = np.empty_like(members)
    np.put_along_axis(shuffled, to, np.take_along_axis(members, source, axis=0), axis=0)
    return shuffled
