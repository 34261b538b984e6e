"""Every registered network in every registered task: the oracle runs it, and it traces to a graph of equal shapes."""

import numpy as np
import pytest

from evornn.backends.reference import ReferenceBackend
from evornn.formula import State, tracing
from evornn.formula.node import Node, lift
from evornn.formula.state import flatten, tree_map
from evornn.networks import REGISTRY as NETWORKS
from evornn.simulation import Simulation
from evornn.tasks import REGISTRY as TASKS
from tests.pairs import fitting, small

PAIRS = [(n, t) for n in NETWORKS for t in TASKS]


def symbol(shape, name, dtype="float"):
    return Node("input", (), shape, dtype, name)


def kinds(record):
    return [(lift(leaf).shape, lift(leaf).dtype) for leaf in flatten(record)[0]]


@pytest.mark.parametrize(("network", "task"), PAIRS)
def test_oracle_runs_it(network, task):
    simulation = Simulation(*fitting(network, task))
    task = simulation.task
    values = simulation.genome.values(simulation.genome.space.sample(np.random.default_rng(0), 2))
    count = len(next(iter(task.series.values()))) if task.series else 2
    fitness, steps, _ = ReferenceBackend(simulation).evaluate(values, task.scenarios(count, 0), 3)
    assert np.isfinite(fitness).all()
    assert (steps == 3).all()


@pytest.mark.parametrize(("network", "task"), PAIRS)
def test_it_traces(network, task):
    simulation = Simulation(*fitting(network, task))
    with tracing():
        p = State(**{name: symbol(shape, name) for name, shape in simulation.parameters.items()})
        width = simulation.task.scenarios(1, 0).shape[1]
        first = simulation.start(p, symbol((width,), "scenario"))
        carry = tree_map(lambda leaf: symbol(lift(leaf).shape, "carry", lift(leaf).dtype), first)
        rows = {name: symbol(shape, name) for name, shape in simulation.series.items()}
        after = simulation.step(p, carry, State(t=Node("time", (), (), "int"), **rows))
        assert flatten(after)[1] == flatten(first)[1]
        assert kinds(after) == kinds(first)
        end = simulation.finish(after)
        assert kinds(end) == [((), "float"), ((), "float"), ((), "bool")]


@pytest.mark.parametrize("name", TASKS)
def test_scenarios_are_drawn_from_their_seed(name):
    task = small(name)
    a, b, other = task.scenarios(5, 1), task.scenarios(5, 1), task.scenarios(5, 2)
    np.testing.assert_array_equal(a, b)
    assert a.shape[0] == 5
    assert a.dtype == np.float64
    assert task.series or (a != other).any()  # sequence tasks differ in their data instead
    assert 0 < task.tolerance < 1e-2


@pytest.mark.parametrize("name", TASKS)
def test_describe_is_the_constructor_call(name):
    task = small(name)
    again = eval(task.describe(), dict(TASKS))
    assert again.describe() == task.describe()
    for row, array in task.series.items():
        np.testing.assert_array_equal(again.series[row], array)


@pytest.mark.parametrize("name", TASKS)
def test_one_clear_line_says_what_it_is(name):
    first = TASKS[name].__doc__.partition("\n")[0]
    assert len(first) <= 116
    assert first.endswith(".")
