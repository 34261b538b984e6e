"""Formulas that cannot mean what they say are refused when the Problem is made, on every backend alike."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

import evornn as en
from evornn.errors import EvornnError
from evornn.formula import State, put
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


def mine(**methods):
    return type("Mine", (Plain,), methods)()


def seeing(value):
    return mine(observe=lambda self, s: value)


def paying(value):
    return mine(reward=lambda self, s, action, after, t: value())


def stepping(value):
    return mine(step=lambda self, s, action, t: value(s, action))


def carrying(name):
    """A network with a state field of this name."""
    state, step = lambda self: {name: ()}, lambda self, p, s, x: (s, p.w * x)
    return type("Carrying", (Wide,), {"state": state, "step": step})(right)


def right(p, x):
    return State(), p.w * x


class Attribute(Wide):
    """An attribute where networks have a method."""

    def __init__(self):
        super().__init__(right)
        self.layer = 3


CASES = {
    "outputs alone": (Wide(lambda p, x: p.w * x), Plain(), "Wide.step returns .*two values"),
    "one output for two": (Wide(lambda p, x: (State(), (p.w * x)[:1])), Plain(), r"Wide.step gives shape \[1\].*\[2\]"),
    "a scalar output": (Wide(lambda p, x: (State(), p.w[0])), Plain(), r"Wide.step gives shape \[\]"),
    "a scalar seen": (Wide(right), seeing(1.0), r"Mine.observe gives shape \[\].*\[2\]"),
    "three numbers seen": (Wide(right), seeing(np.ones(3)), r"Mine.observe gives shape \[3\]"),
    "two rewards": (Wide(right), paying(lambda: np.ones(2)), r"Mine.reward gives shape \[2\].*one number"),
    "no reward": (Wide(right), paying(lambda: None), "Mine.reward returns nothing"),
    "two scores": (Wide(right), mine(score=lambda *_: np.ones(2)), r"Mine.score gives shape \[2\].*one number"),
    "no score": (Wide(right), mine(score=lambda *_: None), "Mine.score returns nothing"),
    "a number for failed": (
        Wide(right),
        mine(failed=lambda self, s: s.x),
        "Mine.failed returns a number.*one condition",
    ),
    "1.0 for finished": (Wide(right), mine(finished=lambda *_: 1.0), "Mine.finished returns 1.0.*one condition"),
    "None for passed": (Wide(right), mine(passed=lambda *_: None), "Mine.passed returns None.*one condition"),
    "two conditions": (Wide(right), mine(failed=lambda self, s: np.ones(2) > s.x), r"Mine.failed.*shape \[2\]"),
    "no start": (Wide(right), mine(start=lambda *_: None), "Mine.start returns nothing"),
    "no state after": (Wide(right), stepping(lambda s, a: None), "Mine.step returns nothing"),
    "other fields": (Wide(right), stepping(lambda s, a: State(y=s.x)), r"Mine.step.*\['y'\].*start gives \['x'\]"),
    "a wider field": (Wide(right), stepping(lambda s, a: State(x=a)), r"Mine.step makes state field 'x' float\[2\]"),
    "a condition kept": (Wide(right), stepping(lambda s, a: State(x=s.x > 0)), "Mine.step makes state field 'x' bool"),
    "outputs first": (Wide(lambda p, x: (p.w * x, State())), Plain(), "Wide.step returns the outputs first"),
    "outputs first in a stack": (
        en.networks.Stacked(en.networks.Elman(units=2), Wide(lambda p, x: (p.w * x, State()))),
        Plain(),
        "Wide.step returns the outputs first",
    ),
    "a network's other fields": (Wide(lambda p, x: (State(h=1.0), p.w * x)), Plain(), r"Wide.step.*\['h'\]"),
    "no state of a network": (Wide(lambda p, x: (None, p.w * x)), Plain(), "Wide.step returns nothing"),
    "a field called like a method": (carrying("items"), Plain(), "cannot be called 'items'"),
    "a field that is no name": (carrying("a b"), Plain(), "'net_a b' cannot be part of a variable's name"),
    "a method hidden by an attribute": (Attribute(), Plain(), "Attribute has an attribute layer = 3"),
    "a method hidden by a class": (Wide(right), mine(reward=1.0), "Mine has an attribute reward = 1.0"),
    "an index past the end": (
        Wide(right),
        mine(reward=lambda *a: a[1].x * np.ones(2) @ put(np.ones(2) * a[1].x, a[4], 1.0)),
        "index goes from 0 to 2 .*2 rows",
    ),
    "an index before the start": (
        Wide(right),
        mine(reward=lambda *a: (a[1].x * np.ones(2))[a[4] * 2 - 3]),
        "index goes from -3 to 1 .*2 rows",
    ),
    "a series called t": (Wide(right), mine(series={"t": np.ones((1, 3))}), "series called 't'"),
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


def test_a_property_cannot_be_set():
    network = Wide(right)
    with pytest.raises(EvornnError, match=r"Wide has an attribute width = 3.*another name"):
        network.width = 3


def test_a_stack_of_what_hides_a_method():
    with pytest.raises(EvornnError, match="Attribute has an attribute layer = 3"):
        en.networks.Stacked(Attribute(), Attribute())


def test_two_fields_of_one_name():
    carried = type("Twice", (Plain,), {"start": lambda self, s: State(x=s[0], a=State(b=1.0), a_b=1.0)})()
    with pytest.raises(EvornnError, match="'task_a_b' is the name of two fields"):
        en.Problem(Wide(right), carried, "plain")


def test_longer_episodes_may_leave_an_array():
    task = mine(reward=lambda self, s, action, after, t: (s.x * np.ones(3))[t])
    problem = en.Problem(Wide(right), task, "plain")
    assert problem.evaluate(np.ones((1, 2)), steps=3).fitness[0] == 0.0
    with pytest.raises(EvornnError, match="index goes from 0 to 3 in the 4 steps"):
        problem.evaluate(np.ones((1, 2)), steps=4)


def test_batch_sizes_and_switches_are_checked():
    problem = en.Problem(Wide(right), Plain(), "plain")
    for ask in (problem.compile, problem.memory):
        with pytest.raises(EvornnError, match="population is 0"):
            ask(0)
    with pytest.raises(EvornnError, match="early_exit is 'no'; it must be True or False"):
        en.Problem(Wide(right), Plain(), early_exit="no")


@pytest.mark.parametrize("backend", ["cpu", "plain"])
def test_an_episode_given_twice_counts_twice(backend):
    class Different(Plain):
        def scenarios(self, n, seed):
            return np.arange(float(n))[:, None]

    problem = en.Problem(Wide(right), Different(), backend, "float64", episodes=3)
    found = problem.gradient(np.ones((1, 2)), episodes=[2, 2, 0])
    np.testing.assert_allclose(found.fitness, [3 * (1 + (2 + 2 + 0) / 3)])


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
