"""Differential evolution (Storn & Price 1997), with parameters that adapt (JADE, SHADE, L-SHADE).

For each member x of the population a mutant v, binomially crossed with x, competes with x and replaces it if not worse:

    rand/1              v = x_r1 + F (x_r2 - x_r3)
    best/1              v = x_best + F (x_r1 - x_r2)
    current-to-pbest/1  v = x + F (x_pbest - x) + F (x_r1 - y_r2)

x_pbest: one of the best `share`; y_r2: from population and archive, the archive holding members that were replaced, up
to 2.6 for each of the population (L-SHADE's; JADE: one).
A gene that leaves the bounds is put halfway between the bound and x's. F and CR of each trial:

* "none": fixed
* "jade": F ~ Cauchy(mu_F, 0.1), CR ~ N(mu_CR, 0.1); mu moves a tenth of the way to the (Lehmer) mean of the successful
  (Zhang & Sanderson 2009)
* "shade": the same around one of 6 remembered pairs, rewritten in turn by means of the successful, weighted by what
  they gained (Tanabe & Fukunaga 2013); with `shrink_over`, the population shrinks linearly to 4 over that many
  evaluations (L-SHADE, 2014)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.options import choice, number, whole
from evornn.search.core.memory import MemoryModel
from evornn.search.core.operators import hits, mixed
from evornn.search.core.restarts import RestartingSearch
from evornn.search.evolution.success_history import ADAPTATIONS, ParameterMemory

STRATEGIES = ("rand/1/bin", "best/1/bin", "current-to-pbest/1/bin")
LEAST = 4  # members that rand/1 needs
ARCHIVE = 2.6  # members of the archive, per member of the population (Tanabe & Fukunaga 2014)


class DifferentialEvolution(RestartingSearch):
    """Differential evolution: rand/1, best/1 or current-to-pbest/1, fixed or adaptive parameters (Storn & Price 1997).

    `adapt` is as above. A trial that equals its parent is not asked.

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never), and when all members have become the same, the population is drawn anew; `restarts` counts.
    """

    population = 50
    strategy: str = choice("where a trial comes from", STRATEGIES, default="current-to-pbest/1/bin")
    adapt: str = choice("how weight and crossover adapt", ADAPTATIONS, default="shade")
    weight: float = number("F, fixed or at first", default=0.5, low=0, high=2, open_low=True)
    crossover: float = number("CR, fixed or at first", default=0.5, low=0, high=1)
    share: float = number("of the population that counts as best", default=0.11, low=0, high=1, open_low=True)
    shrink_over: int = whole("evaluations until the population is down to 4; 0: never", default=0, low=0)
    MEMORY_MODEL = MemoryModel(genomes=13)
    MIN_POPULATION = LEAST
    _OWN = ("_pool", "_pool_fitness", "_archive", "_targets", "_weights", "_rates", "_spent")
    _STATE = (*RestartingSearch._STATE, *_OWN)

    def derive(self) -> None:
        """No members yet."""
        super().derive()
        self.parameters = ParameterMemory(self.adapt, self.weight, self.crossover)
        self._pool: np.ndarray | None = None  # [N, D] the members; None: all are drawn anew
        self._forget()

    def _forget(self) -> None:
        self._pool, self._pool_fitness = None, np.empty(0)
        self._archive = np.empty((0, self.dimension))
        self._targets = np.empty(0, dtype=np.int64)  # [k] whom the open generation's trials compete with
        self._weights, self._rates = np.empty(0), np.empty(0)  # [k] their F and CR
        self._spent = 0  # evaluations since the draw
        self.parameters.reset()

    def _generate(self) -> np.ndarray:
        if self._pool is not None:
            trials = self._trials(self._pool)
            if len(trials):
                return trials
            self._start_over()  # nothing new can come of members that are all alike
            self._forget()
        return self._sample(self.population)

    def _trials(self, pool: np.ndarray) -> np.ndarray:
        count, rng = len(pool), self.rng
        self._weights, self._rates = self.parameters.draw(rng, count)
        mutants = self._mutants(pool, self._weights[:, None])
        low, high = mutants < self.lower, mutants > self.upper
        np.copyto(mutants, 0.5 * (self.lower + pool), where=low)
        np.copyto(mutants, 0.5 * (self.upper + pool), where=high)
        cross = hits(rng, (count, self.dimension), self._rates[:, None])
        cross[np.arange(count), rng.integers(self.dimension, size=count)] = True
        trials = mixed(pool, mutants, cross)
        self._targets = np.flatnonzero((trials != pool).any(axis=1))
        self._weights, self._rates = self._weights[self._targets], self._rates[self._targets]
        return trials[self._targets]

    def _mutants(self, pool: np.ndarray, weight: np.ndarray) -> np.ndarray:
        count, rng = len(pool), self.rng
        own = np.arange(count)
        first = others(rng, count, own)
        if self.strategy == "current-to-pbest/1/bin":
            best = np.argsort(-self._pool_fitness, kind="stable")[: max(2, round(self.share * count))]
            towards = pool[best[rng.integers(best.size, size=count)]] - pool
            union = np.concatenate((pool, self._archive))
            second = others(rng, len(union), own, first)
            return pool + weight * (towards + pool[first] - union[second])
        second = others(rng, count, own, first)
        if self.strategy == "best/1/bin":
            return pool[np.argmax(self._pool_fitness)] + weight * (pool[first] - pool[second])
        third = others(rng, count, own, first, second)
        return pool[first] + weight * (pool[second] - pool[third])

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        self._spent += len(genomes)
        if self._pool is None:
            self._pool, self._pool_fitness = genomes.copy(), fitness.copy()
        else:
            self._compete(self._pool, genomes, fitness)
            self._shrink()
        if self._stuck(self._pool_fitness):
            self._forget()

    def _compete(self, pool: np.ndarray, trials: np.ndarray, fitness: np.ndarray) -> None:
        held = self._pool_fitness[self._targets]
        better, kept = fitness > held, fitness >= held
        with np.errstate(invalid="ignore", over="ignore"):
            gain = fitness[better] - held[better]
        self._archive = np.concatenate((self._archive, pool[self._targets[better]]))
        self.parameters.learn(self._weights[better], self._rates[better], gain)
        pool[self._targets[kept]], self._pool_fitness[self._targets[kept]] = trials[kept], fitness[kept]
        self._cut_archive(len(pool))

    def _cut_archive(self, count: int) -> None:
        """Random members of the archive leave while there are too many."""
        size = round(ARCHIVE * count)
        if len(self._archive) > size:
            stay = np.sort(self.rng.permutation(len(self._archive))[:size])
            self._archive = self._archive[stay]

    def _shrink(self) -> None:
        if not self.shrink_over or self._pool is None:
            return
        left = max(0.0, 1.0 - self._spent / self.shrink_over)
        count = max(LEAST, round(LEAST + (self.population - LEAST) * left))
        if count < len(self._pool):
            stay = np.sort(np.argsort(-self._pool_fitness, kind="stable")[:count])
            self._pool, self._pool_fitness = self._pool[stay], self._pool_fitness[stay]
            self._cut_archive(count)

    def _save(self) -> dict[str, Any]:
        return {**super()._save(), **self.parameters.save()}

    def _load(self, own: dict[str, Any]) -> None:
        super()._load(own)
        self.parameters.load(own)


def others(rng: np.random.Generator, count: int, *taken: np.ndarray) -> np.ndarray:
    """For each place a number below `count`, uniform among those that are not `taken` there."""
    drawn = rng.integers(count, size=taken[0].size)
    while True:
        again = np.zeros(drawn.size, dtype=bool)
        for numbers in taken:
            again |= drawn == numbers
        places = np.flatnonzero(again)
        if not places.size:
            return drawn
        drawn[places] = rng.integers(count, size=places.size)
