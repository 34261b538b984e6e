"""Every registered network in every registered task: the oracle runs it, and it traces to a graph of equal shapes."""

import numpy as np
import pytest

from evornn.formula import State, tracing
from evornn.formula.graph import Node, lift
from evornn.formula.record import flatten, tree_map
from evornn.kernels.plain import PlainBackend
from evornn.networks import REGISTRY as NETWORKS
from evornn.simulation import Simulation
from evornn.tasks import REGISTRY as TASKS

PAIRS = [(n, t) for n in NETWORKS for t in TASKS]


def symbol(shape, name, dtype="float"):
    return Node("input", (), shape, dtype, name)


def kinds(record):
    return [(lift(leaf).shape, lift(leaf).dtype) for leaf in flatten(record)[0]]


@pytest.mark.parametrize(("network", "task"), PAIRS)
def test_oracle_runs_it(network, task):
    task = TASKS[task]()
    simulation = Simulation(NETWORKS[network](), task)
    values = simulation.genome.values(simulation.genome.space.sample(np.random.default_rng(0), 2))
    count = len(next(iter(task.series.values()))) if task.series else 2
    fitness, steps, _ = PlainBackend(simulation).evaluate(values, task.scenarios(count, 0), 3)
    assert np.isfinite(fitness).all()
    assert (steps == 3).all()


@pytest.mark.parametrize(("network", "task"), PAIRS)
def test_it_traces(network, task):
    simulation = Simulation(NETWORKS[network](), TASKS[task]())
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
    task = TASKS[name]()
    a, b, other = task.scenarios(5, 1), task.scenarios(5, 1), task.scenarios(5, 2)
    np.testing.assert_array_equal(a, b)
    assert a.shape[0] == 5
    assert a.dtype == np.float64
    assert name == "Sequence" or (a != other).any()
    assert 0 < task.tolerance < 1e-2


@pytest.mark.parametrize("name", [n for n in TASKS if n != "Sequence"])
def test_describe_is_the_constructor_call(name):
    task = TASKS[name]()
    again = eval(task.describe(), dict(TASKS))
    assert again.describe() == task.describe()
