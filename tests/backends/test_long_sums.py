"""Sums over long episodes are right to the rounding of the result, in every precision, layout and reader."""

import numpy as np
import pytest

import evornn as en
from evornn.backends.cpu import CpuBackend
from evornn.compiler.host import native_lanes
from evornn.formula import State, where
from evornn.simulation import Simulation
from evornn.tasks import Task

LAYOUTS = ("individuals", "episodes", "units")


class Paid(Task):
    """`amount` and `swing`, in turns of sign, for every step."""

    def __init__(self, amount: float, swing: float = 0.0, steps: int = 1000) -> None:
        self.amount, self.swing, self.steps = amount, swing, steps

    def start(self, scenario):
        return State(x=scenario[0])

    def observe(self, s):
        return np.zeros(1)

    def reward(self, s, action, after, t):
        return self.amount + s.x + (where(t % 2 < 1, self.swing, -self.swing) if self.swing else 0.0)


def paid(amount: float, steps: int) -> tuple[Simulation, np.ndarray, np.ndarray]:
    """One genome in one episode."""
    simulation = Simulation(en.networks.FullyRecurrent(units=1), Paid(amount, steps=steps))
    return simulation, np.zeros((1, simulation.genome.dimension)), np.zeros((1, 1))


def fitness(task: Task, layout: str, precision: str = "float32") -> tuple[float, float]:
    """Fitness and steps of one genome in one episode."""
    simulation = Simulation(en.networks.FullyRecurrent(units=1), task)
    backend = CpuBackend(simulation, precision, workers=1, layout=layout, lanes=native_lanes(precision), jobs=1)
    try:
        found, steps, _ = backend.evaluate(np.zeros((1, simulation.genome.dimension)), np.zeros((1, 1)), task.steps)
    finally:
        backend.close()
    return float(found[0, 0]), float(steps[0, 0])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_tenth_for_a_million_steps(layout: str) -> None:
    """Added plainly in float32 it is nearly one per cent too much."""
    total, steps = fitness(Paid(0.1, steps=1_000_000), layout)
    assert steps == 1_000_000
    assert total == np.float32(np.float64(np.float32(0.1)) * 1_000_000)


def test_large_rewards_that_cancel() -> None:
    """Neumaier's case: the sum stays small beside its terms."""
    up, down = np.float32(3e4 + 0.1), np.float32(0.1) - np.float32(3e4)
    total, _ = fitness(Paid(0.1, 3e4, steps=100_000), "individuals")
    assert total == pytest.approx((float(up) + float(down)) * 50_000, rel=1e-6)


def test_steps_past_the_whole_numbers_of_float32() -> None:
    """Adding 1 stays at 2**24."""
    total, steps = fitness(Paid(1.0, steps=2**24 + 100), "individuals")
    assert total == steps == 2**24 + 100


@pytest.mark.parametrize(("amount", "expected"), [(3e38, np.inf), (-3e38, -np.inf)])
def test_an_infinite_total_stays_infinite(amount: float, expected: float) -> None:
    """What rounding dropped would be NaN."""
    assert fitness(Paid(amount, steps=10), "individuals")[0] == expected


@pytest.mark.parametrize("backend", ["cpu", "plain"])
def test_all_readers_agree_in_float64(backend: str) -> None:
    """Evaluation, gradient, rollout: the same sum."""
    problem = en.Problem(en.networks.FullyRecurrent(units=1), Paid(0.1, steps=1000), backend, precision="float64")
    genomes = np.zeros((1, problem.dimension))
    exact = float(np.float64(0.1)) * 1000
    assert problem.evaluate(genomes).fitness[0] == pytest.approx(exact, rel=1e-15)
    assert problem.gradient(genomes).fitness[0] == pytest.approx(exact, rel=1e-15)
    assert problem.rollout(genomes[0]).rewards.sum() == pytest.approx(exact, rel=1e-12)


def test_a_gradient_in_float32() -> None:
    """The forward pass of backpropagation through time sums like an evaluation."""
    problem = en.Problem(en.networks.FullyRecurrent(units=1), Paid(0.1, steps=200_000))
    found = problem.gradient(np.zeros((1, problem.dimension)))
    assert found.fitness[0] == np.float32(np.float64(np.float32(0.1)) * 200_000)
