"""Declared options: what constructors take and refuse, and what subclasses do, with or without their own __init__."""

import copy
import inspect
import pickle
from typing import ClassVar

import numpy as np
import pytest

from evornn.errors import EvornnError
from evornn.genome import Space
from evornn.networks import GRU, FullyRecurrent
from evornn.networks import REGISTRY as NETWORKS
from evornn.options import Options, choice, fixed, flag, number, one_of, other, rest, rows, whole
from evornn.search import CNE, ESP, ParallelTempering
from evornn.search.core.search import Search

SPACE = Space(np.zeros(6), np.ones(6))


class Model(Options):
    size: int = whole("number of cells", low=1, high=9)
    grid: bool = flag("on a grid", default=False)
    most: float | None = number("largest value; None: size", default=None, low=0, high="size", open_low=True)
    rule: str = choice("what comes next", "RULES", default="soft", kw_only=True)
    places: int = one_of("places", (2, 4), default=2, alias="place")
    table: object = other("a table", default=None)
    RULES: ClassVar[list[str]] = ["soft", "hard"]

    def derive(self) -> None:
        """Twice the size."""
        self.double = 2 * self.size


class Small(Model):
    size = 3
    places = fixed(4)
    RULES: ClassVar[list[str]] = ["soft", "hard", "odd"]
    slope: float = number("of the ramp", default=1.0, low="size + 1 + steps")
    steps: int = whole("of the ramp", default=-8)
    ORDER = ("slope", ..., "size")


class Own(Small):
    def __init__(self, size: int) -> None:
        super().__init__(size=size, rule="odd")


class Further(Own):
    grid = True


class Open(Model):
    more: dict = rest("of the table")


def test_the_signature_is_that_of_a_constructor_written_out():
    def model(size: "int", grid: "bool" = False, most: "float | None" = None, place: "int" = 2, table: "object" = None, *, rule: "str" = "soft"): ...  # fmt: skip  # noqa: E501

    shown = [(p.name, p.kind, p.default) for p in inspect.signature(Model).parameters.values()]
    assert shown == [(p.name, p.kind, p.default) for p in inspect.signature(model).parameters.values()]
    assert inspect.signature(Model).parameters["most"].annotation in ("float | None", float | None)
    assert list(inspect.signature(Small).parameters) == ["slope", "grid", "most", "rule", "table", "steps", "size"]
    assert list(inspect.signature(Own).parameters) == ["size"]
    assert [p.kind.name for p in inspect.signature(Open).parameters.values()][-1] == "VAR_KEYWORD"
    assert list(inspect.signature(GRU).parameters) == ["units", "bias", "readout", "range", "init"]
    everything = ["units", "bias", "activation", "range", "readout", "init"]
    assert list(inspect.signature(FullyRecurrent).parameters) == everything


def test_values_are_checked_before_anything_else_and_kept():
    model = Model(4, "True", most=4, place="4")
    assert (model.size, model.grid, model.most, model.places, model.double) == (4, True, 4, 4, 8)
    for options, words in [
        ({"size": 0}, r"size is 0; it must be a whole number in \[1, 9\]"),
        ({"size": 4, "grid": 2}, "grid is 2; valid: True, False"),
        ({"size": 4, "most": 5}, r"most is 5; it must be a number in \(0, 4\]"),
        ({"size": 4, "rule": "sof"}, "rule is 'sof'; valid: soft, hard; did you mean 'soft'"),
        ({"size": 4, "place": 3}, "place is 3; valid: 2, 4"),
    ]:
        made = object.__new__(Model)
        with pytest.raises(EvornnError, match=words):
            made.__init__(**options)
        assert not hasattr(made, "double")
    for options, words in [
        ({}, "Model: missing .*'size'"),
        ({"size": 1, "sizes": 2}, "Model: .*'sizes'.*did you mean 'size'"),
    ]:
        with pytest.raises(TypeError, match=words):
            Model(**options)


def test_subclasses_have_other_defaults_fix_options_and_may_have_their_own_constructor():
    small = Small(2.5, rule="odd")
    assert (small.slope, small.size, small.places, small.double) == (2.5, 3, 4, 6)
    assert (Small.size, Small.places, Small.rule) == (3, 4, "soft")
    with pytest.raises(EvornnError, match=r"slope is 2; it must be a number in \[4, inf\)"):
        Small(2, steps=0)
    with pytest.raises(TypeError, match="place"):
        Small(place=2)
    assert (Own(5).size, Own(5).rule, Own(5).grid) == (5, "odd", False)
    assert (Further(5).size, Further(5).grid) == (5, True)
    assert Open(1, tilt=2).more == {"tilt": 2}
    with pytest.raises(EvornnError, match=r"fixed 'grit' is no option of its bases; .*did you mean 'grid'"):
        type("Wrong", (Model,), {"grit": fixed(True)})
    table = np.arange(3)
    assert type("Given", (Model,), {"table": table})(1).table is table
    for made in (small, Own(5), Open(1, tilt=2)):
        for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert vars(again) == vars(made)


def test_rows_for_people():
    assert rows(Small) == [
        ("slope", "1.0", ">= size + 1 + steps", "of the ramp"),
        ("grid", "False", "True, False", "on a grid"),
        ("most", "None", "(0, size]", "largest value; None: size"),
        ("rule", "'soft'", "soft, hard, odd", "what comes next"),
        ("table", "None", "", "a table"),
        ("steps", "-8", "", "of the ramp"),
        ("size", "3", "[1, 9]", "number of cells"),
    ]


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "Stacked"])
def test_without_biases_formulas_read_zero_and_genomes_have_none(name):
    network, with_biases = (NETWORKS[name](bias=bias).bind(3, 2) for bias in (False, True))
    absent = set(with_biases.parameters()) - set(network.parameters())
    assert absent == set(network.absent_parameters)
    assert absent
    assert with_biases.absent_parameters == ()


class Hill(Search):
    """Draws around a point; its options are declared."""

    step: float = number("of a draw", default=0.1, low=0)
    seed = 3

    def derive(self) -> None:
        super().derive()
        self.step = self.step * self.dimension

    def _generate(self):
        return np.clip(self.rng.normal(0.5, self.step, (self.population, self.dimension)), self.lower, self.upper)

    def _update(self, genomes, fitness):
        pass


class OwnHill(Hill):
    """The same with a constructor of its own."""

    def __init__(self, space, population=6, seed=0):
        super().__init__(space, population, seed, step=0.2)


class Passing(Search):
    """Passes an option up, as searches may."""

    def __init__(self, space, population=5, seed=0, *, tilt=1.0):
        super().__init__(space, population=population, seed=seed, tilt=tilt)
        self.tilt = tilt

    _generate, _update = Hill._generate, Hill._update
    step = 0.1


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda: Hill(SPACE, 4), {"population": 4, "seed": 3, "step": 0.1}),
        (lambda: OwnHill(SPACE), {"population": 6, "seed": 0, "step": 0.2}),
        (lambda: Passing(SPACE, tilt=2.0), {"population": 5, "seed": 0, "tilt": 2.0}),
        (lambda: ParallelTempering(SPACE, 4), {"schedule": "constant", "levels": "", "temperature": 1.0}),
        (lambda: ESP(SPACE, burst_after=7), {"restart_after": 7}),
        (lambda: CNE(SPACE, 10, tournsize=2, select="tournament"), {"elites": 5, "tournsize": 2}),
    ],
)
def test_searches_keep_their_options_as_they_were_given(make, options):
    search = make()
    kept = search.state_dict()["options"]
    assert kept.items() >= options.items()
    assert len(options) < 3 or type(search) is ParallelTempering or kept == options
    for again in (copy.copy(search), pickle.loads(pickle.dumps(search))):
        assert np.array_equal(again.ask(), search.copied().ask())
    with pytest.raises(EvornnError, match="the saved state has population = "):
        type(search)(SPACE, population=8).load_state_dict(search.state_dict())
