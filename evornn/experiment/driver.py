"""Talking with a search: asking, telling, and telling once more what it was told before an interruption."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.errors import EvornnError
from evornn.experiment.duplicates import DuplicateCounter
from evornn.experiment.storage.records import Record, crc
from evornn.experiment.storage.run_directory import ENVIRONMENT, Store
from evornn.experiment.validation import TRAINING, Candidates, stream

if TYPE_CHECKING:
    from evornn.problem import Problem
    from evornn.search.core.search import EvaluationLike, Search
    from evornn.spec.budget import Noise


class Driver:
    """A search and the problem that it is consulted on.

    `asked` counts what the search asks again, `candidates` keeps what may be its best, if they are to be
    validated. With fresh episodes every generation of the search meets its own, all members the same ones.
    """

    def __init__(self, search: Search, problem: Problem, noise: Noise) -> None:
        self.search, self.problem, self.noise = search, problem, noise
        self.candidates = Candidates() if noise.validation else None
        self.asked = DuplicateCounter()
        self.takes_limit = "limit" in inspect.signature(search.ask).parameters

    def ask(self, limit: int | None) -> np.ndarray:
        """The genomes to evaluate next; a search of one's own may not know limits."""
        return self.search.ask(limit=limit) if self.takes_limit else self.search.ask()

    def evaluate_with(self, genomes: np.ndarray) -> EvaluationLike:
        """What the problem says of the genomes just asked, in the episodes of the search's generation."""
        return self.evaluate_on(self.problem, genomes)

    def evaluate_on(self, problem: Problem, genomes: np.ndarray) -> EvaluationLike:
        """The same of another problem."""
        if self.noise.fresh_episodes:
            problem = problem.redrawn(stream(problem.seed, TRAINING, self.search.generation))
        return self.search.evaluate_with(problem, genomes)

    def tell(self, genomes: np.ndarray, fitness: np.ndarray, evaluation: EvaluationLike | None) -> int:
        """Tell the search, gradients too if there are any; returns how many there were."""
        self.asked.count(genomes)
        if self.candidates is not None and not self.search.provisional:
            self.candidates.add(genomes, fitness)
        gradients = getattr(evaluation, "gradients", None)
        if gradients is None:  # a search of one's own may know nothing of them
            self.search.tell(genomes, fitness)
            return 0
        self.search.tell(genomes, fitness, gradients)
        return len(genomes)

    @property
    def restarts(self) -> int:
        """How often the search has started afresh; a search that does not say so never has."""
        return int(getattr(self.search, "restarts", 0))

    def state_dict(self) -> dict[str, Any]:
        """The search's state and what it has asked."""
        return {"search": self.search.state_dict(), "asked": self.asked.state_dict()} | (
            {} if self.candidates is None else self.candidates.state_dict()
        )

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict()`; of runs begun before requests were counted, those since then are."""
        self.search.load_state_dict(state["search"])
        if "asked" in state:
            self.asked.load_state_dict(state["asked"])
        if self.candidates is not None:
            self.candidates.load_state_dict(state)

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
            evaluation = self._again(store, record, genomes, fitness) if self.search.wants_gradients else None
            self.tell(genomes, fitness, evaluation)

    def _again(self, store: Store, record: Record, genomes: np.ndarray, fitness: np.ndarray) -> EvaluationLike:
        evaluation = self.evaluate_with(genomes)
        if not np.array_equal(evaluation.fitness, fitness, equal_nan=True):
            raise EvornnError(
                f"{store.directory}: in generation {record.generation} gradients taken again come with other fitness "
                f"than when the run was written; the problem or a library has changed since (see {ENVIRONMENT})"
            )
        return evaluation
