"""Talking with a search: asking, telling, and telling once more what it was told before an interruption."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import numpy as np

from evornn.errors import EvornnError
from evornn.experiment.history import Record, crc
from evornn.experiment.store import ENVIRONMENT, Store

if TYPE_CHECKING:
    from evornn.problem import Problem
    from evornn.search.base import Search, Told


class Dialogue:
    """A search and the problem that it is consulted on."""

    def __init__(self, search: Search, problem: Problem) -> None:
        self.search, self.problem = search, problem
        self.takes_limit = "limit" in inspect.signature(search.ask).parameters

    def ask(self, limit: int | None) -> np.ndarray:
        """The genomes to evaluate next; a search of one's own may not know limits."""
        return self.search.ask(limit=limit) if self.takes_limit else self.search.ask()

    def tell(self, genomes: np.ndarray, fitness: np.ndarray, told: Told | None) -> int:
        """Tell the search, gradients too if there are any; returns how many there were."""
        gradients = getattr(told, "gradients", None)
        if gradients is None:  # a search of one's own may know nothing of them
            self.search.tell(genomes, fitness)
            return 0
        self.search.tell(genomes, fitness, gradients)
        return len(genomes)

    def replay(self, store: Store, start: int) -> None:
        """Bring a search that is at generation `start` of a stored run to its end: tell it the logged fitness.

        Gradients are not logged: they are taken again, and the fitness that comes with them must be what was logged.
        """
        for record, fitness in zip(store.records[start:], store.fitness(start), strict=True):
            genomes = self.ask(record.size)
            if len(genomes) != record.size or crc(genomes) != record.genomes_crc:
                raise EvornnError(
                    f"{store.directory}: in generation {record.generation} the search asks other genomes than when the "
                    f"run was written; the spec or a library has changed since (see {ENVIRONMENT})"
                )
            told = self._again(store, record, genomes, fitness) if self.search.wants_gradients else None
            self.tell(genomes, fitness, told)

    def _again(self, store: Store, record: Record, genomes: np.ndarray, fitness: np.ndarray) -> Told:
        told = self.search.consult(self.problem, genomes)
        if not np.array_equal(told.fitness, fitness, equal_nan=True):
            raise EvornnError(
                f"{store.directory}: in generation {record.generation} gradients taken again come with other fitness "
                f"than when the run was written; the problem or a library has changed since (see {ENVIRONMENT})"
            )
        return told
