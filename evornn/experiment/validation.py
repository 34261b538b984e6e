"""Validation: the best compared on episodes that the search has not seen; few or changing ones flatter the lucky.

What a run keeps apart (cf. Jin & Branke 2005, IEEE Trans. Evol. Comput. 9, 303-317):

* the training best: the genome of the highest fitness told, on the episodes that it was told for;
* the validated best: of the `CANDIDATES` with the highest fitness told, the one that does best on K episodes which no
  search has seen, all candidates on the same ones;
* what both are worth: their fitness on K further episodes that played no part in any choice.

Training, validation and test episodes come from different random streams of the problem's seed. (The first episode of
a task with a standard start is that start in each of them.) These evaluations are no part of a run's budget: they are
made once, at its end, and counted apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from evornn.problem import Problem

CANDIDATES = 16
TRAINING, VALIDATION, TEST = 0, 1, 2  # parts of the random stream of a seed


def stream(seed: int, part: int, number: int = 0) -> int:
    """The seed of the episodes of one part; of TRAINING, of generation `number`."""
    return int(np.random.SeedSequence([seed, part, number]).generate_state(1)[0])


class Validated(msgspec.Struct, frozen=True, kw_only=True):
    """The validated best: `training`, `validation` and `test` fitness, the latter two over `episodes` each; `flattered`
    is the test fitness of the training best. `evaluations`, `steps`: what finding this out took.
    """

    genome: np.ndarray
    training: float
    validation: float
    test: float
    flattered: float
    episodes: int
    evaluations: int
    steps: int


class Candidates:
    """The genomes with the highest fitness told, best first: `genomes` [k, D], `fitness` [k], k <= CANDIDATES."""

    def __init__(self) -> None:
        self.genomes, self.fitness = np.empty((0, 0)), np.empty(0)

    def add(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        """Consider genomes [k, D] with their fitness [k]; of genomes told twice, the higher one is kept."""
        bar = self.fitness[-1] if self.fitness.size == CANDIDATES else -np.inf
        worth = np.flatnonzero(np.asarray(fitness) > bar)
        if not worth.size:
            return
        best = worth[np.argsort(-fitness[worth], kind="stable")[:CANDIDATES]]
        genomes = np.concatenate((self.genomes.reshape(-1, genomes.shape[1]), genomes[best]))
        fitness = np.concatenate((self.fitness, fitness[best]))
        order = np.argsort(-fitness, kind="stable")
        _, first = np.unique(genomes[order], axis=0, return_index=True)
        kept = order[np.sort(first)[:CANDIDATES]]
        self.genomes, self.fitness = genomes[kept], fitness[kept]

    def state_dict(self) -> dict[str, Any]:
        """What to store in a checkpoint."""
        return {"candidates": self.genomes, "candidates_fitness": self.fitness}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict()`; a run begun before there were candidates starts without."""
        if "candidates" in state:
            self.genomes, self.fitness = state["candidates"], state["candidates_fitness"]

    def validated(self, problem: Problem, episodes: int) -> Validated | None:
        """The candidate that does best on `episodes` validation episodes; None if there is no candidate."""
        if not self.fitness.size:
            return None
        seen = problem.redrawn(stream(problem.seed, VALIDATION), episodes).evaluate(self.genomes)
        scores = np.where(np.isnan(seen.fitness), -np.inf, seen.fitness)
        best = int(np.argmax(scores))
        tested = problem.redrawn(stream(problem.seed, TEST), episodes).evaluate(self.genomes[[best, 0]])
        return Validated(
            genome=self.genomes[best],
            training=float(self.fitness[best]),
            validation=float(scores[best]),
            test=float(tested.fitness[0]),
            flattered=float(tested.fitness[1]),
            episodes=episodes,
            evaluations=len(self.genomes) + 2,
            steps=int(seen.steps.sum() + tested.steps.sum()),
        )
