"""What backends read of a simulation, what they give, and what all of them have: sums over episodes, and single steps
for learning online and for analysis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from evornn.compiler.specialization import Shape
from evornn.errors import EvornnError
from evornn.formula import Node, State
from evornn.genome import Genome
from evornn.networks.base import Network
from evornn.sharing import MAKING, made_once
from evornn.tasks.base import Task

if TYPE_CHECKING:
    from evornn.backends.step_jacobians import StepJacobians
    from evornn.backends.stepwise import Stepwise

Results = tuple[np.ndarray, np.ndarray, np.ndarray]  # fitness, steps, failed: each [P, E]
Means = tuple[np.ndarray, np.ndarray, np.ndarray]  # mean fitness, all steps, whether any episode failed: each [P]
Differentiated = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # results, and d fitness / d values [P, D]
Slopes = tuple[np.ndarray, np.ndarray]  # fitness and its slopes along directions: each [P, E]


class Places(Protocol):
    """Where each parameter lies among an individual's values."""

    @property
    def slices(self) -> dict[str, slice]: ...


class Program(Protocol):
    """What a kernel's text is made for: a simulation, or one with tangents beside its parameters."""

    @property
    def early_exit(self) -> bool: ...
    @property
    def task(self) -> Task: ...
    @property
    def genome(self) -> Places: ...
    def title(self) -> str: ...


class SimulationLike(Program, Protocol):
    """A closed loop of a network and a task, see `evornn.simulation.Simulation`."""

    traceable: int

    @property
    def network(self) -> Network: ...
    @property
    def genome(self) -> Genome: ...
    @property
    def parameters(self) -> dict[str, tuple[int, ...]]: ...
    @property
    def series(self) -> dict[str, tuple[int, ...]]: ...
    @property
    def row_kinds(self) -> dict[str, str]: ...
    def start(self, p: State, scenario: Node | np.ndarray) -> State: ...
    def step(self, p: State, carry: State, now: State) -> State: ...
    def silenced(self, carry: State) -> State: ...
    def finish(self, carry: State) -> State: ...
    def describe(self) -> str: ...


class Written(Protocol):
    """A kernel as text, before or after it is compiled."""

    @property
    def text(self) -> str: ...
    @property
    def shape(self) -> Shape: ...


class Backend:
    """Base of the backends of one simulation."""

    name = ""  # in `Problem(backend=...)`

    def __init__(self, simulation: SimulationLike, precision: str) -> None:
        self.simulation, self.precision = simulation, precision
        self._stepwise: Stepwise | None = None

    @classmethod
    def why_not(cls) -> str:
        """Why it cannot run here, for a person who asked for it; "" if it can."""
        return ""

    @classmethod
    def build(cls, simulation: SimulationLike, precision: str, workers: int | None, gradient_memory: float) -> Backend:
        """The backend of a simulation, see `Problem` for the options."""
        raise NotImplementedError

    @classmethod
    def device_facts(cls) -> dict[str, str]:
        """What the record of a run says of the device that computes; nothing of the CPU, which it always names."""
        return {}

    def evaluate(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Results:
        """values [P, D], scenarios [E, k] -> fitness, steps, failed: each [P, E]."""
        raise NotImplementedError

    def summarise(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Means:
        """values [P, D], scenarios [E, k] -> mean fitness, all steps, whether any episode failed: each [P]."""
        return over_episodes(*self.evaluate(values, scenarios, steps, seed))

    def gradient(
        self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0, episodes: np.ndarray | None = None
    ) -> Differentiated:
        """values [P, D], scenarios [E, k] -> fitness, steps, failed: each [P, E]; d fitness / d values [P, D], summed
        over episodes. episodes [E]: their numbers among the task's, if not all.
        """
        raise NotImplementedError

    def tangent(self, values: np.ndarray, dots: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Slopes:
        """values [P, D] and directions [P, D], scenarios [E, k] -> fitness and its slopes along them: each [P, E]."""
        raise NotImplementedError

    def kernel(self, individuals: int, episodes: int, scenario_size: int) -> Written:
        """The kernel for a batch of this size."""
        raise EvornnError(f"the {self.name} backend has no kernel; use backend='cpu' or backend='cuda'")

    def batch_memory(self, individuals: int, scenarios: np.ndarray, steps: int, gradients: bool = False) -> int:
        """Bytes that evaluating (or differentiating) P individuals in scenarios [E, k] takes, predicted; the genomes
        and the task's data as they are given apart.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give back threads or a device's memory."""

    def stepwise(self, scenario_size: int) -> Stepwise:
        """Episodes step by step, with the adjoint of every step, in the backend's precision."""
        with MAKING:
            if self._stepwise is None:
                from evornn.backends.stepwise import Stepwise

                self._stepwise = Stepwise(self.simulation, scenario_size, self.precision)
            return self._stepwise

    def step_jacobians(self) -> StepJacobians:
        """The network's step with its Jacobians, in float64."""
        return self._jacobians

    @made_once
    def _jacobians(self) -> StepJacobians:
        from evornn.backends.step_jacobians import StepJacobians

        return StepJacobians(self.simulation)


def over_episodes(fitness: np.ndarray, steps: np.ndarray, failed: np.ndarray) -> Means:
    """Mean fitness, steps in all episodes, and whether any failed: each [P], from [P, E]."""
    return fitness.mean(axis=1), steps.sum(axis=1).astype(np.int64), np.any(failed, axis=1)
