"""Random weight guessing: the baseline that every other search must beat (Hochreiter & Schmidhuber 1996)."""

from __future__ import annotations

import numpy as np

from evornn.search.core.memory import MemoryModel
from evornn.search.core.search import Search


class RandomGuessing(Search):
    """Random weight guessing: independent draws of the network's initial distribution; the baseline.

    `population` is only the batch evaluated at once.
    """

    population = 256

    MEMORY_MODEL = MemoryModel(genomes=4)
    LEARNS = False

    def _generate(self) -> np.ndarray:
        return self._sample(self.population)

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        pass
