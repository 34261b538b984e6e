"""Every network against its definition: PyTorch, SciPy's integrator, or a few lines of NumPy written from the paper."""

import numpy as np
import pytest

from evornn.formula import State
from evornn.genome import Genome
from evornn.networks import CTRNN, GRU, LSTM, EchoState, Elman, Feedforward, FullyRecurrent, IndRNN, Jordan, Stacked
from evornn.networks.base import complete
from evornn.networks.reservoir import echo_state

INPUTS, OUTPUTS, STEPS = 3, 2, 25


def bound(network, seed=0, inputs=INPUTS, outputs=OUTPUTS):
    """The network bound to sizes, and random parameter values."""
    network = network.bind(inputs, outputs)
    genome = Genome(network.parameters(), network.refine)
    values = genome.values(genome.space.sample(np.random.default_rng(seed), 1))
    return network, complete(network, State(**{name: v[0] for name, v in genome.split(values).items()}))


def run(network, p, xs, states=False):
    s, seen = network.start(p), []
    for x in xs:
        s, y = network.step(p, s, x)
        seen.append(s if states else y)
    return seen if states else np.array(seen)


@pytest.fixture
def xs():
    return np.random.default_rng(9).normal(size=(STEPS, INPUTS))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# PyTorch ------------------------------------------------------------------------------------------------------------
def torch_layer(kind, units, W, U, b, d):
    import torch

    layer = getattr(torch.nn, kind)(W.shape[1], units, dtype=torch.float64)
    with torch.no_grad():
        for name, value in {"weight_ih_l0": W, "weight_hh_l0": U, "bias_ih_l0": b, "bias_hh_l0": d}.items():
            getattr(layer, name).copy_(torch.tensor(value))
    return lambda xs: layer(torch.tensor(xs))[0].detach().numpy()


@pytest.mark.needs("torch")
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_agrees_with_pytorch(kind, xs):
    n = 7
    network, p = bound({"LSTM": LSTM, "GRU": GRU, "RNN": Elman}[kind](units=n, readout="linear", range=1.0))
    second = np.random.default_rng(1).normal(size=p.b.shape)  # PyTorch's second bias, here part of b
    if kind == "GRU":
        second[2 * n :] = 0
        layer = torch_layer(kind, n, p.W, p.U, p.b - second, second + np.concatenate([np.zeros(2 * n), p.d]))
    else:
        layer = torch_layer(kind, n, p.W, p.U, p.b - second, second)
    np.testing.assert_allclose(run(network, p, xs), layer(xs) @ p.V.T + p.c, rtol=1e-12, atol=1e-12)


# ordinary differential equations ------------------------------------------------------------------------------------
def test_ctrnn_converges_to_its_equation_with_order_one(xs):
    from scipy.integrate import solve_ivp

    interval, xs = 0.5, xs[:6]
    network, p = bound(CTRNN(units=4, tau=(0.6, 3.0), dt=0.5, range=4.0))

    def slope(t, y, x):
        return (-y + p.U @ sigmoid(y + p.theta) + p.W @ x) / p.tau

    y = np.zeros(4)
    for x in xs:
        y = solve_ivp(slope, (0, interval), y, args=(x,), rtol=1e-11, atol=1e-12).y[:, -1]
    errors = []
    for substeps in (32, 64, 128, 256):
        finer = CTRNN(units=4, tau=(0.6, 3.0), dt=interval / substeps, substeps=substeps, range=4.0).bind(
            INPUTS, OUTPUTS
        )
        errors.append(np.abs(run(finer, p, xs, states=True)[-1].y - y).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 1.0, atol=0.05)
    assert errors[-1] < 5e-3
    out = run(network, p, xs[:1])[0]
    np.testing.assert_allclose(
        out, 2 * sigmoid((0.5 / p.tau * (p.U @ sigmoid(p.theta) + p.W @ xs[0])) + p.theta)[:2] - 1
    )


def test_ctrnn_options():
    network, p = bound(CTRNN(units=3, signed=False, bias=False))
    assert "theta" not in network.parameters()
    y = 0.1 / p.tau * (p.U @ np.full(3, 0.5) + p.W @ np.ones(3))
    np.testing.assert_allclose(run(network, p, np.ones((1, 3)))[0], sigmoid(y)[:2])
    assert (p.tau >= 0.2).all()
    assert (p.tau <= 2.0).all()


def test_ctrnn_time_constants_are_drawn_on_a_log_scale():
    network = CTRNN(units=50, tau=(0.2, 20.0)).bind(1, 1)
    genome = Genome(network.parameters(), network.refine)
    tau = genome.split(genome.values(genome.space.sample(np.random.default_rng(0), 200)))["tau"]
    assert abs(np.mean(tau < 2.0) - 0.5) < 0.02  # 2.0 is the geometric mean of the range
    assert tau.min() >= 0.2 - 1e-12
    assert tau.max() <= 20 + 1e-12


def test_centre_crossing_puts_every_nullcline_in_the_middle():
    network = CTRNN(units=6, centre_crossing=True, bias_range=60.0).bind(2, 1)
    genome = Genome(network.parameters(), network.refine)
    genes = genome.split(genome.space.sample(np.random.default_rng(0), 5))
    np.testing.assert_allclose(genes["theta"], -genes["U"].sum(axis=2) / 2)
    p = State(
        **{
            name: v[0]
            for name, v in genome.split(genome.values(genome.space.sample(np.random.default_rng(0), 1))).items()
        }
    )
    y = -p.theta  # every unit in the middle of its range: no drive but the inputs'
    state = State(y=y, o=np.full(network.units, 0.5))
    np.testing.assert_allclose(network.step(p, state, np.zeros(2))[0].y, y)


# reservoirs ---------------------------------------------------------------------------------------------------------
def test_reservoir_has_its_spectral_radius_and_density():
    network = EchoState(units=60, spectral_radius=0.8, density=0.05).bind(1, 1)
    weights = network._reservoir.csr.toarray()
    assert np.abs(np.linalg.eigvals(weights)).max() == pytest.approx(0.8, rel=1e-9)
    assert np.count_nonzero(weights) == round(0.05 * 60 * 60)


@pytest.mark.parametrize("dense_up_to", [100, 5000])
def test_spectral_radius_of_a_known_matrix(monkeypatch, dense_up_to):
    from scipy.sparse import csr_array

    monkeypatch.setattr(echo_state, "DENSE_UP_TO", dense_up_to)
    ring = np.roll(np.diag(np.full(120, 0.5)), 1, axis=1)  # eigenvalues: 0.5 times the 120th roots of 1
    ring[:2, :2] = [[0.0, 2.0], [-2.0, 0.0]]  # and nearly +-2i
    expected = np.abs(np.linalg.eigvals(ring)).max()
    assert expected == pytest.approx(2.0, rel=1e-6)
    assert echo_state.spectral_radius(csr_array(ring)) == pytest.approx(expected, rel=1e-10)


def test_a_reservoir_without_loops_is_refused():
    from scipy.sparse import csr_array

    order = np.random.default_rng(0).permutation(40)
    chain = np.triu(np.ones((40, 40)), 1)[np.ix_(order, order)]  # its computed eigenvalues are far from 0
    assert not echo_state.has_loops(csr_array(chain))
    chain[order.argmax(), order.argmin()] = 1.0  # from the last back to the first
    assert echo_state.has_loops(csr_array(chain))
    assert echo_state.has_loops(csr_array(np.diag([0.0, 0.5])))


def test_reservoir_is_fixed_by_its_seed_alone():
    a, b, other = (EchoState(seed=s, feedback=0.3, bias_scaling=0.2).bind(2, 3) for s in (4, 4, 5))
    wide = EchoState(seed=4).bind(5, 1)
    for name in ("_reservoir", "_input", "_back", "_bias"):
        x, y, z = (getattr(n, name) for n in (a, b, other))
        x, y, z = (m.csr.toarray() if name == "_reservoir" else m for m in (x, y, z))
        np.testing.assert_array_equal(x, y)
        assert (x != z).any()
    np.testing.assert_array_equal(a._reservoir.csr.toarray(), wide._reservoir.csr.toarray())
    assert set(a.parameters()) == {"V", "c"}
    assert a.parameters()["V"].shape == (3, 100 + 2)


@pytest.mark.parametrize("readout", ["linear", "tanh"])
@pytest.mark.parametrize("feedback", [0.0, 0.4])
def test_echo_state_equation(xs, readout, feedback):
    network, p = bound(EchoState(units=30, leak=0.3, feedback=feedback, bias_scaling=0.1, readout=readout, range=0.1))
    W, h, y, expected = network._reservoir.csr.toarray(), np.zeros(30), np.zeros(OUTPUTS), []
    for x in xs:
        h = 0.7 * h + 0.3 * np.tanh(network._input @ x + W @ h + network._back @ y + network._bias)
        y = p.V @ np.concatenate([h, x]) + p.c
        y = np.tanh(y) if readout == "tanh" else y
        expected.append(y)
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-12)
    assert np.abs(network._back).max() == pytest.approx(feedback, abs=0.05)


def test_reservoir_forgets_its_start():
    network, p = bound(EchoState(units=50, spectral_radius=0.7))
    a, b = State(h=np.zeros(50)), State(h=np.full(50, 0.9))
    for x in np.random.default_rng(0).normal(size=(60, INPUTS)):
        a, b = network.step(p, a, x)[0], network.step(p, b, x)[0]
    assert np.abs(a.h - b.h).max() < 1e-6


# the rest, from their papers' equations -----------------------------------------------------------------------------
@pytest.mark.parametrize("bias", [True, False])
def test_fully_recurrent(xs, bias):
    network, p = bound(FullyRecurrent(units=4, bias=bias))
    h, expected = np.zeros(4), []
    for x in xs:
        h = np.tanh(p.W @ x + p.U @ h + (p.b if bias else 0))
        expected.append(h[:2])
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("peepholes", [True, False])
def test_lstm_with_peepholes(xs, peepholes):
    network, p = bound(LSTM(units=4, peepholes=peepholes, range=2.0))
    pi, pf, po = (p.pi, p.pf, p.po) if peepholes else (0, 0, 0)
    h, c, expected = np.zeros(4), np.zeros(4), []
    for x in xs:
        z = p.W @ x + p.U @ h + p.b
        i, f, g = sigmoid(z[:4] + pi * c), sigmoid(z[4:8] + pf * c), np.tanh(z[8:12])
        c = f * c + i * g
        h = sigmoid(z[12:] + po * c) * np.tanh(c)
        expected.append(np.tanh(p.V @ h + p.c))
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("alpha", [0.0, 0.6])
def test_jordan(xs, alpha):
    network, p = bound(Jordan(units=4, alpha=alpha, activation="sigmoid", readout="linear", range=1.0))
    m, expected = np.zeros(OUTPUTS), []
    for x in xs:
        y = p.V @ sigmoid(p.W @ x + p.U @ m + p.b) + p.c
        m = alpha * m + y
        expected.append(y)
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-11)


def test_indrnn(xs):
    network, p = bound(IndRNN(units=4, recurrent_range=0.9, readout="sigmoid"))
    assert (np.abs(p.u) <= 0.9).all()
    h, expected = np.zeros(4), []
    for x in xs:
        h = np.maximum(p.W @ x + p.u * h + p.b, 0)
        expected.append(sigmoid(p.V @ h + p.c))
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-11)


def test_feedforward(xs):
    network, p = bound(Feedforward(units=[4, 5], activation="sin", readout="linear"))
    expected = [p.V @ np.sin(p.W2 @ np.sin(p.W1 @ x + p.b1) + p.b2) + p.c for x in xs]
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-11)
    single, p = bound(Feedforward(units=[], bias=False))
    np.testing.assert_allclose(run(single, p, xs), np.tanh(xs @ p.V.T), rtol=1e-11)


def layer_of(p, k):
    prefix = f"layer{k}_"
    return State(**{name.removeprefix(prefix): v for name, v in p.items() if name.startswith(prefix)})


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (LSTM(units=3), Elman(units=4)),
        (EchoState(units=20), FullyRecurrent(units=3)),
        (Feedforward(units=[3, 4]), CTRNN(units=3, centre_crossing=True)),
        (Stacked(IndRNN(units=3), IndRNN(units=2)), Jordan(units=2)),
    ],
)
def test_a_stack_is_the_composition_of_its_layers(xs, a, b):
    stack, p = bound(Stacked(a, b))
    lower, upper = a.layer().bind(INPUTS, a.width), b.bind(a.width, OUTPUTS)
    between = run(lower, layer_of(p, 0), xs)
    assert between.shape == (STEPS, a.width)
    np.testing.assert_array_equal(run(stack, p, xs), run(upper, layer_of(p, 1), between))


def test_refinement_reaches_the_layers_of_a_stack():
    stack = Stacked(Elman(units=2), CTRNN(units=3, centre_crossing=True, bias_range=99.0)).bind(2, 1)
    genome = Genome(stack.parameters(), stack.refine)
    genes = genome.split(genome.space.sample(np.random.default_rng(0), 4))
    np.testing.assert_allclose(genes["layer1_theta"], -genes["layer1_U"].sum(axis=2) / 2)


@pytest.mark.parametrize(
    ("network", "sizes", "dimension"),
    [
        (Elman(units=3, bias=False), (3, 1), 21),  # Igel 2003: double pole without velocities, 3-3-1 without biases
        (Feedforward(units=6, bias=False), (6, 1), 42),  # the Markov double pole's 6-6-1
        (LSTM(units=1, peepholes=True), (1, 1), 17),  # Gers et al. 2002, timing tasks: one cell, 17 weights
        (FullyRecurrent(units=5, bias=False), (3, 1), 40),
        (GRU(units=2), (3, 1), 3 * 2 * 3 + 3 * 2 * 2 + 6 + 2 + 3),
        (Stacked(GRU(units=2), GRU(units=2)), (3, 1), (18 + 12 + 8) + (12 + 12 + 8 + 3)),
    ],
)
def test_numbers_of_weights(network, sizes, dimension):
    assert Genome(network.bind(*sizes).parameters()).dimension == dimension
