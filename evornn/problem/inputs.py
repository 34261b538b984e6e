"""Checks of what a problem is given: genomes, scenarios, numbers of episodes and of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.errors import EvornnError, check_range, shown
from evornn.genome import real_numbers
from evornn.simulation import Simulation
from evornn.tasks.base import Task

if TYPE_CHECKING:
    from evornn.problem.problem import Problem


def genome_rows(genomes: Any, dimension: int, simulation: Simulation) -> np.ndarray:
    """genomes as float64 [P, D]; EvornnError on another shape or dtype."""
    array = real_numbers("genomes", genomes)
    if array.ndim != 2 or array.shape[1] != dimension or not len(array):
        raise EvornnError(
            f"genomes have shape {array.shape}; they must be [P, {dimension}] with P >= 1 for {simulation.describe()}"
        )
    return array.astype(np.float64, copy=False)


def one_genome(problem: Problem, genome: Any) -> np.ndarray:
    """One genome [D] (or [1, D]) as float64 [1, D]."""
    genomes = problem.checked_genomes(np.atleast_2d(real_numbers("the genome's genes", genome)))
    if len(genomes) != 1:
        raise EvornnError(f"genome has shape {genomes.shape}; it must be one genome [{problem.dimension}]")
    return genomes


def scenario_table(scenarios: Any, problem: Problem | None = None) -> np.ndarray:
    """scenarios [E, k] as float64, as wide as the problem's, and as many as its sequences if these are data."""
    table = real_numbers("scenarios", scenarios).astype(np.float64)
    size = problem.scenarios.shape[1] if problem is not None else table.shape[-1] if table.ndim else 0
    if not np.isfinite(table).all():
        where = np.argwhere(~np.isfinite(table))[0].tolist()
        raise EvornnError(f"scenarios have a value that is not finite at {where}")
    if table.ndim != 2 or table.shape[1] != size or not len(table):
        raise EvornnError(f"scenarios have shape {table.shape}; they must be [E, {size}] with E >= 1")
    if problem is not None and problem.task.series and len(table) != len(problem.scenarios):
        raise EvornnError(
            f"{len(table)} scenarios for {len(problem.scenarios)} sequences; a sequence task runs each once"
        )
    return table


def episode_numbers(episodes: Any, count: int) -> np.ndarray:
    """Numbers of episodes, each of 0..count - 1; one given twice counts twice."""
    chosen = real_numbers("episodes", episodes)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or not len(chosen):
        raise EvornnError(
            f"episodes are {shown(episodes)}; they must be numbers of episodes, at least one of 0..{count - 1}"
        )
    if chosen.min() < 0 or chosen.max() >= count:
        raise EvornnError(f"episodes go from {chosen.min()} to {chosen.max()}; this problem has 0..{count - 1}")
    return chosen


def step_count(task: Task, steps: int | None) -> int:
    """`steps`, or the task's, and no more than its sequences have."""
    of = f"steps of {type(task).__name__}" if steps is None else "steps"
    steps = check_range(of, task.steps if steps is None else steps, 1, integer=True)
    return min([int(steps), *(array.shape[1] for array in task.series.values())])
