"""Recurrent networks beside the oldest against their papers' equations, in programs of another kind."""

import numpy as np
import pytest
from scipy.signal import lfilter

from evornn.errors import EvornnError
from evornn.formula import State
from evornn.genome import Genome
from evornn.networks import NARX, RMLP, Elman, Feedforward, FIRNet, FullyRecurrent, Jordan, Masked, SecondOrder
from evornn.problem import Problem
from evornn.tasks import Sequence
from tests.networks.test_definitions import INPUTS, OUTPUTS, STEPS, bound, run


@pytest.fixture
def xs():
    return np.random.default_rng(9).normal(size=(STEPS, INPUTS))


def earlier(rows, t, k, width):
    """Row t - k, 0 before the first."""
    return rows[t - k] if t >= k else np.zeros(width)


@pytest.mark.parametrize(("seen", "fed"), [(0, 1), (2, 3), (4, 1)])
def test_narx_sees_delayed_inputs_and_outputs(xs, seen, fed):
    network, p = bound(NARX(units=4, input_delays=seen, output_delays=fed, readout="linear", range=0.7))
    W, U = p.W.reshape(4, 1 + seen, INPUTS), p.U.reshape(4, fed, OUTPUTS)
    ys = []
    for t in range(STEPS):
        z = sum(W[:, k] @ earlier(xs, t, k, INPUTS) for k in range(1 + seen))
        z = z + sum(U[:, k - 1] @ earlier(ys, t, k, OUTPUTS) for k in range(1, fed + 1))
        ys.append(p.V @ np.tanh(z + p.b) + p.c)
    np.testing.assert_allclose(run(network, p, xs), ys, rtol=1e-11, atol=1e-12)
    if (seen, fed) == (0, 1):
        jordan = Jordan(units=4, readout="linear").bind(INPUTS, OUTPUTS)
        np.testing.assert_allclose(run(jordan, p, xs), ys, rtol=1e-11, atol=1e-12)


def test_rmlp_layers_remember_themselves(xs):
    network, p = bound(RMLP(units=[4, 3], range=1.5, readout="linear"))
    one, two, expected = np.zeros(4), np.zeros(3), []
    for x in xs:
        one = np.tanh(p.W1 @ x + p.U1 @ one + p.b1)
        two = np.tanh(p.W2 @ one + p.U2 @ two + p.b2)
        expected.append(p.V @ two + p.c)
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-10, atol=1e-12)
    single, p = bound(RMLP(units=4))
    same = State(W=p.W1, U=p.U1, b=p.b1, V=p.V, c=p.c)
    np.testing.assert_allclose(run(single, p, xs), run(Elman(units=4).bind(INPUTS, OUTPUTS), same, xs), rtol=1e-10)
    with pytest.raises(EvornnError, match=r"units is \[\]"):
        RMLP(units=[])


@pytest.mark.parametrize(("taps", "feedback"), [(1, 0), (3, 0), (1, 1), (3, 2)])
def test_synapses_are_filters(xs, taps, feedback):
    """Every synapse is SciPy's filter of its input; with one tap and no feedback a weight."""
    network, p = bound(FIRNet(units=4, taps=taps, feedback=feedback, readout="linear"))

    def layer(weights, own, values):
        n, m = len(weights), values.shape[1]
        ahead, back = weights.reshape(n, taps, m), own.reshape(n, feedback, m)
        return sum(
            np.array([lfilter(ahead[i, :, j], [1, *-back[i, :, j]], values[:, j]) for i in range(n)]).T
            for j in range(m)
        )

    A, D = (p.A, p.D) if feedback else (np.zeros((4, 0)), np.zeros((OUTPUTS, 0)))
    h = np.tanh(layer(p.W, A, xs) + p.b)
    np.testing.assert_allclose(run(network, p, xs), layer(p.V, D, h) + p.c, rtol=1e-9, atol=1e-10)
    assert np.abs(A.reshape(4, feedback, INPUTS)).sum(axis=1).max(initial=0) < 1
    if (taps, feedback) == (1, 0):
        same = State(W1=p.W, b1=p.b, V=p.V, c=p.c)
        plain = Feedforward(units=4, readout="linear").bind(INPUTS, OUTPUTS)
        np.testing.assert_allclose(run(network, p, xs), run(plain, same, xs), rtol=1e-12)


def test_second_order_products(xs):
    network, p = bound(SecondOrder(units=4, activation="tanh", readout="linear", range=1.0))
    W, h, expected = p.W.reshape(4, INPUTS, 4), np.eye(4)[0], []
    for x in xs:
        h = np.tanh(np.einsum("jki,i,k->j", W, h, x) + p.b)
        expected.append(p.V @ h + p.c)
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-11, atol=1e-12)


def test_second_order_runs_an_automaton():
    """Tomita's grammar 4, no three zeros in a row, by weights +-H (Omlin & Giles 1996), over 1,000 symbols."""
    table, H = np.array([[1, 0], [2, 0], [3, 0], [3, 3]]), 20.0  # state, symbol -> state
    W = np.full((4, 2, 4), -H)
    for state in range(4):
        for symbol in (0, 1):
            W[table[state, symbol], symbol, state] = H
    network = SecondOrder(units=4, readout="units").bind(2, 4)
    symbols = (np.random.default_rng(0).random(1000) < 0.98).astype(int)
    units = run(network, State(W=W.reshape(4, 8), b=np.zeros(4)), np.eye(2)[symbols])
    state, states = 0, []
    for symbol in symbols:
        state = table[state, symbol]
        states.append(state)
    assert np.isin([0, 1, 2], states).all()
    np.testing.assert_allclose(units, np.eye(4)[states], atol=1e-6)


@pytest.mark.parametrize("readout", ["units", "linear"])
@pytest.mark.parametrize("connections", [True, False])
def test_masked_is_the_network_of_what_exists(xs, readout, connections):
    """Weights of absent connections are 0, absent units are not there at all."""
    network, p = bound(Masked(units=8, connections=connections, readout=readout, range=1.5), seed=3)
    always = OUTPUTS if readout == "units" else 0
    on = np.flatnonzero(np.concatenate([np.ones(always), p.on]) > 0)
    assert 2 < len(on) < 8
    W, U = (p.W * (p.A > 0), p.U * (p.B > 0)) if connections else (p.W, p.U)
    readout_of = {} if readout == "units" else {"V": p.V[:, on], "c": p.c}
    smaller = State(W=W[on], U=U[np.ix_(on, on)], b=p.b[on], **readout_of)
    plain = FullyRecurrent(units=len(on), readout=readout).bind(INPUTS, OUTPUTS)
    np.testing.assert_allclose(run(network, p, xs), run(plain, smaller, xs), rtol=1e-10, atol=1e-12)


def test_masked_begins_with_its_density():
    network = Masked(units=20, density=0.2).bind(2, 1)
    genome = Genome(network.parameters(), network.refine)
    genes = genome.split(genome.space.sample(np.random.default_rng(0), 50))
    assert np.mean(genes["B"] > 0) == pytest.approx(0.2, abs=0.02)
    assert genes["on"].shape == (50, 19)
    with pytest.raises(EvornnError, match="FullyRecurrent"):
        Masked(connections=False, growing=False)


def test_surrogate_slopes_reach_what_does_not_exist():
    """d/dA = d/d(weight in use) W slope(A), for absent connections too; d/dW = d/d(weight in use) where A > 0."""
    problem = Problem(Masked(units=4, growing=False, slope="triangle", range=1.0), Sequence(), "plain")
    genomes = problem.space.sample(np.random.default_rng(0), 3)
    genome = problem.simulation.genome
    genes, slopes = genome.split(genomes), genome.split(problem.gradient(genomes).gradients)
    exists = genes["B"] > 0
    np.testing.assert_array_equal(slopes["U"][~exists], 0.0)
    expected = slopes["U"] * genes["U"] * (1 - np.abs(genes["B"]))
    np.testing.assert_allclose(slopes["B"][exists], expected[exists], rtol=1e-9, atol=1e-12)
    assert (slopes["B"][~exists] != 0).mean() > 0.7
    with pytest.raises(EvornnError, match="not smooth"):
        Problem(Masked(), Sequence(), "plain").gradient(np.zeros((1, 69)))


@pytest.mark.parametrize(
    ("network", "dimension"),
    [
        (NARX(units=4, input_delays=2, output_delays=3, bias=False), 4 * 3 * 3 + 4 * 3 * 2 + 2 * 4),
        (RMLP(units=[4, 3]), (12 + 16 + 4) + (12 + 9 + 3) + (6 + 2)),
        (FIRNet(units=4, taps=3, feedback=2), 4 * 3 * 5 + 4 + 2 * 4 * 5 + 2),
        (SecondOrder(units=4, bias=False), 4 * 4 * 3),  # Giles et al. 1992: n^2 m weights
        (Masked(units=5), 2 * (15 + 25) + 5 + 3),
    ],
)
def test_numbers_of_weights(network, dimension):
    assert Genome(network.bind(INPUTS, OUTPUTS).parameters()).dimension == dimension
