"""The test of a champion: the task's own stages, in float64, and how much of the data it has learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.errors import EvornnError
from evornn.problem import copies, inputs
from evornn.results import ChampionReport, Trial
from evornn.tasks.base import Stage

if TYPE_CHECKING:
    from evornn.problem.problem import Problem


def share_learned(problem: Problem, genome: Any) -> float:
    """As `Problem.share_learned`."""
    task = problem.task
    goal = getattr(task, "criterion", None)
    goal = -goal if goal is not None else task.solved_fitness
    if goal is None:
        raise EvornnError(f"{type(task).__name__} does not say when an episode counts as learned: no share_learned")
    values = problem.simulation.genome.values(inputs.one_genome(problem, genome))
    each, _, _ = problem.backend.evaluate(values, problem.scenarios, problem.checked_steps(None), problem.seed)
    return float(np.mean(each[0] >= goal))


def test(problem: Problem, genome: Any) -> ChampionReport:
    """As `Problem.test_champion`."""
    problem.renew()
    exact = problem.exact()
    genomes = inputs.one_genome(exact, genome)
    fitness = float(exact.evaluate(genomes).fitness[0])
    goal, stages, trials = problem.task.solved_fitness, problem.task.champion_test(), []
    for stage in stages:
        trials.append(trial(exact, genomes, stage))
        if not trials[-1].ok:
            break
    solved = bool(trials[-1].ok and len(trials) == len(stages)) if stages else goal is not None and fitness >= goal
    return ChampionReport(solved, trials, "float64", problem.backend_name, fitness)


def trial(problem: Problem, genomes: np.ndarray, stage: Stage) -> Trial:
    """One stage: genomes [1, D] in its scenarios, on its task."""
    there = copies.on_task(problem, stage.task)
    values = there.simulation.genome.values(there.checked_genomes(genomes))
    scenarios, steps = inputs.scenario_table(stage.scenarios, there), there.checked_steps(stage.steps)
    fitness, _, failed = there.backend.evaluate(values, scenarios, steps, problem.seed)
    enough = stage.fitness is None or bool(fitness[0].mean() >= stage.fitness)
    passed = int((~failed[0]).sum()) if enough else 0
    return Trial(stage.name, passed, len(stage.scenarios), stage.required, stage.steps)
