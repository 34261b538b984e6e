"""Online learning: weights change while an episode goes on, not after it (Williams & Zipser 1989).

A generation presents episodes to every learner, one after another, in an order drawn anew each time. The gradient of
the latest reward moves the weights at once,

    x <- project(x + rate * schedule * clip(g)),   g = d (reward since the last such step) / dx,

every step by "rtrl", every k1 steps by "tbptt", every block by "hybrid", after every whole episode by "bptt". The
reward is what the task's running total gains: for a sequence task, minus the step's loss. The first three take what the
state owes to earlier weights as owed to the present ones, so weights should change slowly.

The fitness met while learning is no genome's. So `best`, targets and champions go by checks, generations that evaluate
all learners on all episodes and teach nothing: before the first lesson, and after every `check_every` rounds through
the episodes. A lesson counts as one evaluation and one gradient, a check as one evaluation, each with its steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from evornn.errors import EvornnError, shown
from evornn.options import choice, other
from evornn.search.core.types import EvaluationLike, ProblemLike
from evornn.training.first_order import FirstOrder
from evornn.training.online.episodes import METHODS, Episodes, WholeEpisodes, estimator

if TYPE_CHECKING:
    from evornn.problem.problem import Problem

OWN = {"k1": "tbptt", "k2": "tbptt", "block": "hybrid"}  # the method that an option belongs to


@dataclass(frozen=True)
class Taught:
    """fitness [P], steps [P] simulated, and how far each learner moved [P, D], in place of a gradient."""

    fitness: np.ndarray
    steps: np.ndarray
    gradients: np.ndarray


class Online(FirstOrder):
    """Online learning step by step: RTRL, truncated BPTT, their hybrid; or episode by episode (Williams & Zipser 1989).

    `population` counts independent learners. `method`: "rtrl" (exact; O(N^4) operations a step for N units), "tbptt"
    (errors of `k1` steps go back through `k2`; O(N^2)), "hybrid" (exact, in blocks of `block` steps; O(N^3)), "bptt"
    (whole episodes). `schedule` counts lessons; `check_every`: a check after so many rounds through all episodes;
    `patience`: see `evornn.training.first_order`.
    """

    population, rate = 1, 0.05
    method: str = choice("of the gradient", (*METHODS, "bptt"), default="rtrl")
    k1: int | None = other("steps between updates of tbptt; None: 10", default=None, allowed=">= 1")
    k2: int | None = other("steps that tbptt goes back; None: 20", default=None, allowed=">= k1")
    block: int | None = other(
        "steps of a hybrid block; None: as many as the state has numbers", default=None, allowed=">= 1"
    )

    def derive(self) -> None:
        """Choose the gradient; the first generation is a check."""
        super().derive()
        self._place = -1  # a check
        own = {name: value for name in OWN if (value := getattr(self, name)) is not None}
        for name in own:
            if OWN[name] != self.method:
                raise EvornnError(f"{name} is an option of method {OWN[name]!r}; method is {shown(self.method)}")
        self._estimator = None if self.method == "bptt" else estimator(self.method, **own)
        self._episodes: Episodes | WholeEpisodes | None = None

    @property
    def _checked(self) -> bool:
        return True

    def prepare(self, problem: ProblemLike) -> None:
        """Look at the problem; raises EvornnError if it is not smooth, or no step's reward teaches."""
        super().prepare(problem)
        if hasattr(problem, "renew"):
            problem.renew()
        if self._episodes is None or self._episodes.problem is not problem or self._episodes.stale:
            if self._estimator is None or not hasattr(problem, "simulation"):  # where no steps are seen, it is all one
                self._episodes = WholeEpisodes(self._differentiable(problem))
            else:
                self._episodes = Episodes(cast("Problem", problem), self._estimator)

    @property
    def memory(self) -> int:
        """Bytes; once it has been prepared, with what its method keeps of an episode."""
        return super().memory + (0 if self._episodes is None else self._episodes.memory)

    def evaluate_with(self, problem: ProblemLike, genomes: np.ndarray) -> EvaluationLike:
        """Fitness and steps of genomes [k, D], and how far online learning moves them while `wants_gradients`."""
        if not self.wants_gradients:
            return super().evaluate_with(problem, genomes)
        self.prepare(problem)
        order = self.episodes
        if order is None:
            order = np.random.default_rng((self.seed, self._epoch)).permutation(self._differentiable(problem).episodes)
        lives = [self._life(genome, share, order) for genome, share in zip(genomes, self._shares(genomes), strict=True)]
        reached, met, steps = (np.array(part) for part in zip(*lives, strict=True))
        with np.errstate(invalid="ignore"):
            moved = reached - genomes
        return Taught(met, steps, moved)

    def _shares(self, genomes: np.ndarray) -> np.ndarray:
        """The schedule's share of the rate for each of the genomes just asked: a piece of the generation."""
        start = len(self._fitness)
        shares: np.ndarray = self.schedule(self._taken[start : start + len(genomes)])
        return shares

    def _life(self, genome: np.ndarray, share: float, order: np.ndarray) -> tuple[np.ndarray, float, int]:
        """What one genome becomes in these episodes, its mean fitness in them, and their steps."""
        assert self._episodes is not None

        def update(genome: np.ndarray, uphill: np.ndarray) -> np.ndarray:
            with np.errstate(over="ignore", invalid="ignore"):
                step = self.rate * share * self._clipped(uphill[None])[0]
                reached: np.ndarray = np.clip(genome + step, self.lower, self.upper)
            return reached

        total, steps = 0.0, 0
        for episode in order:
            genome, fitness, taken = self._episodes.present(genome, int(episode), update)
            total, steps = total + fitness, steps + taken
            if not np.isfinite(genome).all():
                break
        return genome, total / len(order), steps

    def step(self, fitness: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        """Take over where every learner got to; returns which moved [k]."""
        assert self.learners is not None
        fine = np.isfinite(fitness) & np.isfinite(gradients).all(axis=1)
        self.learners[fine] = np.clip(self.learners[fine] + gradients[fine], self.lower, self.upper)
        self._taken[fine] += 1
        moved: np.ndarray = fine & (gradients != 0).any(axis=1)
        return moved
