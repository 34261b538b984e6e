"""Types of what a search is given and gives: the space, a problem, an evaluation of genomes, the best of them."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np


class SpaceLike(Protocol):
    """What a search needs to know of the parameters: their bounds and how networks draw them at first."""

    @property
    def lower(self) -> np.ndarray:
        """Lower bounds [D]."""
        ...

    @property
    def upper(self) -> np.ndarray:
        """Upper bounds [D]."""
        ...

    @property
    def dimension(self) -> int:
        """Genome length D."""
        ...

    def sample(self, rng: np.random.Generator, count: int, /) -> np.ndarray:
        """Initial genomes [count, D], inside the bounds."""
        ...


class EvaluationLike(Protocol):
    """What a problem says of genomes [P, D]; a Gradient has `gradients` [P, D] as well."""

    @property
    def fitness(self) -> np.ndarray:
        """Fitness [P], higher is better; NaN where there is none."""
        ...

    @property
    def steps(self) -> np.ndarray:
        """Steps simulated [P]."""
        ...


class GradientLike(EvaluationLike, Protocol):
    """The same, and which way to go."""

    @property
    def gradients(self) -> np.ndarray:
        """Slopes of the fitness by the genes [P, D]."""
        ...


class ProblemLike(Protocol):
    """What a search needs of a problem: `evornn.Problem` is one, and so is any object with this method."""

    def evaluate(self, genomes: np.ndarray, /) -> EvaluationLike:
        """Fitness and steps of genomes [P, D]."""
        ...


@runtime_checkable
class DifferentiableLike(ProblemLike, Protocol):
    """What a trainer needs: a problem with gradients."""

    @property
    def episodes(self) -> int:
        """Episodes of one evaluation."""
        ...

    def gradient(self, genomes: np.ndarray, /, episodes: np.ndarray | None = None) -> GradientLike:
        """Fitness, steps and gradients of genomes [P, D], over the episodes with these indices; None: all."""
        ...

    def check_smooth(self) -> None:
        """Raise EvornnError if there is no gradient."""
        ...


class Best(NamedTuple):
    """The best genome told so far; `evaluation` counts from 1 and is the first one that reached this fitness."""

    genome: np.ndarray  # [D]
    fitness: float
    evaluation: int
