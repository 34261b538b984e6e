"""Network options: what is wrong is named, with the value, what is allowed and the nearest valid name."""

import tomllib

import numpy as np
import pytest

from evornn.errors import EvornnError
from evornn.genome import Genome
from evornn.networks import (
    CTRNN,
    GRU,
    LSTM,
    REGISTRY,
    EchoState,
    Elman,
    Feedforward,
    FullyRecurrent,
    IndRNN,
    Jordan,
    Stacked,
)
from evornn.spec.run import Spec

BAD = [
    (FullyRecurrent, {"units": 0}, ["units is 0", "whole number", "[1"]),
    (FullyRecurrent, {"units": 2.5}, ["units is 2.5", "whole number"]),
    (FullyRecurrent, {"activation": "tahn"}, ["'tahn'", "sigmoid", "did you mean 'tanh'"]),
    (Elman, {"readout": "unit"}, ["readout is 'unit'", "did you mean 'units'"]),
    (Elman, {"range": -1.0}, ["range is -1.0", "(0"]),
    (Elman, {"init": 7.0}, ["init is 7.0", "6"]),
    (LSTM, {"bias": "yes"}, ["bias is 'yes'", "True, False"]),
    (LSTM, {"peepholes": 3}, ["peepholes is 3", "True, False"]),
    (Jordan, {"alpha": 1.0}, ["alpha is 1.0"]),
    (IndRNN, {"recurrent_range": 0}, ["recurrent_range is 0"]),
    (Feedforward, {"units": [4, -1]}, ["units is -1"]),
    (CTRNN, {"tau": 1.0}, ["tau is 1.0", "pair"]),
    (CTRNN, {"tau": (2.0, 1.0)}, ["longest tau is 1.0", "(2"]),
    (CTRNN, {"dt": 0.2, "tau": (0.2, 1.0)}, ["dt is 0.2", "tau is 0.2", "diverges", "below 0.2"]),
    (CTRNN, {"substeps": 0}, ["substeps is 0"]),
    (CTRNN, {"centre_crossing": True, "bias": False}, ["centre_crossing", "bias=False"]),
    (EchoState, {"density": 0.0}, ["density is 0.0", "(0, 1]"]),
    (EchoState, {"leak": 1.5}, ["leak is 1.5"]),
    (EchoState, {"seed": -1}, ["seed is -1"]),
    (EchoState, {"readout": "units"}, ["readout is 'units'", "'linear'"]),
]


@pytest.mark.parametrize(("kind", "options", "words"), BAD)
def test_bad_options_are_named(kind, options, words):
    with pytest.raises(EvornnError) as error:
        kind(**options)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (FullyRecurrent(units=1), ["units is 1", "2 actions", "readout='tanh'"]),
        (Feedforward(units=[], readout="units"), ["units is []"]),
        (EchoState(units=3, density=0.1), ["density is 0.1", "no loops"]),
        (Stacked(Elman(units=3), FullyRecurrent(units=1)), ["units is 1"]),
    ],
)
def test_sizes_that_do_not_fit_are_named(network, words):
    with pytest.raises(EvornnError) as error:
        network.bind(3, 2)
    for word in words:
        assert word in str(error.value)


def test_stack_takes_networks_only():
    with pytest.raises(EvornnError, match="layer 1 is 8"):
        Stacked(Elman(), 8)
    with pytest.raises(EvornnError, match="not both"):
        Stacked(Elman(), layers=[Elman()])
    with pytest.raises(EvornnError, match=r"layers is \[\]"):
        Stacked(layers=[])


def test_specs_express_every_option():
    text = """
        [network]
        name = "Stacked"
        layers = [
            { name = "EchoState", units = 20, seed = 3, feedback = 0.1 },
            { name = "Stacked", layers = [ { name = "LSTM", peepholes = true }, { name = "GRU", bias = false } ] },
            { name = "CTRNN", units = 3, tau = [0.2, 1.0], centre_crossing = true },
        ]
        [task]
        name = "DoublePole"
        velocities = false
        [search]
        name = "RandomGuessing"
    """
    spec = Spec.of(tomllib.loads(text))
    problem, _ = spec.build()
    again, _ = Spec.of(tomllib.loads(spec.text())).build()
    lower, middle, top = problem.network.layers
    assert (lower.seed, lower.feedback, top.tau, top.centre_crossing) == (3, 0.1, (0.2, 1.0), True)
    assert [layer.describe() for layer in middle.layers] == [
        LSTM(peepholes=True, readout="units").describe(),
        GRU(bias=False, readout="units").describe(),
    ]
    assert again.network.describe() == problem.network.describe()
    with pytest.raises(EvornnError, match="did you mean 'peepholes'"):
        Spec.of(tomllib.loads(text.replace("peepholes", "peephole"))).build()


@pytest.mark.parametrize("name", REGISTRY)
def test_describe_is_the_constructor_call(name):
    network = REGISTRY[name]()
    again = eval(network.describe(), dict(REGISTRY))
    assert again.describe() == network.describe()
    a, b = (n.bind(3, 2).parameters() for n in (network, again))
    assert a == b


@pytest.mark.parametrize("name", [n for n in REGISTRY if n not in ("CTRNN", "Stacked")])
def test_range_and_initial_draw(name):
    network, wider = (REGISTRY[name](range=size, init=0.25).bind(2, 1) for size in (2.0, 3.0))
    space = Genome(network.parameters(), network.refine).space
    own = space.upper == Genome(wider.parameters()).space.upper  # IndRNN's recurrent weights have a range of their own
    assert not own.all()
    assert (space.upper[~own] == 2).all()
    assert (space.lower[~own] == -2).all()
    draw = np.abs(space.sample(np.random.default_rng(0), 50))[:, ~own]
    assert 0.2 < draw.max() <= 0.25


def test_binding_leaves_the_original_alone():
    stack = Stacked(Elman(units=2), Elman(units=3, readout="linear"))
    a, b = stack.bind(2, 1), stack.bind(5, 4)
    assert a.parameters()["layer0_W"].shape == (2, 2)
    assert b.parameters()["layer0_W"].shape == (2, 5)
    assert b.parameters()["layer1_V"].shape == (4, 3)
    assert stack.inputs == 0
