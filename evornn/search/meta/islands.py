"""The island model: searches on several islands, between which the best migrate along a ring (Cohoon et al. 1987).

Every `every` generations each island sends the best genomes it knows to the next one, where they take the places of the
last genomes asked there. What they are worth is known already: they are told to the island, and not asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_range
from evornn.options import other, whole
from evornn.search.core.memory import MemoryModel
from evornn.search.core.nested import nested_search
from evornn.search.core.search import Search

MOST_ISLANDS = 10_000


class IslandModel(Search):
    """Island model: independent searches side by side, the best of each migrating along a ring (Cohoon et al. 1987).

    `search`: any registered search, by name or as a table {name = ..., options}, or a list of these, dealt to the
    islands in turn. `population`: of all islands together. The migrants are each island's best and the best others of
    its last generation; one genome of its own at least remains to every island in every generation. A search that can
    only go on from its own genomes (DualAnnealing) needs every=0.
    """

    search: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] = other(
        "of the islands: a name, a table with one, or a list of these", default="GeneticAlgorithm"
    )
    count: int = other("how many", default=4, allowed=">= 1", alias="islands")
    every: int = whole("generations between migrations; 0: never", default=10, low=0)
    migrants: int = other("genomes that leave an island", default=1, allowed=">= 1")
    MEMORY_MODEL = MemoryModel(genomes=3)  # besides its searches
    MIN_POPULATION = 8

    def derive(self) -> None:
        """Settle the islands; nobody is on the way."""
        super().derive()
        count: int = check_range("islands", self.count, 1, min(self.population, MOST_ISLANDS), integer=True)
        self.count = count
        self.migrants = check_range("migrants", self.migrants, 1, max(1, self.population // count), integer=True)
        asked: list[Any] = list(self.search) if isinstance(self.search, list | tuple) else [self.search]
        if not asked:
            raise EvornnError("search is []; the islands need one at least")
        self.islands = [self._settled(asked[k % len(asked)], k, count) for k in range(count)]
        for island in self.islands:
            if self.every and count > 1 and not island.REPLACES:
                raise EvornnError(
                    f"{type(island).__name__} can only go on from genomes that it asked, so nothing can migrate to it; "
                    "use every=0 with it"
                )
        self._arrivals = np.empty((count, 0, self.dimension))  # [islands, m, D] on their way
        self._arrivals_fitness = np.empty((count, 0))
        self._landed = np.zeros(count, dtype=np.int64)  # [islands] how many of them are in the open generation

    def _settled(self, search: str | Mapping[str, Any], k: int, islands: int) -> Search:
        """Island k's search, with its share of the population and a stream of its own."""
        share = self.population // islands + (k < self.population % islands)
        seed = int(np.random.SeedSequence((self.seed, k)).generate_state(1, np.uint64)[0] >> np.uint64(1))
        try:
            return nested_search(search, self.space, share, seed, "IslandModel")
        except EvornnError as error:
            raise EvornnError(f"island {k + 1} of {islands}, population {share}: {error}") from None

    @property
    def largest(self) -> int:
        """The islands' largest generations together."""
        return sum(island.largest for island in self.islands)

    @property
    def memory(self) -> int:
        """Bytes, with those of its searches."""
        return super().memory + sum(island.memory for island in self.islands)

    def replay_memory(self, evaluations: int) -> int:
        """Bytes that its searches keep of so many evaluations, which they share."""
        return sum(island.replay_memory(-(-evaluations // len(self.islands))) for island in self.islands)

    @property
    def replayed(self) -> int:
        """By its searches."""
        return sum(island.replayed for island in self.islands)

    def replace(self, genomes: np.ndarray) -> None:
        """Put genomes in place of those asked; every island's search must be able to."""
        for island in self.islands:
            if not island.REPLACES:
                island.replace(genomes)  # says so
        super().replace(genomes)

    def _generate(self) -> np.ndarray:
        fresh = []
        for k, island in enumerate(self.islands):
            genomes = island.ask()
            self._landed[k] = min(self._arrivals.shape[1], len(genomes) - 1)
            fresh.append(genomes[: len(genomes) - self._landed[k]])
        return np.concatenate(fresh)

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        arrivals, worth, start = self._arrivals, self._arrivals_fitness, 0
        leaving = []
        for k, island in enumerate(self.islands):
            landed = int(self._landed[k])
            end = start + island._asked - landed
            population = np.concatenate((genomes[start:end], arrivals[k, :landed]))
            told = np.concatenate((fitness[start:end], worth[k, :landed]))
            if island.REPLACES:  # others were asked what they are told
                island.replace(population)
            island.tell(population, told)
            leaving.append(self._emigrants(island, genomes[start:end], fitness[start:end]))
            start = end
        due = self.every and len(self.islands) > 1 and self.generation % self.every == 0
        count = min(len(worths) for _, worths in leaving) if due else 0
        self._arrivals = np.stack([leaving[k - 1][0][:count] for k in range(len(self.islands))])
        self._arrivals_fitness = np.stack([leaving[k - 1][1][:count] for k in range(len(self.islands))])

    def _emigrants(self, island: Search, genomes: np.ndarray, fitness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The island's best genome, then the best others of its last generation, with their fitness."""
        assert island.best is not None
        order = np.argsort(-fitness, kind="stable")[: self.migrants]
        others = order[(genomes[order] != island.best.genome).any(axis=1)]
        best = np.concatenate((island.best.genome[None], genomes[others]))
        return best[: self.migrants], np.append(island.best.fitness, fitness[others])[: self.migrants]

    def _save(self) -> dict[str, Any]:
        return {
            "islands": {str(k): island.state_dict() for k, island in enumerate(self.islands)},
            "arrivals": self._arrivals.copy(),
            "arrivals_fitness": self._arrivals_fitness.copy(),
            "landed": self._landed.copy(),
        }

    def _load(self, own: dict[str, Any]) -> None:
        for k, island in enumerate(self.islands):
            island.load_state_dict(own["islands"][str(k)])
            if self._genomes is not None:
                island.ask()  # the same genomes again: they still wait for their fitness
        self._arrivals, self._arrivals_fitness = np.array(own["arrivals"]), np.array(own["arrivals_fitness"])
        self._landed = np.array(own["landed"])
