"""What a network or task is changed to counts at once, and alike in evaluations, rollouts and champion tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import evornn as en
from evornn.errors import EvornnError
from evornn.formula import State
from evornn.tasks.base import Task


class Moving(Task):
    """The reward of each of three steps is the speed, times what an array and a scenario say."""

    steps = 3

    def __init__(self) -> None:
        self.speed, self.table, self.first = 1.0, np.ones(2), 1.0

    def scenarios(self, n: int, seed: int) -> np.ndarray:
        return np.full((n, 1), self.first)

    def start(self, scenario: Any) -> State:
        return State(k=scenario[0])

    def observe(self, s: State) -> Any:
        return np.ones(1) * s.k

    def reward(self, s: State, action: Any, after: State, t: Any) -> Any:
        return self.speed * self.table[1] * s.k


def answers(problem: en.Problem) -> list[float]:
    z = np.zeros((1, problem.dimension))
    return [
        problem.evaluate(z).fitness[0],
        problem.gradient(z).fitness[0],
        problem.rollout(z[0]).rewards.sum(),
        problem.test_champion(z[0]).fitness,
        problem.shortened(3).evaluate(z).fitness[0],
    ]


@pytest.mark.parametrize("backend", ["cpu", "plain"])
def test_every_reader_sees_a_change(backend: str) -> None:
    task = Moving()
    problem = en.Problem(en.networks.FullyRecurrent(units=1), task, backend, workers=1)
    assert answers(problem) == [3.0] * 5
    task.speed = 5.0
    assert answers(problem) == [15.0] * 5
    task.table[1] = 2.0
    assert answers(problem) == [30.0] * 5
    task.first = 0.5
    assert answers(problem) == [15.0] * 5


def test_a_network_of_another_size_is_another_problem() -> None:
    network = en.networks.FullyRecurrent(units=1)
    problem = en.Problem(network, Moving(), "plain")
    network.units = 2
    with pytest.raises(EvornnError, match="make a new Problem"):
        problem.evaluate(np.zeros((1, problem.dimension)))


def test_what_cannot_be_computed_with_is_refused() -> None:
    network, task = en.networks.FullyRecurrent(units=1), Moving()
    with pytest.raises(EvornnError, match="did you mean 'float32'"):
        en.Problem(network, task, "plain", precision="float23")
    problem = en.Problem(network, task, "plain")
    z = np.zeros((4, problem.dimension))
    with pytest.raises(EvornnError, match="not finite"):
        problem.evaluate(z, scenarios=[[np.nan]])
    for ask in (problem.rollout, problem.test_champion):
        with pytest.raises(EvornnError, match="one genome"):
            ask(z)
    for steps in (0, 3.7, True):
        task.steps = steps  # type: ignore[assignment]
        with pytest.raises(EvornnError, match="steps of Moving"):
            problem.evaluate(z)
