"""Sequence tasks: losses by hand, masks, and what a wrong array is told."""

import numpy as np
import pytest

from evornn.errors import EvornnError
from evornn.genome import Genome
from evornn.kernels.plain import PlainBackend
from evornn.networks import Elman
from evornn.simulation import Simulation
from evornn.tasks import Sequence

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(3, 7, 2))
TARGETS = RNG.dirichlet(np.ones(3), size=(3, 7))
MASK = np.array([[0, 0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1, 1], [0, 2, 0, 1, 0, 0, 0]])

BY_HAND = {
    "mse": lambda y, d: ((y - d) ** 2).mean(axis=-1),
    "mae": lambda y, d: np.abs(y - d).mean(axis=-1),
    "cross_entropy": lambda y, d: -(d * np.log(np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True))).sum(axis=-1),
    "binary_cross_entropy": lambda y, d: (
        -(d * np.log(1 / (1 + np.exp(-y))) + (1 - d) * np.log(1 / (1 + np.exp(y)))).mean(axis=-1)
    ),
}


def outputs(network, genome, values):
    """[E, T, m] by running the network alone."""
    from evornn.formula import State

    p = State(**{name: v[0] for name, v in Genome(network.parameters()).split(values[None]).items()})
    rows = []
    for sequence in INPUTS:
        s, ys = network.start(p), []
        for x in sequence:
            s, y = network.step(p, s, x)
            ys.append(y)
        rows.append(ys)
    return np.array(rows)


@pytest.mark.parametrize("loss", BY_HAND)
@pytest.mark.parametrize("mask", [None, MASK])
def test_fitness_is_the_negative_mean_loss_of_every_sequence(loss, mask):
    task = Sequence(INPUTS, TARGETS, mask, loss=loss)
    simulation = Simulation(Elman(units=4, readout="linear", range=1.0), task)
    genomes = simulation.genome.space.sample(np.random.default_rng(1), 2)
    fitness, steps, failed = PlainBackend(simulation).evaluate(genomes, task.scenarios(3, 0), task.steps)
    weights = np.ones((3, 7)) if mask is None else mask
    for values, got in zip(genomes, fitness, strict=True):
        each = BY_HAND[loss](outputs(simulation.network, simulation.genome, values), TARGETS)
        np.testing.assert_allclose(got, -(each * weights).sum(axis=1) / weights.sum(axis=1), rtol=1e-12)
    assert (steps == 7).all()
    assert not failed.any()


def test_sizes_come_from_the_data():
    task = Sequence(INPUTS, TARGETS, criterion=0.02)
    assert (task.observations, task.actions, task.steps, task.episodes) == (2, 3, 7, 3)
    assert (task.criterion, task.solved_fitness) == (0.02, -0.02)
    assert Sequence().solved_fitness is None


def test_example_is_learnable_only_with_memory():
    task = Sequence.example(criterion=0.1)
    inputs, targets, weight = (task.series[k] for k in ("inputs", "targets", "weight"))
    np.testing.assert_array_equal(targets[:, 3:], inputs[:, :-3])
    assert (weight[:, :3] == 0).all()
    np.testing.assert_allclose(weight.sum(axis=1), 1.0)


def test_data_from_a_file(tmp_path):
    np.savez(tmp_path / "a.npz", inputs=INPUTS, targets=TARGETS, mask=MASK)
    task, same = Sequence(data=tmp_path / "a.npz"), Sequence(INPUTS, TARGETS, MASK)
    for name, array in same.series.items():
        np.testing.assert_array_equal(task.series[name], array)
    np.savez(tmp_path / "b.npz", inputs=INPUTS, target=TARGETS)
    with pytest.raises(EvornnError, match=r"'target'.*did you mean 'targets'"):
        Sequence(data=tmp_path / "b.npz")
    with pytest.raises(EvornnError, match=r"none\.npz"):
        Sequence(data=tmp_path / "none.npz")
    with pytest.raises(EvornnError, match="one or the other"):
        Sequence(INPUTS, TARGETS, data=tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"inputs": INPUTS[0], "targets": TARGETS}, ["inputs", "(7, 2)", "[E, T, n]"]),
        ({"inputs": INPUTS}, ["targets", "[E, T, n]"]),
        ({"inputs": INPUTS, "targets": TARGETS[:2]}, ["(3, 7, 2)", "(2, 7, 3)"]),
        ({"inputs": INPUTS * np.inf, "targets": TARGETS}, ["inputs", "not finite", "[0, 0, 0]"]),
        ({"inputs": INPUTS, "targets": TARGETS, "mask": MASK * 0}, ["mask", "positive"]),
        ({"inputs": INPUTS, "targets": TARGETS, "mask": MASK[:, :5]}, ["mask", "(3, 5)", "(3, 7)"]),
        ({"inputs": INPUTS, "targets": TARGETS, "loss": "rmse"}, ["'rmse'", "did you mean 'mse'"]),
        ({"inputs": INPUTS, "targets": TARGETS * 2, "loss": "cross_entropy"}, ["probabilities"]),
        ({"inputs": INPUTS, "targets": -TARGETS, "loss": "binary_cross_entropy"}, ["[0, 1]"]),
        ({"criterion": -1.0}, ["criterion is -1.0"]),
        ({"inputs": [["a"]], "targets": TARGETS}, ["inputs", "numbers"]),
    ],
)
def test_wrong_data_is_named(options, words):
    with pytest.raises(EvornnError) as error:
        Sequence(**options)
    for word in words:
        assert word in str(error.value)
