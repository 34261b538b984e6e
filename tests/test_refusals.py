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
