"""Jacobians of every network's step: against differences of the formula itself, and against RTRL's recursion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evornn.backends.reference import parameter_views
from evornn.backends.step_jacobians import StepJacobians
from evornn.errors import EvornnError
from evornn.formula import State
from evornn.formula.state import flatten, unflatten
from evornn.networks import REGISTRY, FullyRecurrent, base
from evornn.problem import Problem
from evornn.tasks import Sequence
from evornn.training.forward import step_jacobians
from tests.pairs import by_turns, fitting


def stepped(problem: Problem, jacobians: StepJacobians, genome: Any, state: Any, x: Any) -> np.ndarray:
    """State and output after a step, flat, by NumPy."""
    values = problem.simulation.genome.values(genome[None])[0]
    p = State(**parameter_views(problem.simulation, values))
    leaves, definition = flatten(problem.network.start(p))
    fields = [state[cut].reshape(np.shape(leaf)) for cut, leaf in zip(jacobians.fields.values(), leaves, strict=True)]
    after, y = base.stepped(problem.network, p, unflatten(definition, fields), x, State(t=0))
    return np.concatenate([np.ravel(part) for part in (*flatten(after)[0], y)])


def slopes(function: Any, at: np.ndarray) -> np.ndarray:
    """Jacobian by central differences of two sizes: the error is of fourth order."""
    columns: list[np.ndarray] = []
    for way in 2e-4 * np.eye(at.size):
        near, far = ((function(at + k * way) - function(at - k * way)) / (4e-4 * k) for k in (1, 2))
        columns.append((4.0 * near - far) / 3.0)
    return np.array(columns).reshape(at.size, function(at).size).T


@pytest.mark.parametrize("network", by_turns([n for n in REGISTRY if REGISTRY[n].smooth], every=4))
def test_jacobians_are_those_of_differences(network: str) -> None:
    problem = Problem(*fitting(network, "Sequence"), workers=1)
    jacobians, rng, space = step_jacobians(problem), np.random.default_rng(7), problem.space
    genome = 0.2 * space.sample(rng, 1)[0] + 0.4 * (space.lower + space.upper)
    state, x = 0.5 * rng.normal(size=jacobians.size), rng.normal(size=jacobians.inputs)
    found = jacobians.at(genome, state, x)
    everything = np.concatenate([found.state, found.output])
    np.testing.assert_allclose(everything, stepped(problem, jacobians, genome, state, x), rtol=1e-12, atol=1e-14)
    by_state = slopes(lambda s: stepped(problem, jacobians, genome, s, x), state)
    by_input = slopes(lambda v: stepped(problem, jacobians, genome, state, v), x)
    by_genes = slopes(lambda g: stepped(problem, jacobians, g, state, x), genome)
    for jacobian, expected in (
        (np.vstack([found.state_by_state, found.output_by_state]), by_state),
        (np.vstack([found.state_by_input, found.output_by_input]), by_input),
        (np.vstack(jacobians.by_genes(genome, state, x)), by_genes),
    ):
        np.testing.assert_allclose(jacobian, expected, rtol=1e-8, atol=1e-9)
    assert np.any(by_genes)


def test_wrong_shapes_are_refused() -> None:
    problem = Problem(FullyRecurrent(4), Sequence(), workers=1)
    jacobians = step_jacobians(problem)
    with pytest.raises(EvornnError, match=r"state has shape \(5,\); it must be \(4,\)"):
        jacobians.at(np.zeros(problem.dimension), np.zeros(5), np.zeros(1))
    with pytest.raises(EvornnError, match="genome has shape"):
        jacobians.by_genes(np.zeros(3), np.zeros(4), np.zeros(1))
