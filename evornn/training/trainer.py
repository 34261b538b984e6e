"""Base of trainers: searches that ask a problem for gradients, and so run, stop and resume like any other.

One gradient of one genome counts as one evaluation, and the steps of its forward simulation as simulated steps; a run's
history says how many evaluations were gradients. Gradients are not logged: a run that is resumed asks for those since
its newest checkpoint once more, which gives the same numbers.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from evornn.errors import EvornnError
from evornn.search.core.search import Search
from evornn.search.core.types import DifferentiableLike, EvaluationLike, ProblemLike


class Trainer(Search):
    """Base of all searches that learn from gradients. A subclass gives `_generate` and `_learn`.

    `episodes` are the indices of the episodes that the open generation is to be consulted on; None: all.
    """

    _STATE: ClassVar[tuple[str, ...]] = ("_gradients",)

    def derive(self) -> None:
        """No gradients yet."""
        super().derive()
        self._gradients: np.ndarray | None = None  # [k, D] told so far of the open generation

    def _learn(self, genomes: np.ndarray, fitness: np.ndarray, gradients: np.ndarray | None) -> None:
        """Called once a generation has been told; `gradients` [k, D] if it wanted them."""
        raise NotImplementedError

    @property
    def wants_gradients(self) -> bool:
        """Whether the genomes being asked are to be told with their gradients."""
        return True

    @property
    def episodes(self) -> np.ndarray | None:
        """Indices of the episodes that the open generation is to be consulted on; None: all."""
        return None

    def prepare(self, problem: ProblemLike) -> None:
        """Raise EvornnError unless `problem` has gradients to offer."""
        self._differentiable(problem).check_smooth()

    def _differentiable(self, problem: ProblemLike) -> DifferentiableLike:
        if not isinstance(problem, DifferentiableLike):
            raise EvornnError(f"{type(self).__name__} needs gradients, and {type(problem).__name__} has none to offer")
        return problem

    def evaluate_with(self, problem: ProblemLike, genomes: np.ndarray) -> EvaluationLike:
        """Fitness, steps and, while `wants_gradients`, gradients of the genomes [k, D] just asked."""
        self.prepare(problem)
        if not self.wants_gradients:
            return problem.evaluate(genomes)
        return self._differentiable(problem).gradient(genomes, episodes=self.episodes)

    def _receive_gradients(self, gradients: np.ndarray | None) -> None:
        if not self.wants_gradients:
            return
        if gradients is None:
            raise EvornnError(
                f"{type(self).__name__} is to be told gradients: evaluation = search.evaluate_with(problem, genomes), "
                "then search.tell(genomes, evaluation.fitness, evaluation.gradients)"
            )
        heard = np.array(gradients, dtype=np.float64)
        if heard.shape != (self._asked, self.dimension):
            raise EvornnError(f"gradients have shape {heard.shape}; they must be {(self._asked, self.dimension)}")
        self._gradients = heard if self._gradients is None else np.concatenate((self._gradients, heard))

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        gradients, self._gradients = self._gradients, None
        self._learn(genomes, fitness, gradients)
