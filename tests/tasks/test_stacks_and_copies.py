"""Tasks that need a memory or a stack: sequences by other means; who has the memory solves them, longer ones too."""

import re
from collections import Counter

import numpy as np
import pytest

from evornn.networks import RationalMachine
from evornn.networks.machines.program import BRACKETS
from evornn.problem import Problem
from evornn.tasks import AnBnCBmAm, AssociativeRecall, Copy, Dyck, RepeatCopy
from tests.tasks.test_generated import rows, symbols


@pytest.mark.parametrize("part", ["training", "test"])
def test_copies(part):
    task = Copy(bits=4, length=5, test_length=9, sequences=60, test=60)
    lengths = set()
    for inputs, targets, mask in rows(task if part == "training" else task.fresh()):
        length = len(inputs) // 2
        assert inputs[:, 4].tolist() == [0.0] * length + [1.0] + [0.0] * length
        np.testing.assert_array_equal(targets[length + 1 :], inputs[:length, :4])
        assert not inputs[length:, :4].any()
        assert mask.tolist() == [False] * (length + 1) + [True] * length
        lengths.add(length)
    assert lengths == (set(range(1, 6)) if part == "training" else {6, 7, 8, 9})


def test_repeated_copies():
    task = RepeatCopy(bits=3, length=4, repeats=5, test_length=6, test_repeats=7, sequences=200, test=200)
    for part in (task, task.fresh()):
        sizes = set()
        for inputs, targets, mask in rows(part):
            length = int(np.flatnonzero(inputs[:, 3])[0]) if inputs[:, 3].any() else (~mask).sum() - 1
            times = (len(inputs) - length - 2) // length
            assert inputs[length, 3] == pytest.approx((times - 3.0) / np.sqrt(2.0))
            wanted = [*inputs[:length, :3].tolist() * times]
            assert targets[length + 1 : -1, :3].tolist() == wanted
            assert targets[:, 3].tolist() == [0.0] * (len(inputs) - 1) + [1.0]
            assert mask.sum() == len(inputs) - length - 1
            sizes.add((length, times))
        expected = {(n, r) for n in range(1, 5) for r in range(1, 6)}
        if part is not task:
            expected = {(n, r) for n in (5, 6) for r in range(1, 6)} | {(n, r) for n in range(1, 5) for r in (6, 7)}
        assert sizes == expected


def test_associative_recall_asks_for_the_next_item():
    task = AssociativeRecall(bits=5, vectors=2, items=4, test_items=6, sequences=80, test=80)
    for part, counts in ((task, {2, 3, 4}), (task.fresh(), {5, 6})):
        seen = set()
        for inputs, targets, mask in rows(part):
            starts, (query, end) = np.flatnonzero(inputs[:, 5]), np.flatnonzero(inputs[:, 6])
            items = [inputs[s + 1 : s + 3, :5].tolist() for s in starts]
            asked = items.index(inputs[query + 1 : query + 3, :5].tolist())
            assert end == query + 3 == len(inputs) - 3
            answers = [items[k + 1] for k in range(asked, len(items) - 1) if items[k] == items[asked]]
            assert targets[-2:].tolist() in answers
            assert mask.tolist() == [False] * (len(inputs) - 2) + [True] * 2
            seen.add(len(items))
        assert seen == counts


def test_dyck_strings_are_balanced_and_equally_likely():
    task = Dyck(pairs=6, test_pairs=9, sequences=300, test=40)
    for part, pairs in ((task, set(range(1, 7))), (task.fresh(), {7, 8, 9})):
        sizes = set()
        for inputs, targets, mask in rows(part):
            text = symbols(inputs, "S()[]")[1:]
            sizes.add(len(text) // 2)
            assert mask.all()
            for t in range(len(text) + 1):
                rest = text[:t]
                while (shorter := re.sub(r"\(\)|\[\]", "", rest)) != rest:
                    rest = shorter
                closing = {"(": ")", "[": "]", "": "T"}[rest[-1:]]
                allowed = "".join(c for c, yes in zip("()[]T", targets[t], strict=True) if yes)
                assert sorted(allowed) == sorted("([" + closing)
            assert rest == ""
        assert sizes == pairs
    rng, task = np.random.default_rng(0), Dyck(kinds=1, pairs=4)
    counts = Counter(task.string(rng, 4) for _ in range(2800))
    assert len(counts) == 14  # Catalan
    assert max(counts.values()) < 280
    assert min(counts.values()) > 130


def test_a_stack_compiled_into_weights_solves_dyck_of_one_kind():
    """The brackets' program sees "(" and ")" as inputs 1 and 2; "S" is no symbol of its, so it is the third."""
    task = Dyck(kinds=1, pairs=5, test_pairs=10, sequences=10, test=20)

    class Renamed(RationalMachine):
        def check(self):
            super().check()
            self._input = np.column_stack([np.zeros(len(self._net.c)), self._net.B])

    problem = Problem(Renamed(program=BRACKETS), task, workers=1)
    names = problem.network.unit_names
    V, c = np.zeros((3, len(names))), np.array([1.0, -0.5, 0.5])  # "(", ")", T
    V[1, names.index("stack 0 >= x")], V[2, names.index("stack 0 >= x")] = 1.0, -1.0
    report = problem.test_champion(np.concatenate([V.ravel(), c]))
    assert report.solved
    assert [trial.episodes for trial in report.trials] == [10, 20]


def test_das_language_gives_next_symbol_sets():
    task = AnBnCBmAm(longest=3, test=5)
    expected = {
        (1, 1): ["a", "ab", "c", "b", "ab", "T"],
        (2, 3): ["a", "ab", "ab", "b", "c", "b", "ab", "ab", "ab", "a", "a", "T"],
    }
    pairs = []
    for part in (task, task.fresh()):
        for inputs, targets, _ in rows(part):
            text = symbols(inputs, "Sabc")
            n, m = text.count("a", 0, text.index("c")), text.count("a", text.index("c"))
            assert text == f"S{'a' * n}{'b' * n}c{'b' * m}{'a' * m}"
            sets = ["".join(c for c, yes in zip("abcT", row, strict=True) if yes) for row in targets]
            assert expected.get((n, m), sets) == sets
            pairs.append((n, m))
    assert pairs[:9] == [(n, m) for n in (1, 2, 3) for m in (1, 2, 3)]
    assert sorted(pairs) == [(n, m) for n in range(1, 6) for m in range(1, 6)]
