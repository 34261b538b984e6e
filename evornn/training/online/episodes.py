"""Presenting a problem's episodes to one network after another, which may learn while they go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.errors import check_choice
from evornn.training.online.estimator import GradientEstimator
from evornn.training.online.rtrl import RTRL, Hybrid
from evornn.training.online.tbptt import TBPTT

if TYPE_CHECKING:
    from evornn.problem.problem import Problem
    from evornn.search.core.types import DifferentiableLike

METHODS: dict[str, Callable[..., GradientEstimator]] = {"rtrl": RTRL, "tbptt": TBPTT, "hybrid": Hybrid}
Update = Callable[[np.ndarray, np.ndarray], np.ndarray]  # genome [D], gradient [D] -> next genome [D]


def estimator(method: str, **options: Any) -> GradientEstimator:
    """The method called so, with options of its own."""
    return METHODS[check_choice("method", method, METHODS)](**options)


class Episodes:
    """Episodes of `problem`, step by step, with gradients by `method`.

    Works in the problem's precision. Raises EvornnError if network or task is not smooth.
    """

    def __init__(self, problem: Problem, method: GradientEstimator) -> None:
        problem.check_smooth()
        self.problem, self.method = problem, method
        self.genome, series = problem.simulation.genome, problem.task.series.values()
        count = len(problem.scenarios)
        self.steps = problem.checked_steps(None)
        rows = [np.asarray(a, dtype=np.float64).reshape(count, a.shape[1], -1) for a in series]
        self.data = np.concatenate(rows, axis=2) if rows else np.zeros((count, self.steps, 0))
        self._backend = problem.backend
        method.attach(self._backend.stepwise(problem.scenarios.shape[1]))

    @property
    def stale(self) -> bool:
        """Whether the problem has changed since."""
        return self.problem.backend is not self._backend

    @property
    def memory(self) -> int:
        """Bytes of the data and of the method."""
        return self.data.nbytes + self.method.memory

    @np.errstate(over="ignore", invalid="ignore")  # what explodes is for the learner to see
    def present(self, genome: np.ndarray, episode: int, update: Update) -> tuple[np.ndarray, float, int]:
        """One episode for genome [D], changed by `update` whenever the method gives a gradient. Returns the genome in
        the end, the episode's fitness, and its steps; NaN fitness if the genome is no longer finite.
        """
        method = self.method
        method.begin(self._values(genome), self.problem.scenarios[episode], self.data[episode])
        for t in range(self.steps):
            gradient = method.step(last=t == self.steps - 1)
            if gradient is not None:
                genome = update(genome, self._by_genes(genome, gradient))
                if not np.isfinite(genome).all():
                    return genome, float("nan"), t + 1
                method.run.learn(self._values(genome))
            if not method.run.alive:
                break
        return genome, method.run.finish()[0], t + 1

    @np.errstate(over="ignore", invalid="ignore")
    def gradient(self, genome: np.ndarray, episode: int) -> tuple[float, np.ndarray]:
        """Fitness of one episode and its gradient by the genes [D], the genome [D] unchanged."""
        method = self.method
        total = np.zeros(self.problem.dimension)
        method.begin(self._values(genome), self.problem.scenarios[episode], self.data[episode])
        for t in range(self.steps):
            gain = method.step(last=t == self.steps - 1)
            total += 0.0 if gain is None else gain
            if not method.run.alive:
                break
        fitness, bars = method.run.finish()
        total *= bars[-1]
        bars[-1] = 0.0
        if bars.any():
            total += method.rest(bars)
        return fitness, self._by_genes(genome, total)

    def _values(self, genome: np.ndarray) -> np.ndarray:
        values: np.ndarray = self.genome.values(genome[None])[0]
        return values

    def _by_genes(self, genome: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        pulled: np.ndarray = self.genome.pull_back(genome[None], gradient[None])[0]
        return pulled


class WholeEpisodes:
    """Episodes of `problem`, each of them one step: the gradient comes after it, by BPTT through all of it."""

    memory = 0  # besides the problem's own
    stale = False

    def __init__(self, problem: DifferentiableLike) -> None:
        self.problem = problem

    def present(self, genome: np.ndarray, episode: int, update: Update) -> tuple[np.ndarray, float, int]:
        """As `Episodes.present`."""
        found = self.problem.gradient(genome[None], episodes=np.array([episode]))
        reached = update(genome, found.gradients[0])
        fitness = found.fitness[0] if np.isfinite(reached).all() else np.nan
        return reached, float(fitness), int(found.steps[0])
