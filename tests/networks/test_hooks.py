"""What a network may say besides its step: what its parameters cost, and its state had its outputs been right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import evornn.formula as f
from evornn.networks import NARX, EchoState, Elman, Jordan, Network
from evornn.problem import Problem
from evornn.tasks import Sequence
from evornn.training.online.episodes import Episodes, estimator

RNG = np.random.default_rng(5)
INPUTS, TARGETS = RNG.normal(size=(2, 6, 1)), RNG.normal(size=(2, 6, 1))
ECHO = EchoState(15, density=0.5, feedback=0.5)


class Decaying(Elman):
    """Elman with a cost of its weights."""

    def penalty(self, p: Any) -> Any:
        """Of two kinds."""
        return 0.1 * f.sum(p.W * p.W) + 0.01 * f.sum(f.absolute(p.b))


def test_a_penalty_is_subtracted_once_in_every_reader_and_has_a_gradient() -> None:
    task = Sequence(INPUTS, TARGETS)
    kernel, oracle = (Problem(Decaying(3), task, backend, precision="float64") for backend in ("cpu", "plain"))
    free = Problem(Elman(3), task, "plain")
    genomes = 0.3 * kernel.space.sample(RNG, 3)
    genome = kernel.simulation.genome
    parts = [genome.split(genome.values(g[None])) for g in genomes]
    cost = [0.1 * (p["W"] ** 2).sum() + 0.01 * np.abs(p["b"]).sum() for p in parts]
    np.testing.assert_allclose(oracle.evaluate(genomes).fitness, free.evaluate(genomes).fitness - cost, rtol=1e-12)
    np.testing.assert_allclose(kernel.evaluate(genomes).fitness, oracle.evaluate(genomes).fitness, rtol=1e-12)
    moves = 1e-6 * np.eye(kernel.dimension)
    differences = [(oracle.evaluate(g + moves).fitness - oracle.evaluate(g - moves).fitness) / 2e-6 for g in genomes]
    for problem in (kernel, oracle):
        np.testing.assert_allclose(problem.gradient(genomes).gradients, differences, rtol=1e-7, atol=1e-8)
    lessons = Episodes(kernel, estimator("rtrl"))
    online = np.mean([lessons.gradient(genomes[0], episode)[1] for episode in range(2)], axis=0)
    np.testing.assert_allclose(online, differences[0], rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    "network",
    [
        NARX(3, output_delays=2),
        NARX(3, output_delays=1),
        Jordan(3),
        Jordan(3, alpha=0.5),
        EchoState(15, density=0.5, feedback=0.5),
    ],
    ids=lambda n: n.describe(),
)
def test_a_taught_network_feeds_back_what_was_wanted(network: Network) -> None:
    taught = RNG.integers(0, 2, (2, 6))
    problem = Problem(network, Sequence(INPUTS, TARGETS, rows={"forced": taught}), precision="float64")
    genomes = 0.3 * problem.space.sample(RNG, 2)
    simulation, expected = problem.simulation, np.zeros((2, 2))
    for i, genome in enumerate(genomes):
        values = simulation.genome.values(genome[None])
        p = f.State(**{name: v[0] for name, v in simulation.genome.split(values).items()})
        for e in range(2):
            state, losses = problem.network.start(p), []
            for x, wanted, teach in zip(INPUTS[e], TARGETS[e], taught[e], strict=True):
                before = state
                state, y = problem.network.step(p, state, x)
                losses.append(np.mean((y - wanted) ** 2))
                if teach and isinstance(network, Jordan):
                    state = f.State(m=network.alpha * before.m + wanted)
                elif teach and isinstance(network, NARX):
                    old = [wanted, *([before.Y[:1]] if network.output_delays > 1 else [])]
                    state = state.replace(Y=np.concatenate(old))
                elif teach:
                    state = f.State(h=state.h, y=wanted)
            expected[i, e] = -np.mean(losses)
    np.testing.assert_allclose(problem.evaluate(genomes).fitness, expected.mean(axis=1), rtol=1e-12)
    reference = Problem(network, problem.task, "plain")
    np.testing.assert_allclose(problem.gradient(genomes).gradients, reference.gradient(genomes).gradients, rtol=1e-10)
