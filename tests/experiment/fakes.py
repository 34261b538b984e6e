"""An analytic problem that needs no compiler, for tests of loop and store; run as a script, a process to kill.

python fakes.py DIRECTORY EVALUATIONS resumes if DIRECTORY holds a run. Fitness is -|genome - 0.5|^2 with NaN in a
corner. Its three episodes are |genome - centre|^2 for centres around 0.5.
"""

from __future__ import annotations

import copy
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import evornn
from evornn.genome import Space


@dataclass
class Trial:
    name: str
    passed: bool
    episodes: int = 1
    required: int = 1
    steps: int = 11


@dataclass
class Report:
    solved: bool
    trials: list = field(default_factory=list)

    def describe(self) -> str:
        return "passed" if self.solved else "failed"


class FakeProblem:
    """`solves`: squared distance that passes the champion test; `delay`: seconds that evaluating a generation takes."""

    episodes, seed, longest = 3, 5, 7

    def __init__(self, dimension: int = 3, solves: float = 0.0, delay: float = 0.0) -> None:
        self.space = Space(np.full(dimension, -1.0), np.full(dimension, 1.0))
        self.solves, self.delay, self.centre = solves, delay, 0.5
        self.evaluated = self.taken = self.tested = 0
        self.task = SimpleNamespace(worth_testing=lambda fitness: fitness >= -4 * solves, published={})

    def evaluate(self, genomes: np.ndarray) -> SimpleNamespace:
        time.sleep(self.delay)
        self.evaluated += len(genomes)
        fitness = -np.square(genomes - self.centre).sum(1)
        fitness[genomes[:, 0] < -0.9] = np.nan
        return SimpleNamespace(fitness=fitness, steps=np.full(len(genomes), 7), failed=np.isnan(fitness))

    def redrawn(self, seed: int, episodes: int | None = None) -> FakeProblem:
        """The optimum lies elsewhere in other episodes, the less so the more there are."""
        other = copy.copy(self)
        other.seed, other.episodes = seed, episodes or self.episodes
        other.centre = 0.5 + np.random.default_rng(seed).normal(0.0, 0.3, other.episodes).mean()
        return other

    def check_smooth(self) -> None:
        pass

    def gradient(self, genomes: np.ndarray, episodes: np.ndarray | None = None) -> SimpleNamespace:
        found = FakeProblem.evaluate(self, genomes)
        shift = 0.0 if episodes is None else 0.2 * (np.asarray(episodes) - 1.0).mean()
        found.fitness += 2.0 * shift * (genomes - self.centre).sum(1)
        found.gradients = -2.0 * (genomes - self.centre - shift)
        found.gradients[np.isnan(found.fitness)] = np.nan
        self.taken += len(genomes)
        return found

    precision, backend_name = "float64", "fake"

    def exact(self) -> FakeProblem:
        return self

    def test_champion(self, genome: np.ndarray) -> Report:
        self.tested += 1
        passed = -float(np.square(genome - 0.5).sum()) >= -self.solves
        return Report(passed, [Trial("near", passed)])

    def share_learned(self, genome: np.ndarray) -> float:
        return float(np.mean(np.abs(genome - 0.5) < 0.2))

    def describe(self) -> str:
        return "a paraboloid"


SEARCHES = {**evornn.search.REGISTRY, **evornn.gradient.REGISTRY}


def make(
    solves: float = 0.0, delay: float = 0.0, seed: int = 3, name: str = "GeneticAlgorithm", **options: Any
) -> tuple:
    """A problem and a fresh search or trainer on it."""
    problem = FakeProblem(solves=solves, delay=delay)
    return problem, SEARCHES[name](problem.space, population=20, seed=seed, **options)


if __name__ == "__main__":
    from evornn.experiment.storage.run_directory import is_run

    directory = Path(sys.argv[1])
    problem, search = make(delay=0.002)
    evornn.run(problem, search, evaluations=int(sys.argv[2]), out=directory, resume=is_run(directory))
