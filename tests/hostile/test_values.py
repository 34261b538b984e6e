"""Whatever an option is given, alone or with another one: it works, or an EvornnError names the option, in time."""

import itertools
import random

import pytest

import evornn.memory
from tests.hostile.cases import CASES, TOGETHER
from tests.hostile.values import VALUES, complaint

QUICK = 6  # one in so many values
PAIRS = 250  # of each case


@pytest.fixture(autouse=True)
def _small_machine(monkeypatch):
    monkeypatch.setattr(evornn.memory, "physical_memory", lambda: 2**30)


def wrong(case, chosen):
    """What is wrong with how these values, by name, of these options, are taken."""
    names = [word for option in chosen for word in (option, *TOGETHER.get(option, []))]
    told = complaint(lambda: case.call({option: VALUES[value]() for option, value in chosen.items()}), names)
    return [] if told is None else [f"{chosen}: {told}"]


def tried(option, value):
    """Whether to try it: what a function of the user's own raises is the user's."""
    return not (option.startswith("on_") and callable(VALUES[value]()))


def alone(case):
    return [(option, value) for option in case.options for value in VALUES if tried(option, value)]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_some_values_of_every_option(case):
    chosen = random.Random(case.name).sample(alone(case), -(-len(alone(case)) // QUICK))
    assert not [line for option, value in chosen for line in wrong(case, {option: value})]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_all_values_of_every_option(case):
    assert not [line for option, value in alone(case) for line in wrong(case, {option: value})]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_pairs_of_options(case):
    draw, found = random.Random(case.name), []
    pairs = list(itertools.combinations(case.options, 2))
    for one, other in [draw.choice(pairs) for _ in range(PAIRS)] if pairs else []:
        values = [draw.choice([v for v in VALUES if tried(option, v)]) for option in (one, other)]
        found += wrong(case, {one: values[0], other: values[1]})
    assert not found


def test_what_hangs_raises_or_says_nothing_would_be_found():
    def hang():
        while True:
            pass

    from tests.hostile import values

    before, values.HANGING = values.HANGING, 1
    try:
        assert complaint(hang, ["x"]) == "does not come to an end"
    finally:
        values.HANGING = before
    assert "ZeroDivisionError" in complaint(lambda: 1 / 0, ["x"])
    assert "names no option" in complaint(lambda: evornn.search.CNE(None), ["sigma"])
