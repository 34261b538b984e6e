"""Slopes of a fitness along directions: every network in several tasks, against differences and against gradients."""

from __future__ import annotations

import numpy as np
import pytest

from evornn.backends.cpu import CpuBackend
from evornn.errors import EvornnError
from evornn.networks import REGISTRY as NETWORKS
from evornn.networks import FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import REGISTRY as TASKS
from evornn.training.forward import jvp
from tests.pairs import fitting

STEPS = 12
SEVERAL = ["Pendulum", "DoublePole", "Sequence", "EmbeddedReber", "MSO"]  # closed loops, and all kinds of losses
PAIRS = [  # every network in two or three tasks by default; in all five under -m slow
    pytest.param(network, task, marks=() if (i + j) % 2 == 0 else pytest.mark.slow)
    for i, network in enumerate(name for name in NETWORKS if NETWORKS[name].smooth)
    for j, task in enumerate(SEVERAL)
]


def drawn(network: str, task: str, backend: str) -> tuple[Problem, np.ndarray, np.ndarray]:
    """A problem in float64, a genome from the middle of the space (no episode may end), and a direction."""
    problem = Problem(*fitting(network, task), backend, "float64", workers=1, episodes=3)
    rng = np.random.default_rng(4)
    genome = 0.05 * problem.space.sample(rng, 1) + 0.475 * (problem.space.lower + problem.space.upper)
    return problem, genome, rng.normal(size=genome.shape)


@pytest.mark.parametrize(("network", "task"), PAIRS)
def test_slopes_are_those_of_differences_and_of_gradients(network: str, task: str) -> None:
    problem, genome, direction = drawn(network, task, "plain")
    h = 1e-4 * np.arange(-3, 4)[:, None]  # central differences of three sizes: the error is of sixth order
    along, slopes = jvp(problem, genome + h * direction, direction, STEPS)
    gradient = problem.gradient(genome, steps=STEPS).gradients[0]
    np.testing.assert_allclose(slopes[3], gradient @ direction[0], rtol=1e-9, atol=1e-11)
    one, two, three = ((along[3 + k] - along[3 - k]) / (2e-4 * k) for k in (1, 2, 3))
    difference = 1.5 * one - 0.6 * two + 0.1 * three
    size = np.linalg.norm(gradient) * np.linalg.norm(direction)
    np.testing.assert_allclose(slopes[3], difference, rtol=1e-8, atol=1e-8 * max(size, 1e-2))


@pytest.mark.parametrize(
    ("network", "task", "layout"),
    [
        ("FullyRecurrent", "DoublePole", "individuals"),
        ("CTRNN", "Sequence", "episodes"),
        ("Stacked", "CartPole", "units"),
    ],
)
def test_kernels_agree_with_numpy_in_every_layout(network: str, task: str, layout: str) -> None:
    problem, genome, direction = drawn(network, task, "cpu")
    problem.backend = CpuBackend(problem.simulation, "float64", 1, layout)
    genomes, directions = genome + np.linspace(0, 0.1, 5)[:, None], direction * np.linspace(1, 2, 5)[:, None]
    fitness, slopes = jvp(problem, genomes, directions, STEPS)
    plain = Problem(problem.network, problem.task, "plain", episodes=3)
    for found, expected in zip((fitness, slopes), jvp(plain, genomes, directions, STEPS), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    problem.close()


def test_bad_input_is_refused_or_becomes_nan() -> None:
    problem = Problem(FullyRecurrent(), TASKS["Sequence"](), "plain")
    genomes = problem.space.sample(np.random.default_rng(0), 2)
    with pytest.raises(EvornnError, match="directions have shape"):
        jvp(problem, genomes, np.zeros(3))
    genomes[1, 2] = np.nan
    fitness, slopes = jvp(problem, genomes, np.ones(problem.dimension), 5)
    assert np.isfinite(fitness[0])
    assert np.isfinite(slopes[0])
    assert np.isnan([fitness[1], slopes[1]]).all()
    found = problem.gradient(genomes, steps=5)
    np.testing.assert_allclose(found.gradients[0].sum(), slopes[0], rtol=1e-9)
    assert np.isnan([found.fitness[1], *found.gradients[1]]).all()
    assert found.failed[1]
    assert found.steps[0] > found.steps[1] == 0
    rough = Problem(FullyRecurrent(), TASKS["MountainCar"](), "plain")
    with pytest.raises(EvornnError, match="not smooth"):
        jvp(rough, rough.space.sample(np.random.default_rng(0), 1), np.ones(rough.dimension))
