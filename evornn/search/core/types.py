"""Types of what a search is given and gives: the space, an evaluation of genomes, the best of them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

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


class Best(NamedTuple):
    """The best genome told so far; `evaluation` counts from 1 and is the first one that reached this fitness."""

    genome: np.ndarray  # [D]
    fitness: float
    evaluation: int
