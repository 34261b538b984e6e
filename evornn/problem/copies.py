"""The same problem with other episodes, shorter ones, or another task object; what is compiled is shared."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from evornn.errors import EvornnError, check_range
from evornn.problem import inputs
from evornn.sharing import MAKING
from evornn.tasks.base import Task
from evornn.tasks.episodes import drawn

if TYPE_CHECKING:
    from evornn.problem.problem import Problem


def on_task(problem: Problem, task: Task | None) -> Problem:
    """The problem on another task object of the same sizes, kept for the next time; itself on None."""
    if task is None or task is problem.task:
        return problem
    with MAKING:
        if task not in problem.elsewhere:
            problem.elsewhere[task] = type(problem)(
                problem.network, task, problem.backend_name, problem.precision, problem.workers, seed=problem.seed
            )
        return problem.elsewhere[task]


def redrawn(problem: Problem, seed: int, episodes: int | None) -> Problem:
    """As `Problem.redrawn`."""
    if problem.task.series:
        raise EvornnError(f"the episodes of {type(problem.task).__name__} are given data; there are no others to draw")
    other = _sharing(problem)
    other.seed = check_range("seed", seed, 0, 2**32 - 1, integer=True)
    other.episodes = problem.episodes if episodes is None else check_range("episodes", episodes, 1, integer=True)
    other.scenarios = inputs.scenario_table(drawn(problem.task, other.episodes, seed), problem)
    return other


def shortened(problem: Problem, steps: int) -> Problem:
    """As `Problem.shortened`."""
    other = _sharing(problem)
    other.task = copy.copy(problem.task)
    other.task.steps = min(check_range("steps", steps, 1, integer=True), problem.checked_steps(None))
    return other


def _sharing(problem: Problem) -> Problem:
    """A copy that shares what is compiled, and nothing that was made for these episodes."""
    other = copy.copy(problem)
    other.__dict__["backend"] = problem.backend
    return other
