"""Networks of unusual kinds: every reader, layout, precision and mode gives what NumPy gives."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from evornn.backends.cpu import CpuBackend
from evornn.backends.reference import parameter_views
from evornn.backends.step_jacobians import StepJacobians
from evornn.compiler.emit.values import LayoutUnsupported
from evornn.formula import State, Step
from evornn.networks import base
from evornn.problem import Problem
from evornn.tasks import Sequence
from evornn.training.forward import jvp
from evornn.training.online.episodes import Episodes, estimator
from tests.backends.unusual_networks import KINDS, SIZES

STEPS = 7
LAYOUTS = ("individuals", "episodes", "units")
BY_NUMPY = [  # on either side of what fits registers by default, taking turns
    pytest.param(kind, n, marks=() if n == (5, 17)[i % 2] else pytest.mark.slow)
    for i, kind in enumerate(KINDS)
    for n in SIZES
    if n != 64
]


def taking_turns(*others: str, every: int = 1, shift: int = 0) -> list[Any]:
    """One in `every` kinds by default, from `shift` on, with one of the others by turns, in a size from 17 on; all
    kinds with all of them in all sizes under -m slow.
    """
    return [
        pytest.param(
            kind,
            n,
            other,
            marks=()
            if i % every == shift and (k, n) == (i // every % len(others), (17, 30)[i // every % 2])
            else pytest.mark.slow,
        )
        for i, kind in enumerate(KINDS)
        for n in SIZES
        for k, other in enumerate(others)
    ]  # fmt: skip


@cache
def case(kind: Any, n: int) -> tuple[Problem, np.ndarray]:
    """A problem of two short sequences, and three genomes."""
    rng = np.random.default_rng(n)
    inputs, targets = rng.normal(size=(2, STEPS, 1)), rng.normal(size=(2, STEPS, 1))
    task = Sequence(inputs, targets, rows=kind.rows(rng, 2, STEPS))
    problem = Problem(kind(n), task, "plain", precision="float64")
    return problem, rng.uniform(-0.7, 0.7, (3, problem.dimension))


@cache
def slopes(kind: Any, n: int) -> np.ndarray:
    """The gradient of every genome, by central differences of two sizes."""
    problem, genomes = case(kind, n)
    moves = np.concatenate([np.eye(problem.dimension)[:40], np.ones((1, problem.dimension))])

    def difference(h: float) -> np.ndarray:
        shifted = [problem.evaluate(np.vstack([g + h * moves, g - h * moves])).fitness.reshape(2, -1) for g in genomes]
        return np.array([(a - b) / (2 * h) for a, b in shifted])

    return (4 * difference(1e-4) - difference(2e-4)) / 3


def check_slopes(kind: Any, n: int, gradients: np.ndarray, tolerance: float = 1e-7) -> None:
    """Gradients [P, D] against differences: of the first forty genes, and of all together."""
    found = np.hstack([gradients[:, :40], gradients.sum(axis=1, keepdims=True)])
    expected = slopes(kind, n)[: len(gradients)]
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize(("kind", "n", "layout"), taking_turns(*LAYOUTS))
def test_kernels_evaluate_as_numpy_does(kind: Any, n: int, layout: str) -> None:
    problem, genomes = case(kind, n)
    backend = CpuBackend(problem.simulation, "float64", 1, layout)
    values = problem.simulation.genome.values(genomes)
    try:
        found = backend.evaluate(values, problem.scenarios, STEPS)[0]
    except LayoutUnsupported:
        pytest.skip(f"{layout} does not serve this graph; the rule then chooses another")
    finally:
        backend.close()
    np.testing.assert_allclose(found.mean(axis=1), problem.evaluate(genomes).fitness, rtol=1e-11)


@pytest.mark.parametrize(("kind", "n"), BY_NUMPY)
def test_the_reader_s_gradient_is_that_of_differences(kind: Any, n: int) -> None:
    problem, genomes = case(kind, n)
    found = problem.gradient(genomes)
    np.testing.assert_allclose(found.fitness, problem.evaluate(genomes).fitness, rtol=1e-11)
    check_slopes(kind, n, found.gradients)


@pytest.mark.parametrize(("kind", "n", "layout"), taking_turns("individuals", "episodes", every=3))
def test_kernels_differentiate_as_differences_say(kind: Any, n: int, layout: str) -> None:
    problem, genomes = case(kind, n)
    backend = CpuBackend(problem.simulation, "float64", 1, layout)
    try:
        found = backend.gradient(problem.simulation.genome.values(genomes), problem.scenarios, STEPS)
    except LayoutUnsupported:
        pytest.skip(f"{layout} does not serve this graph; the rule then chooses another")
    finally:
        backend.close()
    check_slopes(kind, n, found[3] / 2)


@pytest.mark.parametrize(("kind", "n", "method"), taking_turns("rtrl", "hybrid", "tbptt", every=3, shift=1))
def test_online_methods_give_the_whole_gradient(kind: Any, n: int, method: str) -> None:
    """The weights stay as they are, and tbptt sees everything."""
    problem, genomes = case(kind, n)
    options = {"hybrid": {"block": 3}, "tbptt": {"k1": 1, "k2": STEPS}}.get(method, {})
    exact = Problem(problem.network, problem.task, "cpu", precision="float64", workers=1)
    with exact:
        lessons = Episodes(exact, estimator(method, **options))
        total = sum(lessons.gradient(genomes[0], episode)[1] for episode in range(2))
    check_slopes(kind, n, total[None] / 2)


@pytest.mark.parametrize(("kind", "n"), BY_NUMPY)
def test_forward_mode_is_along_the_gradient(kind: Any, n: int) -> None:
    problem, genomes = case(kind, n)
    direction = np.cos(np.arange(problem.dimension))
    _, along = jvp(problem, genomes, direction)
    np.testing.assert_allclose(along, problem.gradient(genomes).gradients @ direction, rtol=1e-9, atol=1e-10)


def one_in_three(first: int) -> list[Any]:
    """A third of the kinds by default, in a size beyond registers."""
    return [pytest.param(kind, marks=() if i % 3 == first else pytest.mark.slow) for i, kind in enumerate(KINDS)]


@pytest.mark.parametrize("kind", one_in_three(0))
def test_float32_kernels_evaluate_as_numpy_does(kind: Any) -> None:
    problem, genomes = case(kind, 30)
    with Problem(problem.network, problem.task, "cpu", precision="float32", workers=1) as rounded:
        found = rounded.evaluate(genomes).fitness
    np.testing.assert_allclose(found, problem.evaluate(genomes).fitness, rtol=1e-4)


@pytest.mark.parametrize("kind", one_in_three(1))
def test_step_jacobians_are_those_of_differences(kind: Any) -> None:
    problem, genomes = case(kind, 17)
    step = StepJacobians(problem.simulation)
    rng = np.random.default_rng(3)
    state, x = rng.uniform(-0.5, 0.5, step.size), rng.normal(size=step.inputs)
    rows = {name: array[0, 0] for name, array in problem.task.rows.items()} if problem.task.rows else {}
    found = step.at(genomes[0], state, x, **rows)
    for given, by_state, by_output in (
        (state, found.state_by_state, found.output_by_state),
        (x, found.state_by_input, found.output_by_input),
    ):
        for i in range(len(given)):
            ends = []
            for h in (1e-5, -1e-5):
                moved = given.copy()
                moved[i] += h
                at = (moved, x) if given is state else (state, moved)
                ends.append(np.concatenate(stepped(problem, genomes[0], *at, **rows)))
            slope = (ends[0] - ends[1]) / 2e-5
            np.testing.assert_allclose(np.concatenate([by_state[:, i], by_output[:, i]]), slope, rtol=1e-6, atol=1e-7)


def stepped(
    problem: Problem, genome: np.ndarray, state: np.ndarray, x: np.ndarray, **rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """NumPy's step: the next state, flat, and the outputs."""
    network = problem.network
    p = State(**parameter_views(problem.simulation, problem.simulation.genome.values(genome[None])[0]))
    sizes = [int(np.prod(shape, dtype=int)) for shape in network.state().values()]
    parts = np.split(state, np.cumsum(sizes)[:-1])
    fields = {k: part.reshape(shape)[()] for (k, shape), part in zip(network.state().items(), parts, strict=True)}
    after, y = base.stepped(network, p, State(**fields), x, State(t=Step(0, 0, 0), **rows))
    return np.concatenate([np.ravel(getattr(after, name)) for name in fields]), np.atleast_1d(y)
