"""Reverse mode on the graph: every operation, and every network in every smooth task, against central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import evornn.formula as f
from evornn.backends.reference_gradient import gradient
from evornn.formula import State
from evornn.formula.trace import reachable
from evornn.graph.simulation_graphs import trace_gradient
from evornn.networks import REGISTRY as NETWORKS
from evornn.problem import Problem
from tests.backends.harness import Probe, Reading
from tests.backends.test_operations import (
    axes,
    elementwise,
    equations,
    functions,
    genes,
    lanes_only,
    matrices,
    registered,
    shapes,
    vectors,
    with_values,
)
from tests.pairs import SMOOTH, fitting

PAIRS = [  # by default every network in a few tasks, taking turns
    pytest.param(network, task, marks=() if (i + j) % 8 == 0 else pytest.mark.slow)
    for i, network in enumerate(NETWORKS)
    for j, task in enumerate(SMOOTH)
]


def differences(simulation: Any, values: np.ndarray, scenarios: np.ndarray, steps: int, along: np.ndarray) -> Any:
    """Central differences of the fitness, of two sizes, so that the error is of fourth order; summed over episodes."""
    size = 1e-6

    def fitness(way: float) -> Any:
        return gradient(simulation, values + way * size * along, scenarios, steps, 7, None)[0].sum(axis=1)

    near, far = ((fitness(way) - fitness(-way)) / (2 * way * size) for way in (1, 2))
    return (4.0 * near - far) / 3.0


def check(simulation: Any, values: np.ndarray, scenarios: np.ndarray, steps: int, directions: int = 3) -> None:
    fitness, _, _, slopes = gradient(simulation, values, scenarios, steps, 7, None)
    assert np.isfinite(fitness).all()
    rng = np.random.default_rng(5)
    for _ in range(directions):
        along = rng.normal(size=values.shape)
        expected = differences(simulation, values, scenarios, steps, along)
        scale = np.abs(slopes * along).sum(axis=1) + 1e-3 * np.abs(fitness).sum(axis=1)
        np.testing.assert_array_less(np.abs((slopes * along).sum(axis=1) - expected), 2e-8 * scale + 1e-8)


def reading(formula: Any, n: int, **parts: Any) -> tuple[Any, int]:
    """A simulation whose episode e gives the formula's element e, and how many there are."""
    rng = np.random.default_rng(0)
    example = State(**{k: rng.normal(size=s) for k, s in shapes(n).items()})
    outputs = len(formula(example, State(), f.Step(0)))
    return Reading(shapes(n), formula, outputs=outputs, **parts), outputs


@pytest.mark.parametrize("n", [5, 19])
@pytest.mark.parametrize(
    "formula", [elementwise, registered, vectors, axes, matrices, with_values, equations, functions, lanes_only]
)
def test_every_operation(formula: Any, n: int) -> None:
    simulation, outputs = reading(formula, n)
    values = genes(simulation, 2)
    values += 0.3 * np.sign(values)  # away from the poles of 1 / x, where differences say nothing
    check(simulation, values, np.arange(outputs, dtype=float)[:, None], 1)


def test_buffers_loops_and_noise_through_time() -> None:
    def turn(s: Any, rate: Any) -> State:
        return State(u=s.u + rate * f.tanh(s.v), v=s.v * 0.9 - f.sin(s.u) * rate)

    def step(p: Any, s: Any, t: Any) -> State:
        moved = f.repeat(4, turn, State(u=s.u, v=s.v), 0.3 * p.y[0])
        row = p.W @ s.buffer[t % 3] + moved.u * f.normal(t)
        return State(u=moved.u, v=f.tanh(moved.v + f.sum(row)), buffer=f.put(s.buffer, t % 3, row))

    simulation = Reading(
        shapes(5),
        lambda p, s, t: f.concat(s.u, s.v, s.buffer[0], s.buffer[1]),
        lambda p: State(u=p.x[1], v=0.1, buffer=f.stack(p.x, p.y, p.x * p.y)),
        step,
        outputs=12,
    )
    check(simulation, 0.5 * genes(simulation, 2), np.arange(12, dtype=float)[:, None], 7)


def test_a_loop_without_numbers_keeps_nothing() -> None:
    def turned(mask: Any, x: Any) -> Any:
        return ~mask & (x < 5.0)

    simulation, outputs = reading(lambda p, s, t: f.where(f.repeat(3, turned, p.x < 0.0, p.x), f.tanh(p.x), p.y), 5)
    check(simulation, genes(simulation, 2), np.arange(outputs, dtype=float)[:, None], 1)
    nodes = reachable(trace_gradient(simulation, 1).step.outputs)
    assert [len(n.attr[0].outputs) for n in nodes if n.op == "repeat"] == [1]


@pytest.mark.parametrize(("network", "task"), PAIRS)
def test_every_network_in_every_smooth_task(network: str, task: str) -> None:
    simulation = Probe(*fitting(network, task))
    problem = Problem(simulation.network, simulation.task, episodes=2)
    space = problem.space
    genomes = 0.3 * space.sample(np.random.default_rng(1), 2) + 0.35 * (space.lower + space.upper)
    steps = min(8, simulation.task.steps)
    check(simulation, simulation.genome.values(genomes), problem.scenarios, steps, 1)


def test_a_wrong_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from evornn.graph.derivatives import ELEMENTWISE

    monkeypatch.setitem(ELEMENTWISE, "tanh", lambda bar, y, a: (bar - bar * y,))
    simulation, outputs = reading(elementwise, 5)
    with pytest.raises(AssertionError):
        check(simulation, genes(simulation, 2), np.arange(outputs, dtype=float)[:, None], 1)
