"""Base of tasks: how an episode starts, what is observed, what actions do, what is rewarded, what fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self, dataclass_transform

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import Node, State
from evornn.options import choice, flag, number, one_of, other, whole
from evornn.representation import Part

MOST_STEPS = 10**12  # of an episode: more than any machine gets through


@dataclass(frozen=True)
class Stage:
    """One stage of a champion test: run every scenario for `steps`; passed if at least `required` episodes do not fail.

    scenarios: [E, k]. name: shown to people. task: another task object of the same sizes to run them in (fresh test
    sequences), or None for the problem's own. fitness: a mean fitness that the episodes must come to as well.
    """

    name: str
    scenarios: np.ndarray
    steps: int
    required: int
    task: Task | None = None
    fitness: float | None = None


@dataclass_transform(field_specifiers=(whole, number, flag, choice, one_of, other))
class Task(Part):
    """Base of all tasks. A subclass gives sizes, scenarios, and the formulas start, observe, step, failed and reward.
    Its options are declared as in `evornn.options`, or are those of an `__init__` of its own.

    observations, actions: sizes of what the network sees and gives. steps: control steps of an episode. solved_fitness:
    a fitness that counts as solved, or None. published: mean evaluations of published methods, to show beside ours.
    smooth: whether observe, step, reward and score are continuous, and differentiable nearly everywhere, along an
    episode that does not fail. tolerance:
    relative error allowed between float32 and float64 over 20 steps. series: data arrays name -> [E, T, n] or [E, T]
    that sense and gain see row by row (sequence tasks). criterion: the loss up to which an episode of a sequence task
    counts as learned, or None. requires: optional libraries, by import name, that making one needs.
    """

    observations: int = 1
    actions: int = 1
    steps: int = 1000
    solved_fitness: float | None = None
    published: Mapping[str, float] = {}
    smooth: bool = True
    tolerance: ClassVar[float] = 1e-3
    series: Mapping[str, np.ndarray] = {}
    criterion: float | None = None
    requires: ClassVar[tuple[str, ...]] = ()

    # formulas -------------------------------------------------------------------------------------------------------
    def scenarios(self, n: int, seed: int) -> np.ndarray:
        """What differs between episodes: [n, k], drawn from `seed`."""
        return np.zeros((n, 1))

    def start(self, scenario: Node) -> State:
        """The state at the start of an episode, from a scenario [k]."""
        raise EvornnError(f"{type(self).__name__} has no start")

    def observe(self, state: State) -> Node:
        """What the network sees: [observations]."""
        raise EvornnError(f"{type(self).__name__} has no observe")

    def step(self, state: State, action: Node, t: Node) -> State:
        """The state after one control step under action [actions]."""
        return state

    def failed(self, state: State) -> Node | bool:
        """Whether the episode ends here, in failure. NaN must count as failed where a bound can be broken."""
        return False

    def finished(self, state: State) -> Node | bool:
        """Whether the episode ends here, its goal reached: no failure."""
        return False

    def passed(self, state: State) -> Node | bool:
        """Whether an episode that has come to its end counts as correct; one that has failed never does."""
        return True

    def reward(self, state: State, action: Node, after: State, t: Node) -> Node | float:
        """Added to the total for the step from `state` to `after` (also for the step that fails)."""
        return 0.0

    def score(self, state: State, total: Node, steps: Node) -> Node:
        """Fitness of an episode from its last state, total reward and number of steps taken; higher is better."""
        return total

    # what the simulation calls: sequence tasks look at the data row `now` -------------------------------------------
    def sense(self, state: State, now: State) -> Node:
        """The observation at step now.t."""
        return self.observe(state)

    def advance(self, state: State, action: Node, now: State) -> State:
        """The state after step now.t."""
        return self.step(state, action, now.t)

    def gain(self, state: State, action: Node, after: State, now: State) -> Node | float:
        """The reward of step now.t."""
        return self.reward(state, action, after, now.t)

    # what runs ask --------------------------------------------------------------------------------------------------
    def champion_test(self) -> list[Stage]:
        """The stages that a champion must pass for the task to count as solved; empty if `solved_fitness` decides."""
        return []

    def worth_testing(self, fitness: float) -> bool:
        """Whether a champion of this fitness could pass the champion test: a cheap bound that never excludes one."""
        return self.solved_fitness is not None and fitness >= self.solved_fitness

    @classmethod
    def example(cls) -> Self:
        """A small one, quick enough to try with every network."""
        return cls()

    def title(self) -> str:
        """One line without what is data: tasks of one title may share a kernel."""
        return self.describe()
