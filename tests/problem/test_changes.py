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
        problem.gradient(z).fitness[0] if problem.backend_name == "plain" else problem.evaluate(z).fitness[0],
        problem.rollout(z[0]).rewards.sum(),
        problem.test_champion(z[0]).fitness,
        problem.shortened(3).evaluate(z).fitness[0],
    ]


FACTOR = 1.0


def helper(x: Any) -> Any:
    return FACTOR * x


def enclosed() -> tuple[type[Moving], Any]:
    inner = 1.0

    class Enclosed(Moving):
        weight = 1.0

        @property
        def scaled(self) -> float:
            return inner * self.weight

        def reward(self, s: State, action: Any, after: State, t: Any) -> Any:
            return self.scaled * helper(s.k)

    def change(value: float) -> None:
        nonlocal inner
        inner = value

    return Enclosed, change


@pytest.mark.parametrize("backend", ["cpu", "plain"])
def test_what_lies_outside_the_object_counts_too(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Globals, also of functions called, variables of enclosing functions, attributes and methods of the class."""
    kind, change = enclosed()
    problem = en.Problem(en.networks.FullyRecurrent(units=1), kind(), backend, "float64", workers=1)
    assert answers(problem) == [3.0] * 5
    monkeypatch.setitem(globals(), "FACTOR", 2.0)
    assert answers(problem) == [6.0] * 5
    change(5.0)
    assert answers(problem) == [30.0] * 5
    kind.weight = 0.5
    assert answers(problem) == [15.0] * 5
    kind.reward = Moving.reward  # type: ignore[method-assign]
    assert answers(problem) == [3.0] * 5


@pytest.mark.parametrize("backend", ["cpu", "plain"])
def test_every_reader_sees_a_change(backend: str) -> None:
    task = Moving()
    problem = en.Problem(en.networks.FullyRecurrent(units=1), task, backend, "float64", workers=1)
    assert answers(problem) == [3.0] * 5
    task.speed = 5.0
    assert answers(problem) == [15.0] * 5
    task.table[1] = 2.0
    assert answers(problem) == [30.0] * 5
    task.first = 0.5
    assert answers(problem) == [15.0] * 5
    z = np.zeros((1, problem.dimension))
    assert problem.gradient(z).fitness[0] == 15.0
    task.speed = 10.0
    assert problem.gradient(z).fitness[0] == 30.0


def test_a_curriculum() -> None:
    """A task changed between generations is the one that the next generation meets."""
    task, seen = Moving(), []

    def harder(record: Any) -> None:
        seen.append(record.top)
        task.speed = 1.0 + record.generation

    problem = en.Problem(en.networks.FullyRecurrent(units=1), task, workers=1)
    result = en.run(
        problem, en.search.RandomGuessing(problem.space, population=4, seed=1), generations=3, on_generation=harder
    )
    assert seen == [3.0, 6.0, 9.0]
    assert result.best is not None
    assert result.best.fitness == 9.0
    assert problem.rollout(result.best.genome).rewards.sum() == 12.0  # the speed that the last generation left


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
