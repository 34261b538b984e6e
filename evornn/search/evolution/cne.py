"""Conventional neuroevolution, CNE, as it is the baseline in Gomez, Schmidhuber & Miikkulainen (2008).

What their cooperative methods do to parts of networks, done to whole ones: one chromosome a network; each of the best
quarter is mated, the two children of a one-point crossover replace the worst half, and their weights are mutated by
Cauchy steps. The better half lives on unchanged. It is `GeneticAlgorithm` under these settings and no code of its own,
restarts (ours) included; `restart_after=0` leaves them out.
"""

from __future__ import annotations

from typing import Any

from evornn.options import other
from evornn.search.evolution.genetic_algorithm import GeneticAlgorithm


class CNE(GeneticAlgorithm):
    """Conventional neuroevolution: the genetic algorithm on whole networks of Gomez's comparisons (2008).

    The better half of the networks lives on, the others are children of the best quarter by one-point crossover, with
    Cauchy steps of `sigma` (0.3 for weights in +-6). Options are `GeneticAlgorithm`'s.
    """

    elites: Any = other("the best, which live on; None: half", default=None, allowed=">= 0, < population")
    select, mate, mutate = "truncation", "one_point", "cauchy"
    crossover, sigma = 1.0, 0.025

    def derive(self) -> None:
        """Half the population lives on, unless told otherwise."""
        self.elites = self.population // 2 if self.elites is None else self.elites
        super().derive()
