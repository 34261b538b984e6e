"""Sequence tasks: losses by hand, masks, and what a wrong array is told."""

import numpy as np
import pytest

from evornn.backends.reference import ReferenceBackend
from evornn.errors import EvornnError
from evornn.formula import State
from evornn.genome import Genome
from evornn.networks import Elman
from evornn.problem import Problem
from evornn.simulation import Simulation
from evornn.tasks import Sequence, Stage

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(3, 7, 2))
TARGETS = RNG.dirichlet(np.ones(3), size=(3, 7))
MASK = np.array([[0, 0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1, 1], [0, 2, 0, 1, 0, 0, 0]])


def holes(array, *places):
    """A copy with NaN there."""
    copy = array.copy()
    for place in places:
        copy[place] = np.nan
    return copy


def ragged(array):
    """Sequences of 4, 7 and 2 steps."""
    return [array[0, :4], array[1], array[2, :2]]


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
    fitness, steps, failed = ReferenceBackend(simulation).evaluate(genomes, task.scenarios(3, 0), task.steps)
    weights = np.ones((3, 7)) if mask is None else mask
    for values, got in zip(genomes, fitness, strict=True):
        each = BY_HAND[loss](outputs(simulation.network, simulation.genome, values), TARGETS)
        np.testing.assert_allclose(got, -(each * weights).sum(axis=1) / weights.sum(axis=1), rtol=1e-12)
    assert (steps == 7).all()
    assert not failed.any()


RIGHT_BY_HAND = {
    ("argmax", "mse"): lambda y, d: y.argmax(axis=-1) == d.argmax(axis=-1),
    ("threshold", "mse"): lambda y, d: ((y > 0.5) == (d > 0.5)).all(axis=-1),
    ("threshold", "binary_cross_entropy"): lambda y, d: ((y > 0.0) == (d > 0.5)).all(axis=-1),
    (0.7, "mse"): lambda y, d: (abs(y - d) < 0.7).all(axis=-1),
}


@pytest.mark.parametrize(("correct", "loss"), RIGHT_BY_HAND)
@pytest.mark.parametrize("mask", [None, MASK])
def test_a_sequence_fails_by_one_wrong_output_that_matters(correct, loss, mask):
    task = Sequence(INPUTS, TARGETS, mask, loss=loss, correct=correct)
    simulation = Simulation(Elman(units=4, readout="linear", range=1.0), task)
    genomes = simulation.genome.space.sample(np.random.default_rng(1), 40)
    expected = []
    for values in genomes:
        right = RIGHT_BY_HAND[correct, loss](outputs(simulation.network, simulation.genome, values), TARGETS)
        expected.append(~(right | (np.zeros((3, 7), bool) if mask is None else mask == 0)).all(axis=1))
    _, _, failed = ReferenceBackend(simulation).evaluate(genomes, task.scenarios(3, 0), task.steps)
    np.testing.assert_array_equal(failed, expected)
    assert mask is None or 0 < np.mean(expected) < 1
    with Problem(simulation.network, task, precision="float64", workers=1) as problem:
        np.testing.assert_array_equal(problem.evaluate(genomes).failed, np.any(expected, axis=1))


@pytest.mark.parametrize(("correct", "loss"), RIGHT_BY_HAND)
def test_nan_and_undecided_outputs_are_wrong(correct, loss):
    task = Sequence(INPUTS, TARGETS, loss=loss, correct=correct)
    now = State(targets=np.array([1.0, 0.0, 0.0]))
    assert task.right(np.array([5.0 if correct != 0.7 else 1.0, -1e-9, -0.5]), now)
    for wrong in ([np.nan] * 3, [5.0, np.nan, -1.0], [np.nan, -1.0, -1.0]):
        assert not task.right(np.array(wrong), now)
    assert correct == 0.7 or not task.right(np.zeros(3), now)


def test_a_stage_runs_in_a_test_set_of_its_own_length():
    rng = np.random.default_rng(3)
    bits, longer = rng.integers(0, 2, (5, 6, 1)), rng.integers(0, 2, (9, 11, 1))
    fresh = Sequence(longer, np.ones((9, 11, 1)), correct=0.5)

    class Tested(Sequence):
        def champion_test(self):
            return [Stage("own", self.scenarios(5, 0), 6, 5), Stage("fresh", fresh.scenarios(9, 0), 99, 9, fresh)]

    task = Tested(bits, np.zeros((5, 6, 1)), correct=0.5)
    with Problem(Elman(units=2, readout="linear"), task, workers=1) as problem:
        silent = np.zeros(problem.dimension)  # answers 0 everywhere: right at home, wrong in the test set
        first, second = problem.test_champion(silent).trials
        assert (first.passed, first.episodes) == (5, 5)
        assert (second.passed, second.episodes, second.ok) == (0, 9, False)
        fresh.series["targets"][:4] = 0
        problem.close()
    with Problem(Elman(units=2, readout="linear"), task, workers=1) as problem:
        assert problem.test_champion(silent).trials[1].passed == 4


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
        ({"inputs": INPUTS[0], "targets": TARGETS}, ["inputs", "(7, 2)", "[E, T, n]", "inputs[None]"]),
        ({"inputs": INPUTS}, ["targets", "[E, T, n]"]),
        ({"inputs": INPUTS, "targets": TARGETS[:2]}, ["(3, 7, 2)", "(2, 7, 3)"]),
        ({"inputs": INPUTS * np.inf, "targets": TARGETS}, ["inputs", "not finite", "[0, 0, 0]"]),
        ({"inputs": INPUTS, "targets": TARGETS, "mask": MASK * 0}, ["mask", "positive"]),
        ({"inputs": INPUTS, "targets": TARGETS, "mask": MASK[:, :5]}, ["mask", "(3, 5)", "(3, 7)"]),
        ({"inputs": INPUTS, "targets": TARGETS, "loss": "rmse"}, ["'rmse'", "did you mean 'mse'"]),
        ({"inputs": INPUTS, "targets": TARGETS * 2, "loss": "cross_entropy"}, ["probabilities"]),
        ({"inputs": INPUTS, "targets": -TARGETS, "loss": "binary_cross_entropy"}, ["[0, 1]"]),
        ({"correct": "treshold"}, ["'treshold'", "did you mean 'threshold'"]),
        ({"correct": 0.0}, ["correct is 0.0"]),
        ({"criterion": -1.0}, ["criterion is -1.0"]),
        ({"inputs": [["a"]], "targets": TARGETS}, ["inputs", "numbers"]),
        ({"inputs": INPUTS + 1j, "targets": TARGETS}, ["inputs", "complex128"]),
        ({"inputs": INPUTS, "targets": TARGETS[..., 0]}, ["targets", "(3, 7)", "targets[..., None]"]),
        ({"inputs": INPUTS, "targets": holes(TARGETS, (1, 2, 0))}, ["targets", "beside numbers", "[1, 2]"]),
        ({"inputs": holes(INPUTS, (1, 2, 0)), "targets": TARGETS}, ["inputs", "not finite", "[1, 2, 0]", "missing"]),
        (
            {"inputs": holes(INPUTS, (0, 0)), "targets": holes(TARGETS, (0, 0))},
            ["[0, 0, 0]", "Padding goes to the end"],
        ),
        ({"inputs": holes(INPUTS, (0, 6)), "targets": TARGETS}, ["inputs", "[0, 6, 0]"]),
        ({"inputs": INPUTS, "targets": holes(TARGETS, (2,))}, ["sequence 2 has no target"]),
        ({"inputs": INPUTS, "targets": TARGETS, "mask": holes(MASK * 1.0, (0, 6))}, ["mask", "not finite", "[0, 6]"]),
        ({"inputs": ragged(INPUTS), "targets": TARGETS}, ["sequence 0 has 4 steps of inputs and 7 of targets"]),
        ({"inputs": ragged(INPUTS), "targets": ragged(TARGETS)[:2]}, ["3 sequences of inputs and 2 of targets"]),
        ({"inputs": [INPUTS[0, :0], INPUTS[1]], "targets": TARGETS[:2]}, ["sequence 0", "(0, 2)", "at least one step"]),
        ({"inputs": [[1.0, 2.0], [1.0]], "targets": TARGETS[:2]}, ["sequence 0", "(2,)", "x[:, None]"]),
        ({"inputs": [[[1.0], [2.0, 3.0]], [[1.0]]], "targets": TARGETS[:2]}, ["sequence 0", "[T, n]"]),
        (
            {"inputs": [INPUTS[0], INPUTS[1, :3, :1]], "targets": ragged(TARGETS)[:2]},
            ["sequence 1", "(3, 1)", "(7, 2)"],
        ),
        ({"inputs": [], "targets": []}, ["inputs", "(0,)"]),
        ({"inputs": [[[10**400]]], "targets": [[[1]]]}, ["sequence 0 of inputs", "[T, n]"]),
        ({"inputs": ragged(INPUTS), "targets": ragged(TARGETS), "mask": ragged(MASK)[::-1]}, ["sequence 0", "4 steps"]),
        ({"inputs": INPUTS, "targets": TARGETS.argmax(axis=2)}, ["np.eye(k)[targets]"]),
    ],
)
def test_wrong_data_is_named(options, words):
    with pytest.raises(EvornnError) as error:
        Sequence(**options)
    for word in words:
        assert word in str(error.value)


AS_USERS_HAVE_THEM = {
    "lists of arrays": lambda a: ragged(a),
    "lists of lists": lambda a: [part.tolist() for part in ragged(a)],
    "an array of objects": lambda a: np.array([*ragged(a), None], dtype=object)[:3],
    "NaN after the end": lambda a: holes(a, (0, slice(4, None)), (2, slice(2, None))),
    "a masked array": lambda a: np.ma.array(a, mask=np.isnan(holes(a, (0, slice(4, None)), (2, slice(2, None))))),
    "one list, one array": lambda a: ragged(a) if a.shape[2] == 2 else AS_USERS_HAVE_THEM["NaN after the end"](a),
}


@pytest.mark.parametrize("form", AS_USERS_HAVE_THEM)
@pytest.mark.parametrize("loss", BY_HAND)
def test_sequences_of_different_lengths_count_their_own_steps(form, loss):
    task = Sequence(*(AS_USERS_HAVE_THEM[form](a) for a in (INPUTS, TARGETS)), loss=loss)
    simulation = Simulation(Elman(units=4, readout="linear", range=1.0), task)
    (values,) = simulation.genome.space.sample(np.random.default_rng(1), 1)
    fitness, _, failed = ReferenceBackend(simulation).evaluate(values[None], task.scenarios(3, 0), task.steps)
    each = BY_HAND[loss](outputs(simulation.network, simulation.genome, values), TARGETS)
    np.testing.assert_allclose(fitness[0], [-each[0, :4].mean(), -each[1].mean(), -each[2, :2].mean()], rtol=1e-12)
    assert not failed.any()


def test_steps_without_targets_and_a_mask_of_ones_own():
    targets = holes(TARGETS, (0, 1), (0, 3), (2, 5))
    found = Sequence(INPUTS, targets, 1.0 + MASK).series["weight"] > 0
    np.testing.assert_array_equal(found, ~np.isnan(targets[..., 0]))
    weights = Sequence(ragged(INPUTS), ragged(TARGETS), [[1, 2, 3, 4], [1] * 7, [0, 1]]).series["weight"]
    np.testing.assert_allclose(weights[0], [0.1, 0.2, 0.3, 0.4, 0, 0, 0])
    np.testing.assert_allclose(weights[2], [0, 1, 0, 0, 0, 0, 0])
    same = Sequence(list(INPUTS), TARGETS.tolist())
    assert "weight" not in same.series
    np.testing.assert_array_equal(same.series["inputs"], INPUTS)
    whole = Sequence(INPUTS.astype(int), TARGETS > 0.5).series
    assert all(a.dtype == np.float64 for a in whole.values())


def test_padding_from_a_file(tmp_path):
    np.savez(
        tmp_path / "a.npz", **{n: holes(a, (0, slice(4, None))) for n, a in (("inputs", INPUTS), ("targets", TARGETS))}
    )
    assert (Sequence(data=tmp_path / "a.npz").series["weight"][0] > 0).sum() == 4
    np.savez(tmp_path / "b.npz", inputs=np.array([*ragged(INPUTS), None], dtype=object), targets=TARGETS)
    with pytest.raises(EvornnError, match="Object arrays cannot be loaded"):
        Sequence(data=tmp_path / "b.npz")
