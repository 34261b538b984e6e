"""Conventional neuroevolution, CNE, as it is the baseline in Gomez, Schmidhuber & Miikkulainen (2008).

What their cooperative methods do to parts of networks, done to whole ones: one chromosome a network; each of the best
quarter is mated, the two children of a one-point crossover replace the worst half, and their weights are mutated by
Cauchy steps. The better half lives on unchanged. It is `GeneticAlgorithm` under these settings and no code of its own,
restarts (ours) included; `restart_after=0` leaves them out.
"""

from __future__ import annotations

from typing import Any

from evornn.errors import check_range
from evornn.search.core.search import SpaceLike
from evornn.search.evolution.genetic_algorithm import GeneticAlgorithm


class CNE(GeneticAlgorithm):
    """Conventional neuroevolution: the genetic algorithm on whole networks of Gomez's comparisons (2008).

    `population` >= 2 networks; the better half lives on, the others are children of the best quarter by one-point
    crossover. `mutation_rate` (0 to 1): chance that a child's weight is mutated; `sigma` (> 0): size of its Cauchy step
    as a fraction of the weight's range (0.3 for weights in +-6). Other options are `GeneticAlgorithm`'s.
    """

    def __init__(
        self, space: SpaceLike, population: int = 100, seed: int = 0, *, mutation_rate: float = 0.3,
        sigma: float = 0.025, **options: Any,
    ) -> None:  # fmt: skip
        check_range("population", population, self.MIN_POPULATION, self.MAX_POPULATION, integer=True)
        published: dict[str, Any] = {
            "elites": population // 2, "select": "truncation", "mate": "one_point", "mutate": "cauchy",
            "crossover": 1.0,
        }  # fmt: skip
        super().__init__(space, population, seed, mutation_rate=mutation_rate, sigma=sigma, **(published | options))
