"""Results of a problem: evaluations, gradients, trajectories and champion tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Evaluation:
    """fitness [P] float64, higher is better, the mean over episodes; steps [P] simulated in all episodes; failed [P]:
    in any episode.
    """

    fitness: np.ndarray
    steps: np.ndarray
    failed: np.ndarray


@dataclass(frozen=True)
class Gradient(Evaluation):
    """An evaluation, and the gradients [P, D] of its fitness by the genes; steps are those of the forward pass."""

    gradients: np.ndarray


@dataclass(frozen=True)
class Trajectory:
    """One episode step by step: observations [T, O], actions [T, A], states name -> [T, ...] after each step, rewards
    [T].
    """

    observations: np.ndarray
    actions: np.ndarray
    states: dict[str, np.ndarray]
    rewards: np.ndarray


@dataclass(frozen=True)
class Trial:
    """One stage of a champion test: `passed` of `episodes` ran all `steps` without failing, with a correct result;
    `required` of them had to.
    """

    name: str
    passed: int
    episodes: int
    required: int
    steps: int

    @property
    def ok(self) -> bool:
        """Whether enough episodes passed."""
        return self.passed >= self.required


@dataclass(frozen=True)
class ChampionReport:
    """What a champion did in float64: solved, the trials in order (a failed trial ends the test), fitness, and who
    computed it.
    """

    solved: bool
    trials: list[Trial]
    precision: str
    backend: str
    fitness: float

    def describe(self) -> str:
        """One line for people."""
        parts = []
        for t in self.trials:
            need = f" (needs {t.required})" if t.episodes > 1 else ""
            parts.append(f"{t.name}: {t.passed} of {t.episodes} episodes of {t.steps:,} steps{need}")
        done = "; ".join(parts)
        verdict = "passes" if self.solved else "does not pass"
        return (
            f"champion {verdict} in {self.precision} ({self.backend} kernel): {done or f'fitness {self.fitness:.6g}'}"
        )
