"""Generated sequence tasks: definitions by other means, seeds, padding, and champions that are right or wrong."""

import itertools
import re

import numpy as np
import pytest

from evornn.errors import EvornnError
from evornn.formula import State
from evornn.formula.node import Node
from evornn.genome import Parameter
from evornn.networks import Elman, FullyRecurrent
from evornn.networks.base import Network
from evornn.problem import Problem
from evornn.search import RandomGuessing
from evornn.tasks import (
    REGISTRY,
    Adding,
    AnBn,
    AnBnCn,
    DelayedXOR,
    Digits,
    EmbeddedReber,
    Multiplication,
    NoiseFreeLag,
    Parity,
    TemporalOrder,
    Tomita,
)  # fmt: skip
from evornn.tasks.generated import Generated
from evornn.tasks.grammars.tomita import endings, sample
from tests.pairs import small

GENERATED = [name for name, task in REGISTRY.items() if issubclass(task, Generated)]
REBER = "B(TS*X(XT*VP)*(SE|XT*VVE)|PT*V(VE|P(XT*VP)*(SE|XT*VVE)))"
TOMITA = {
    1: lambda s: re.fullmatch("1*", s),
    2: lambda s: re.fullmatch("(10)*", s),
    3: lambda s: not re.search("(?<!1)1(11)*0(00)*(?!0)", s),
    4: lambda s: "000" not in s,
    5: lambda s: s.count("0") % 2 == s.count("1") % 2 == 0,
    6: lambda s: (s.count("0") - s.count("1")) % 3 == 0,
    7: lambda s: re.fullmatch("0*1*0*1*", s),
}


def rows(task):
    """inputs, targets and mask of each sequence, without its padding."""
    for inputs, targets, weight in zip(*(task.series[k] for k in ("inputs", "targets", "weight")), strict=True):
        end = np.flatnonzero(weight)[-1] + 1
        yield inputs[:end], targets[:end], weight[:end] > 0


def symbols(inputs, alphabet):
    """The string that one-hot rows stand for."""
    assert (inputs.sum(axis=1) == 1).all()
    assert np.isin(inputs, (0, 1)).all()
    return "".join(alphabet[i] for i in inputs.argmax(axis=1))


class Prompter(Network):
    """Gives prepared outputs, one after another, to whom computes it by NumPy; what is traced must not change."""

    def __init__(self, *outputs):
        self.lines = iter([y for array in outputs for sequence in array for y in sequence])

    def parameters(self):
        return {"unused": Parameter((1,), (-1.0, 1.0))}

    def step(self, p, s, x):
        return State(), np.zeros(self.outputs) if isinstance(x, Node) else next(self.lines)


def ideal(task):
    """Outputs that are right everywhere."""
    wanted = task.series.get("allowed", task.series["targets"])
    return wanted if task.loss == "mse" else 20 * (2 * wanted - 1)


def verdict(task, change=None):
    """The champion test of ideal outputs; `change` may spoil those of the last stage."""
    outputs = [ideal(stage.task).copy() for stage in task.champion_test()]
    if change:
        change(outputs[-1])
    with Problem(Prompter(ideal(task), *outputs), task, backend="plain") as problem:
        return problem.test_champion(np.zeros(1))


# every one -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", GENERATED)
def test_right_outputs_solve_it_and_wrong_ones_do_not(name):
    task = small(name)
    report = verdict(task)
    assert report.solved
    assert task.worth_testing(report.fitness)
    assert all(trial.passed == trial.episodes for trial in report.trials)

    def spoil(outputs):
        outputs[:] = outputs[::-1, ::-1] + np.linspace(-3.0, 3.0, outputs[0].size).reshape(outputs[0].shape)

    report = verdict(task, spoil)
    assert not report.solved
    assert report.trials[-1].passed < report.trials[-1].required


@pytest.mark.parametrize("name", GENERATED)
def test_data_follow_the_seed_and_tests_are_fresh(name):
    task, again = small(name), small(name)
    for row, array in task.series.items():
        np.testing.assert_array_equal(array, again.series[row])
        np.testing.assert_array_equal(task.fresh().series[row], again.fresh().series[row])
    assert task.fresh().observations, task.fresh().actions == (task.observations, task.actions)
    if "seed" in REGISTRY[name].__init__.__code__.co_varnames:
        other = REGISTRY[name].example(seed=1)
        assert any(a.tobytes() != b.tobytes() for a, b in zip(*(t.series.values() for t in (task, other)), strict=True))
        seen = {inputs.tobytes() for inputs, _, _ in rows(task)}
        assert not any(inputs.tobytes() in seen for inputs, _, _ in rows(task.fresh()))


@pytest.mark.parametrize("name", GENERATED)
def test_after_the_end_there_is_nothing_and_data_do_not_change_the_kernel(name):
    task = small(name)
    for part in (task, task.fresh()):
        for e, (inputs, _, _) in enumerate(rows(part)):
            assert all((array[e, len(inputs) :] == 0).all() for key, array in part.series.items())
        np.testing.assert_allclose(part.series["weight"].sum(axis=1), 1.0)
    network = FullyRecurrent(units=2, readout="linear")
    assert Problem(network, task).kernel_source() == Problem(network, task.fresh()).kernel_source()


# grammars ------------------------------------------------------------------------------------------------------------
def test_reber_strings_are_accepted_by_a_regular_expression():
    for string in ("BTXSE", "BPVVE", "BTSSXXTVVE", "BPTVPSE", "BTXXVPSE", "BPVPXVPXVPXVVE"):
        assert re.fullmatch(REBER, string)
    for string in ("BTSE", "BPTSE", "BTXXE", "BTXVE", "BPVVPE"):
        assert not re.fullmatch(REBER, string)
    task = EmbeddedReber(sequences=1500, test=50)
    drawn, following = [], {}
    for (inputs, targets, mask), allowed in zip(rows(task), task.series["allowed"], strict=True):
        string = symbols(inputs, "BTPSXVE") + symbols(targets, "BTPSXVE")[-1]
        assert string[1:] == symbols(targets, "BTPSXVE")
        assert re.fullmatch(rf"B([TP]){REBER}\1E", string)
        assert mask.all()
        drawn.append(string)
        for t, row in enumerate(allowed[: len(inputs)]):
            seen, sets = following.setdefault(string[: t + 1], (set(), set()))
            seen.add(string[t + 1])
            sets.add("".join(c for c, yes in zip("BTPSXVE", row, strict=True) if yes))
    for prefix, (seen, sets) in following.items():
        assert len(sets) == 1, prefix
        (allowed,) = sets
        assert seen <= set(allowed)
        if len(prefix) < 6:  # seen often
            assert seen == set(allowed)
    assert {s[1] for s in drawn} == {"T", "P"}
    fresh = {symbols(x, "BTPSXVE") + symbols(y, "BTPSXVE")[-1] for x, y, _ in rows(task.fresh())}
    assert not fresh & set(drawn)


def test_reber_wants_all_possible_symbols_on_top():
    task = EmbeddedReber.example()
    outputs = task.series["allowed"] * 0.3  # right, though the drawn symbol is not told from the other
    assert task.sequence_accuracy(outputs) == task.symbol_accuracy(outputs) == 1.0
    outputs = task.series["targets"].copy()  # knows the future, but leaves out the other symbol
    assert task.sequence_accuracy(outputs) == 0.0
    assert 0.2 < task.symbol_accuracy(outputs) < 0.9


def test_noise_free_lag_has_two_strings():
    task = NoiseFreeLag(lag=4)
    strings = [symbols(x, "abcxy") + symbols(y, "abcxy")[-1] for x, y, _ in rows(task)]
    assert strings == ["xabcx", "yabcy"]
    assert task.steps == 4
    assert task.correct == 0.25
    assert NoiseFreeLag(lag=100).published.popitem()[1] == 5_040


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (AnBn, {1: ["aT", "ab", "T"], 3: ["aT", "ab", "ab", "ab", "b", "b", "T"]}),
        (AnBnCn, {1: ["aT", "ab", "c", "T"], 2: ["aT", "ab", "ab", "b", "c", "c", "T"]}),
    ],
)
def test_counting_gives_next_symbol_sets(task, expected):
    letters = task.LETTERS
    task = task(longest=4, test=6)
    for n, (inputs, targets, _) in zip(range(1, 5), rows(task), strict=True):
        assert symbols(inputs, "S" + letters) == "S" + "".join(c * n for c in letters)
        sets = ["".join(c for c, yes in zip(letters + "T", row, strict=True) if yes) for row in targets]
        assert expected.get(n, sets) == sets
    assert [len(x) - 1 for x, _, _ in rows(task.fresh())] == [5 * len(letters), 6 * len(letters)]


@pytest.mark.parametrize("grammar", TOMITA)
def test_tomita_strings_are_judged_by_their_definition(grammar):
    task = Tomita(grammar, length=8, test_length=13, sequences=60, test=60)
    for part, lengths in ((task, range(9)), (task.fresh(), range(9, 14))):
        labels = []
        for inputs, targets, mask in rows(part):
            string = symbols(inputs, "01$")
            assert string.index("$") == len(inputs) - 1
            assert len(inputs) - 1 in lengths
            assert targets[-1] == bool(TOMITA[grammar](string[:-1]))
            assert mask.sum() == mask[-1] == 1
            labels.append(targets[-1])
        assert np.mean(labels) == 0.5


@pytest.mark.parametrize("grammar", TOMITA)
def test_tomita_draws_every_string_of_a_length(grammar):
    everything = ["".join(bits) for bits in itertools.product("01", repeat=6)]
    rng = np.random.default_rng(0)
    for accept in (True, False):
        wanted = {s for s in everything if bool(TOMITA[grammar](s)) == accept}
        table = endings(grammar, 6, accept)
        assert table[6][0] == len(wanted)
        drawn = ["".join(map(str, sample(rng, grammar, table, 6))) for _ in range(12 * len(wanted))]
        assert set(drawn) == wanted
        assert max(map(drawn.count, wanted)) < 32  # of 12 expected


# long time lags ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [Adding, Multiplication])
def test_marked_numbers_are_added_or_multiplied(kind):
    neutral, marked_first = (0.0, 1.0)[kind is Multiplication], 0
    lengths, seconds = set(), set()
    for inputs, targets, mask in rows(kind(length=30, sequences=400)):
        values, markers = inputs.T
        assert 30 <= len(inputs) <= 33
        assert (-1.0 if kind is Adding else 0.0) <= values.min()
        assert values.max() <= 1.0
        assert markers[0] == markers[-1] == -1.0
        assert np.isin(markers[1:-1], (0.0, 1.0)).all()
        places = np.flatnonzero(markers == 1.0)
        assert places[0] < 10 or len(places) == 1
        assert places[-1] < 16
        chosen = values[places]
        if len(places) == 1:
            assert values[0] == neutral
            chosen, marked_first = np.append(chosen, values[0]), marked_first + 1
        assert len(chosen) == 2
        assert targets[-1] == pytest.approx(0.5 + chosen.sum() / 4 if kind is Adding else chosen.prod())
        assert mask.sum() == mask[-1] == 1
        lengths.add(len(inputs))
        seconds.add(places[-1])
    assert lengths == {30, 31, 32, 33}
    assert max(seconds) == 14
    assert 0 < marked_first < 120


def test_multiplication_allows_fewer_than_seven_in_a_hundred_wrong():
    assert [Multiplication.example().required(n) for n in (2000, 100, 10)] == [1861, 94, 10]
    assert Adding.example().required(2000) == 2000


@pytest.mark.parametrize(("count", "places"), [(3, ((10, 20), (50, 60))), (4, ((10, 20), (33, 43), (66, 76)))])
def test_temporal_order_is_the_class(count, places):
    task = TemporalOrder(symbols=count, sequences=300)
    seen, lengths = [set() for _ in places], set()
    for inputs, targets, mask in rows(task):
        string = symbols(inputs, "EBabcdXY")
        assert re.fullmatch("E[abcdXY]*B", string)
        assert mask.sum() == mask[-1] == 1
        relevant = [i for i, c in enumerate(string) if c in "XY"]
        assert len(relevant) == count - 1
        for at, (low, high), found in zip(relevant, places, seen, strict=True):
            assert low <= at <= high
            found.add(at)
        order = "".join(string[i] for i in relevant)
        classes = ["".join(s) for s in itertools.product("XY", repeat=count - 1)]
        assert targets[-1].tolist() == [float(c == order) for c in classes]
        lengths.add(len(string))
    assert lengths == set(range(100, 111))
    assert all({low, high} <= found for found, (low, high) in zip(seen, places, strict=True))
    assert next(iter(task.published.values())) == {3: 31_390, 4: 571_100}[count]


def test_parity_and_delayed_xor():
    task = Parity(length=6, test_length=9, sequences=80)
    for part, lengths in ((task, set(range(1, 7))), (task.fresh(), {7, 8, 9})):
        assert {len(x) - 1 for x, _, _ in rows(part)} == lengths
        for inputs, targets, mask in rows(part):
            assert np.isin(inputs[:-1], (-1, 1)).all()
            assert inputs[-1] == 0
            assert targets[-1] == (inputs == 1).sum() % 2
            assert mask.sum() == mask[-1] == 1
    for inputs, targets, mask in rows(DelayedXOR(delay=3, bits=2, length=12)):
        bits = (inputs[:, 0] > 0).astype(int)
        assert mask.tolist() == [False] * 4 + [True] * 8
        assert all(targets[t, 0] == bits[t - 3] ^ bits[t - 4] for t in range(4, 12))
    for inputs, targets, mask in rows(DelayedXOR(delay=0, bits=3, length=8)):
        bits = (inputs[:, 0] > 0).astype(int)
        assert mask.tolist() == [False] * 2 + [True] * 6
        assert all(targets[t, 0] == bits[t] ^ bits[t - 1] ^ bits[t - 2] for t in range(2, 8))


@pytest.mark.parametrize("pixels", [1, 8])
def test_digits_are_read_row_by_row(pixels):
    datasets = pytest.importorskip("sklearn.datasets")
    data = datasets.load_digits()
    task = Digits(pixels=pixels, sequences=1437, test=360)
    assert task.steps * task.observations == 64
    images = np.concatenate([part.series["inputs"] for part in (task, task.fresh())]).reshape(-1, 64)
    assert sorted(map(bytes, images)) == sorted(map(bytes, data.data / 16.0))  # all of them, each once
    np.testing.assert_array_equal(images[-360:], data.data[-360:] / 16.0)
    assert task.fresh().series["targets"][:, -1].argmax(axis=1).tolist() == data.target[-360:].tolist()
    assert (task.series["weight"][:, -1] == 1).all()
    assert task.required(360) == 324


# measures and messages -----------------------------------------------------------------------------------------------
def test_accuracy_of_a_rollout_is_what_the_kernels_count():
    task = Tomita(4, sequences=24, length=5)
    with Problem(Elman(units=3, readout="linear"), task, precision="float64", workers=1) as problem:
        genomes = problem.space.sample(np.random.default_rng(2), 6)
        for genome in genomes:
            paths = [problem.rollout(genome, e) for e in range(24)]
            _, _, failed = problem.backend.evaluate(
                problem.simulation.genome.values(genome[None]), problem.scenarios, task.steps
            )
            assert task.sequence_accuracy(paths) == np.mean(~failed)
            assert task.symbol_accuracy(paths) == np.mean(~failed)  # one step matters in each


def test_random_guessing_solves_tomita_1_and_is_verified_on_longer_strings():
    import evornn

    with Problem(FullyRecurrent(units=3), Tomita(1), workers=1) as problem:
        result = evornn.run(problem, RandomGuessing(problem.space, seed=1), evaluations=20_000)
        assert result.solved
        assert result.verified.trials[0].episodes == 256
        assert result.evaluations < 10_000


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Adding(length=3), ["length is 3", "[4"]),
        (lambda: Adding(sequences=0), ["sequences is 0"]),
        (lambda: Adding(seed=-1), ["seed is -1"]),
        (lambda: TemporalOrder(symbols=5), ["symbols is 5", "3, 4"]),
        (lambda: TemporalOrder(loss="cross entropy"), ["did you mean 'cross_entropy'"]),
        (lambda: Adding.example(test=0), ["test is 0"]),
        (lambda: Tomita(8), ["grammar is 8"]),
        (lambda: Tomita(1, length=8, test_length=9), ["test_length is 9", "[10, 60]"]),
        (lambda: Parity(length=5, test_length=5), ["test_length is 5"]),
        (lambda: AnBn(longest=5, test=5), ["test is 5", "[6"]),
        (lambda: DelayedXOR(delay=3, length=4), ["length is 4"]),
        (lambda: NoiseFreeLag(lag=1), ["lag is 1"]),
    ],
)
def test_wrong_options_are_named(make, words):
    with pytest.raises(EvornnError) as error:
        make()
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("name", [name for name in REGISTRY if REGISTRY[name].requires])
def test_a_missing_library_is_named_with_its_extra(name, monkeypatch):
    import importlib

    real = importlib.import_module

    def without(module, *rest):
        if module.partition(".")[0] in REGISTRY[name].requires:
            raise ImportError(f"No module named {module!r}")
        return real(module, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(EvornnError, match=r"pip install 'evornn\[data\]'"):
        REGISTRY[name]()
