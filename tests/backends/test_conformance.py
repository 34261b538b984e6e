"""Every network in every task: all layouts give the oracle's numbers, whatever the batch, threads and chunks."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from evornn.backends.cpu import CpuBackend
from evornn.backends.reference import ReferenceBackend
from evornn.compiler.emit.values import LayoutUnsupported
from evornn.compiler.host import native_lanes
from evornn.networks import REGISTRY as NETWORKS
from evornn.problem import Problem
from evornn.tasks import REGISTRY as TASKS
from tests.backends.harness import LAYOUTS, Probe
from tests.pairs import fitting, meet

STEPS = 20
ORDERED = [(i, j, network, task) for i, network in enumerate(NETWORKS) for j, task in enumerate(TASKS)]

BY_LAYOUT = [  # every task once by default, and so every network a few times, in one layout each, taking turns
    pytest.param(
        network,
        task,
        layout,
        marks=() if meet(i, j, each=1) and k == (i + j // len(NETWORKS) + 1) % len(LAYOUTS) else pytest.mark.slow,
    )
    for i, j, network, task in ORDERED
    for k, layout in enumerate(LAYOUTS)
]
IN_FLOAT32 = [  # every second network once by default, with another task than in float64
    pytest.param(network, task, marks=() if i % 2 == 0 and meet(i, j + 1 + i // 2, each=1) else pytest.mark.slow)
    for i, j, network, task in ORDERED
]


@cache
def case(network: str, task: str) -> tuple[Probe, np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """The simulation, 5 individuals (not a multiple of any lanes), scenarios, and what the oracle says."""
    simulation = Probe(*fitting(network, task))
    problem = Problem(simulation.network, simulation.task, episodes=3)
    genomes = 0.5 * problem.space.sample(np.random.default_rng(1), 5) + 0.25 * (
        problem.space.lower + problem.space.upper
    )
    values = simulation.genome.values(genomes)
    oracle = ReferenceBackend(simulation).evaluate(values, problem.scenarios, steps_of(simulation))
    return simulation, values, problem.scenarios, oracle


def steps_of(simulation: Probe) -> int:
    """As many steps as are compared."""
    return min(STEPS, simulation.task.steps)


def kernel_says(
    simulation: Probe, values: np.ndarray, scenarios: np.ndarray, layout: str, precision: str, workers: int = 1
) -> Any:
    jobs = 2 if layout == "units" else 1
    backend = CpuBackend(simulation, precision, workers, layout, native_lanes(precision) * jobs, jobs)
    try:
        return backend.evaluate(values, scenarios, steps_of(simulation))
    except LayoutUnsupported:
        pytest.skip(f"{layout} does not serve this graph; the rule then chooses another")
    finally:
        backend.close()


@pytest.mark.parametrize(("network", "task", "layout"), BY_LAYOUT)
def test_float64_kernels_equal_the_oracle(network: str, task: str, layout: str) -> None:
    simulation, values, scenarios, (fitness, steps, failed) = case(network, task)
    found = kernel_says(simulation, values, scenarios, layout, "float64")
    np.testing.assert_allclose(found[0], fitness, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(found[1], steps)
    np.testing.assert_array_equal(found[2], failed)


@pytest.mark.parametrize(("network", "task"), IN_FLOAT32)
def test_float32_kernels_stay_within_the_task_s_tolerance(network: str, task: str) -> None:
    simulation, values, scenarios, (fitness, steps, _) = case(network, task)
    found = kernel_says(simulation, values, scenarios, "individuals", "float32")
    same = found[1] == steps  # an episode may end a step earlier or later at the border of failing
    assert same.mean() > 0.8
    np.testing.assert_allclose(
        found[0][same], fitness[same], rtol=simulation.task.tolerance, atol=simulation.task.tolerance
    )


WAYS = [  # layout, how many times the native lanes (0: one lane), jobs, workers
    ("individuals", 1, 1, 2),
    ("episodes", 1, 1, 1),
    ("units", 2, 2, 2),
    ("individuals", 2, 1, 2),
    ("individuals", 0, 1, 1),
    ("units", 1, 1, 1),
    ("episodes", 2, 1, 2),
]
TURNS = [  # half of the ways by default, of which each layout is one; all under -m slow
    pytest.param("FullyRecurrent", "DoublePole", WAYS[:3]),
    pytest.param("LSTM", "Sequence", WAYS[3:]),
    pytest.param("FullyRecurrent", "DoublePole", WAYS[3:], marks=pytest.mark.slow),
    pytest.param("LSTM", "Sequence", WAYS[:3], marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("network", "task", "ways"), TURNS)
def test_layouts_lanes_threads_and_neighbours_do_not_matter(network: str, task: str, ways: list[Any]) -> None:
    simulation = Probe(NETWORKS[network](), TASKS[task]())
    problem = Problem(simulation.network, simulation.task, episodes=9)
    genomes = problem.space.sample(np.random.default_rng(2), 37)
    values = simulation.genome.values(genomes)
    native, steps = native_lanes("float32"), min(200, simulation.task.steps)
    results = []
    for layout, times, jobs, workers in [("individuals", 1, 1, 1), *ways]:
        backend = CpuBackend(simulation, "float32", workers, layout, times * native or 1, jobs)
        results.append(backend.evaluate(values, problem.scenarios, steps))
        alone = backend.evaluate(values[11:12], problem.scenarios, steps)
        np.testing.assert_array_equal(alone[0][0], results[-1][0][11])
        backend.close()
    first, *others = results
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a, b)
