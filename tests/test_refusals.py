"""Formulas that cannot mean what they say are refused when the Problem is made, on every backend alike."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

import evornn as en
from evornn.errors import EvornnError
from evornn.formula import State
from evornn.genome import Parameter
from evornn.networks.base import Network
from evornn.tasks import Task


class Plain(Task):
    """Two numbers seen, two given."""

    observations = actions = 2
    steps = 3

    def start(self, scenario):
        return State(x=scenario[0])

    def observe(self, s):
        return np.array([1.0, 2.0])

    def reward(self, s, action, after, t):
        return action[0] + s.x


class Wide(Network):
    """What `give` makes of the inputs comes out."""

    def __init__(self, give):
        self.give = give

    def state(self):
        return {}

    def parameters(self):
        return {"w": Parameter((self.inputs,), (-1.0, 1.0))}

    def step(self, p, s, x):
        return self.give(p, x)


def seeing(value):
    return type("Seeing", (Plain,), {"observe": lambda self, s: value})()


def paying(value):
    return type("Paying", (Plain,), {"reward": lambda self, s, action, after, t: value()})()


def right(p, x):
    return State(), p.w * x


CASES = {
    "outputs alone": (Wide(lambda p, x: p.w * x), Plain(), "Wide.step returns .*two values"),
    "one output for two": (Wide(lambda p, x: (State(), (p.w * x)[:1])), Plain(), r"Wide.step gives shape \[1\].*\[2\]"),
    "a scalar output": (Wide(lambda p, x: (State(), p.w[0])), Plain(), r"Wide.step gives shape \[\]"),
    "a scalar seen": (Wide(right), seeing(1.0), r"Seeing.observe gives shape \[\].*\[2\]"),
    "three numbers seen": (Wide(right), seeing(np.ones(3)), r"Seeing.observe gives shape \[3\]"),
    "two rewards": (Wide(right), paying(lambda: np.ones(2)), r"Paying.reward gives shape \[2\].*one number"),
    "NumPy's stream": (Wide(right), paying(lambda: np.random.rand()), "not the same twice.*formula.uniform"),  # noqa: NPY002
    "a generator": (Wide(right), paying(np.random.default_rng(0).normal), "not the same twice"),
    "Python's stream": (Wide(right), paying(random.random), "not the same twice"),
    "the clock": (Wide(right), paying(time.perf_counter), "not the same twice"),
    "a stream that repeats itself": (Wide(right), paying(lambda: 0 * random.choice([1, 1])), "not the same twice"),
}


@pytest.mark.parametrize("backend", ["cpu", "plain"])
@pytest.mark.parametrize(("network", "task", "words"), CASES.values(), ids=CASES)
def test_it_is_refused_when_the_problem_is_made(network, task, words, backend):
    with pytest.raises(EvornnError, match=words):
        en.Problem(network, task, backend)


@pytest.mark.parametrize("backend", ["cpu", "plain"])
def test_what_is_right_is_taken(backend):
    assert en.Problem(Wide(right), Plain(), backend).dimension == 2


STREAMS = {
    "NumPy's stream": lambda n, seed: np.random.rand(n, 1),  # noqa: NPY002
    "a generator without the seed": lambda n, seed: np.random.default_rng().normal(size=(n, 1)),
    "Python's stream": lambda n, seed: [[random.random()] for _ in range(n)],
    "the clock": lambda n, seed: np.full((n, 1), float(time.perf_counter_ns())),
}


@pytest.mark.parametrize("draw", STREAMS.values(), ids=STREAMS)
def test_episodes_that_the_seed_does_not_decide_are_refused(draw):
    task = type("Drawing", (Plain,), {"scenarios": lambda self, n, seed: draw(n, seed)})()
    with pytest.raises(EvornnError, match=r"Drawing.scenarios gives other episodes for the same seed.*default_rng"):
        en.Problem(Wide(right), task, "plain")


NO_NUMBERS = {
    "text": [["a"]],
    "ragged": [[1.0], [1.0, 2.0]],
    "dates": np.array([["2026-01-01"]], dtype="datetime64[D]"),
    "truth values": [[True]],
    "complex": [[1j]],
    "masked": np.ma.array([[1.0]], mask=[[True]]),
    "huge": [[10**400]],
    "a dictionary": {"a": 1},
    "a set": {1.0},
    "nothing": None,
}


@pytest.mark.parametrize("values", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_real_number_is_refused_wherever_an_array_is_given(values):
    problem = en.Problem(Wide(right), Plain(), "plain")
    ones = np.ones((1, 2))
    calls = [lambda: problem.evaluate(values), lambda: problem.gradient(values)]
    calls += [lambda: problem.value_and_grad(values)]
    calls += [lambda: problem.rollout(values), lambda: problem.test_champion(values)]
    calls += [lambda: problem.evaluate(ones, scenarios=values)] * (values is not None)
    calls += [lambda: problem.gradient(ones, episodes=values)] * (values is not None)
    for call in calls:
        with pytest.raises(EvornnError, match=r"genomes|genes|scenarios|episodes"):
            call()
    drawing = type("Drawing", (Plain,), {"scenarios": lambda self, n, seed: values})()
    with pytest.raises(EvornnError, match="scenarios"):
        en.Problem(Wide(right), drawing, "plain")
