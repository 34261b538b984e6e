"""Forward mode for users: slopes of a problem's fitness along directions, and Jacobians of a network's step.

A slope costs about two evaluations, whatever the number of genes and steps, and stores nothing: where one direction is
wanted, or episodes are too long to store, it serves where a gradient does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.errors import EvornnError
from evornn.genome import of_finite

if TYPE_CHECKING:
    from evornn.backends.step_jacobians import StepJacobians
    from evornn.problem.problem import Problem


def jvp(problem: Problem, genomes: Any, directions: Any, steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """fitness [P] of genomes [P, D], and its slopes [P] along directions [P, D] (or one direction [D] for all).

    A Jacobian-vector product: slope = gradient . direction, without the gradient. steps: as for `evaluate`. A genome
    with NaN or infinity gets NaN. Raises EvornnError on wrong shapes, or if network or task is not smooth.
    """
    genomes = problem.checked_genomes(genomes)
    problem.check_smooth()
    directions = np.asarray(directions, dtype=np.float64)
    if directions.shape not in (genomes.shape, genomes.shape[1:], (1, problem.dimension)):
        raise EvornnError(
            f"directions have shape {directions.shape}; they must be {genomes.shape}, or {genomes.shape[1:]} for all"
        )
    directions = np.broadcast_to(directions, genomes.shape)
    steps = problem.checked_steps(steps)

    def compute(finite: Any) -> tuple[Any, ...]:
        genome, some = problem.simulation.genome, genomes[finite]
        dots = genome.pull_back(some, directions[finite])  # values move as their genes do
        each = problem.backend.tangent(genome.values(some), dots, problem.scenarios, steps, problem.seed)
        return tuple(array.mean(axis=1) for array in each)

    fitness, slopes = of_finite(genomes, compute, np.nan, np.nan)
    return fitness, slopes


def step_jacobians(problem: Problem) -> StepJacobians:
    """The problem's network one step at a time, in float64: `at(genome, state, observation)` gives the step and its
    Jacobians by state and observation, `by_genes(...)` those by the genes. Raises EvornnError if it is not smooth.
    """
    problem.renew()
    found: StepJacobians = problem.backend.step_jacobians()
    return found
