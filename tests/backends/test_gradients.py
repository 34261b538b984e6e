"""Gradient kernels: the same numbers as the reader's, whatever the layout, threads, memory and neighbours."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from evornn.backends.cpu import CpuBackend
from evornn.backends.reference_gradient import gradient
from evornn.formula import State
from evornn.networks import LSTM, FullyRecurrent
from evornn.networks import REGISTRY as NETWORKS
from evornn.problem import Problem
from evornn.tasks import Sequence
from evornn.tasks.base import Task
from tests.backends.harness import Probe
from tests.pairs import SMOOTH, fitting

STEPS = 20
LAYOUTS = ("individuals", "episodes")
CASES = [  # every third network once by default, tasks and layouts in turns; all under -m slow
    pytest.param(
        network,
        task,
        layout,
        marks=() if (i % 3, j, k) == (0, 5 * i // 3 % len(SMOOTH), i // 3 % len(LAYOUTS)) else pytest.mark.slow,
    )
    for i, network in enumerate(NETWORKS)
    for j, task in enumerate(SMOOTH)
    for k, layout in enumerate(LAYOUTS)
]


@cache
def case(network: str, task: str) -> tuple[Probe, np.ndarray, np.ndarray, Any]:
    """The simulation, values of 5 individuals (not a multiple of any lanes), scenarios, and what the reader says."""
    simulation = Probe(*fitting(network, task))
    problem = Problem(simulation.network, simulation.task, episodes=3)
    space = problem.space
    genomes = 0.3 * space.sample(np.random.default_rng(1), 5) + 0.35 * (space.lower + space.upper)
    values = simulation.genome.values(genomes)
    steps = min(STEPS, simulation.task.steps)
    return simulation, values, problem.scenarios, gradient(simulation, values, problem.scenarios, steps, 0, None)


def kernel_says(simulation: Any, values: np.ndarray, scenarios: np.ndarray, layout: str | None, **options: Any) -> Any:
    steps, episodes = options.pop("steps", STEPS), options.pop("episodes", None)
    backend = CpuBackend(simulation, options.pop("precision", "float64"), layout=layout, **options)
    try:
        return backend.gradient(values, scenarios, min(steps, simulation.task.steps), 0, episodes)
    finally:
        backend.close()


@pytest.mark.parametrize(("network", "task", "layout"), CASES)
def test_kernels_differentiate_as_the_reader_does(network: str, task: str, layout: str) -> None:
    simulation, values, scenarios, expected = case(network, task)
    found = kernel_says(simulation, values, scenarios, layout)
    scale = np.abs(expected[3]).max()
    assert scale > 0
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_array_equal(found[2], expected[2])
    np.testing.assert_allclose(found[3], expected[3], rtol=1e-9, atol=1e-10 * scale)


SMALL_AND_LARGE = [(*fitting("FullyRecurrent", "CartPole"), 150), (LSTM(20, readout="linear"), Sequence(), 30)]
IN_TURNS = [  # each in one of the layouts by default, in both under -m slow
    pytest.param(*one, layout, marks=() if i == k else pytest.mark.slow)
    for i, one in enumerate(SMALL_AND_LARGE)
    for k, layout in enumerate(LAYOUTS)
]


@pytest.mark.parametrize(("network", "task", "steps", "layout"), IN_TURNS)
def test_threads_memory_chunks_and_neighbours_do_not_matter(network: Any, task: Any, steps: int, layout: str) -> None:
    """Episodes fail at different steps here; with no memory the tape is a few steps long and all is computed twice."""
    simulation = Probe(network, task)
    problem = Problem(simulation.network, task, episodes=11)
    values = 0.5 * problem.space.sample(np.random.default_rng(3), 19)
    one = kernel_says(simulation, values, problem.scenarios, layout, workers=1, steps=steps)
    assert len(np.unique(one[1])) > 1 or isinstance(network, LSTM)
    for options in ({"workers": 3}, {"workers": 2, "gradient_memory": 0.0}):
        other = kernel_says(simulation, values, problem.scenarios, layout, steps=steps, **options)
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    alone = kernel_says(simulation, values[7:8], problem.scenarios, layout, workers=1, steps=steps)
    np.testing.assert_array_equal(alone[3][0], one[3][7])


@pytest.mark.parametrize("layout", [LAYOUTS[0], pytest.param(LAYOUTS[1], marks=pytest.mark.slow)])
def test_float32_is_near(layout: str) -> None:
    simulation, values, scenarios, expected = case("LSTM", "Sequence")
    found = kernel_says(simulation, values, scenarios, layout, precision="float32")
    np.testing.assert_allclose(found[3], expected[3], rtol=1e-4, atol=1e-4 * np.abs(expected[3]).max())


class Short(Task):
    """Fails at once, with a thousand steps to go."""

    observations, actions, steps = 1, 1, 1000

    def start(self, scenario: Any) -> State:
        """Where it begins."""
        return State(x=0.5)

    def observe(self, s: Any) -> Any:
        """The place."""
        return s.x * np.ones(1)

    def step(self, s: Any, action: Any, t: Any) -> State:
        """The action moves it."""
        return State(x=s.x + action[0])

    def reward(self, s: Any, action: Any, after: Any, t: Any) -> Any:
        """Smooth."""
        return -s.x * s.x

    def failed(self, s: Any) -> Any:
        """It has moved."""
        return s.x != 0.5


def test_a_network_that_diverges_after_its_episode_leaves_the_gradient_alone() -> None:
    """Linear units with weights of 9 pass every float within an episode's remaining steps."""
    problem = Problem(FullyRecurrent(4, activation="linear", range=9.0), Short(), precision="float64")
    genomes = problem.space.sample(np.random.default_rng(0), 12)
    found = problem.gradient(genomes)
    assert found.failed.all()
    assert np.isfinite(found.gradients).all()


def test_mini_batches_add_up_to_the_whole() -> None:
    """Of a pair and layout that are compiled anyway."""
    network, task, layout = next(one.values for one in CASES if not one.marks)
    simulation, values, scenarios, expected = case(network, task)
    parts = [
        kernel_says(simulation, values, scenarios[chosen], layout, episodes=np.array(chosen))
        for chosen in ([0], list(range(1, len(scenarios))))
    ]
    np.testing.assert_allclose(sum(p[3] for p in parts), expected[3], rtol=1e-9, atol=1e-12)
