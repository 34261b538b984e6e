"""Networks in continuous time, besides CTRNN, against their papers' equations and what follows from them."""

import numpy as np
import pytest
from numpy.polynomial import Legendre
from scipy.integrate import solve_ivp
from scipy.signal import cont2discrete

from evornn.errors import EvornnError
from evornn.formula import State
from evornn.genome import Genome
from evornn.networks import LMU, LTC, MTRNN, CfC, SynapticLTC
from tests.networks.test_definitions import INPUTS, OUTPUTS, STEPS, bound, run, sigmoid


@pytest.fixture
def xs():
    return np.random.default_rng(9).normal(size=(STEPS, INPUTS))


# multiple timescales ------------------------------------------------------------------------------------------------
IO, FAST, SLOW = slice(0, 4), slice(4, 7), slice(7, 9)


def whole(p):
    """The weights of all units from all units, 0 between input-output and slow ones; those of the inputs."""
    U, W = np.zeros((9, 9)), np.zeros((9, INPUTS))
    U[IO, :7], U[FAST], U[SLOW, 4:], W[IO] = p.Uio, p.Ufast, p.Uslow, p.W
    return U, W


@pytest.mark.parametrize("tau", [(2.0, 5.0, 70.0), (3.0, 3.0, 3.0), (1.0, 1.0, 1.0)])
def test_mtrnn_is_a_leaky_network_with_a_time_constant_each(xs, tau):
    network, p = bound(MTRNN(fast=3, slow=2, tau=tau, range=3.0))
    U, W = whole(p)
    rate, u, expected = 1 / np.repeat(tau, (4, 3, 2)), np.concatenate([np.zeros(7), p.u0]), []
    for x in xs:
        u = (1 - rate) * u + rate * (U @ sigmoid(u) + W @ x + p.b)
        expected.append(np.tanh(p.V @ sigmoid(u)[IO] + p.c))
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-11, atol=1e-12)


def test_mtrnn_inputs_reach_slow_units_through_fast_ones(xs):
    network, p = bound(MTRNN(fast=3, slow=2, learned_start=False))
    assert "u0" not in network.parameters()
    changed = xs.copy()
    changed[0] += 1.0
    one, other = (np.array([s.u for s in run(network, p, x, states=True)]) for x in (xs, changed))
    differs = [(one[:, units] != other[:, units]).any(axis=1).argmax() for units in (IO, FAST, SLOW)]
    assert differs == [0, 1, 2]
    with pytest.raises(EvornnError, match=r"tau is 5\.0; it must be three"):
        MTRNN(tau=5.0)


# liquid networks ----------------------------------------------------------------------------------------------------
def test_ltc_converges_to_its_equation_with_order_one(xs):
    _, p = bound(LTC(units=4, tau=(0.6, 3.0), range=2.0))

    def slope(t, h, x):
        f = sigmoid(p.W @ x + p.U @ h + p.b)
        return -(1 / p.tau + f) * h + f * p.A

    h = np.zeros(4)
    for x in xs[:5]:
        h = solve_ivp(slope, (0, 0.5), h, args=(x,), rtol=1e-11, atol=1e-12).y[:, -1]
    errors = []
    for substeps in (32, 64, 128, 256):
        finer = LTC(units=4, tau=(0.6, 3.0), dt=0.5 / substeps, substeps=substeps).bind(INPUTS, OUTPUTS)
        errors.append(np.abs(run(finer, p, xs[:5], states=True)[-1].h - h).max())
    np.testing.assert_allclose(np.log2(np.array(errors[:-1]) / errors[1:]), 1.0, atol=0.05)
    assert errors[-1] < 5e-3
    f = sigmoid(p.W @ xs[0] + p.b)  # the first fused step, from h = 0
    single = LTC(units=4, substeps=1, dt=0.3).bind(INPUTS, OUTPUTS)
    np.testing.assert_allclose(run(single, p, xs[:1], states=True)[0].h, 0.3 * f * p.A / (1 + 0.3 * (1 / p.tau + f)))


@pytest.mark.parametrize("dt", [0.01, 1.0, 1e6])
def test_ltc_units_stay_between_0_and_a(dt):
    """Theorem 2 of the paper, which the fused solver keeps for any step."""
    network, p = bound(LTC(units=6, dt=dt))
    wild = 20 * np.random.default_rng(1).normal(size=(200, INPUTS))
    h = np.array([s.h for s in run(network, p, wild, states=True)])
    assert (h >= np.minimum(0, p.A) - 1e-12).all()
    assert (h <= np.maximum(0, p.A) + 1e-12).all()


@pytest.mark.parametrize("elapsed", [1.0, 20.0])
def test_synaptic_ltc_is_that_of_ncps(xs, elapsed):
    """Its step, written as in that program; potentials stay where reversal potentials and leaks pull them."""
    network, p = bound(SynapticLTC(units=4, dt=elapsed / 6, readout="linear"))
    v_pre, expected = np.zeros(4), []
    for inputs in xs:
        sensory_w_activation = p.wx * sigmoid(p.kx * (inputs[None, :] - p.mx))
        w_numerator_sensory = np.sum(sensory_w_activation * p.Ex, axis=1)
        w_denominator_sensory = np.sum(sensory_w_activation, axis=1)
        cm_t = p.C / (elapsed / 6)
        for _ in range(6):
            w_activation = p.w * sigmoid(p.k * (v_pre[None, :] - p.m))
            w_numerator = np.sum(w_activation * p.E, axis=1) + w_numerator_sensory
            w_denominator = np.sum(w_activation, axis=1) + w_denominator_sensory
            v_pre = (cm_t * v_pre + p.g * p.l + w_numerator) / (cm_t + p.g + w_denominator)
        assert (np.abs(v_pre) < 1).all()
        expected.append(p.V @ v_pre + p.c)
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-11, atol=1e-13)


def test_cfc_is_that_of_ncps(xs):
    network, p = bound(CfC(units=4, backbone=5, dt=0.7, range=1.5, readout="linear"))
    ff1, ff2, time_a, time_b = (State(weight=p.H[k : k + 4], bias=p.b[k : k + 4]) for k in (0, 4, 8, 12))
    hx, expected = np.zeros(4), []
    for x in xs:
        k = 1.7159 * np.tanh(0.666 * (p.W @ np.concatenate([x, hx]) + p.a))
        one, two, a, b = (layer.weight @ k + layer.bias for layer in (ff1, ff2, time_a, time_b))
        t_interp = sigmoid(a * 0.7 + b)
        hx = np.tanh(one) * (1.0 - t_interp) + t_interp * np.tanh(two)
        expected.append(p.V @ hx + p.c)
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-10, atol=1e-12)


# Legendre memory ----------------------------------------------------------------------------------------------------
def test_lmu_equation(xs):
    """The memory's matrices are those of SciPy's zero-order hold."""
    network, p = bound(LMU(units=4, order=3, window=7.5, bias=True, range=0.8))
    A = np.array([[-1.0, -1, -1], [3, -3, -3], [-5, 5, -5]])  # (2 i + 1) times the signs
    B = np.array([[1.0], [-3], [5]])
    A, B = cont2discrete((A / 7.5, B / 7.5, np.eye(3), np.zeros((3, 1))), 1.0, "zoh")[:2]
    h, m, expected = np.zeros(4), np.zeros(3), []
    for x in xs:
        m, last = A @ m + B[:, 0] * (p.ex @ x + p.eh @ h + p.em @ m), h
        h = np.tanh(p.W @ x + p.U @ last + p.M @ m + p.b)
        expected.append(np.tanh(p.V @ h + p.c))
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-9, atol=1e-9)


def test_lmu_memory_holds_its_window():
    """A smooth signal of up to 20 steps ago is the sum of Legendre's polynomials with the memory as coefficients."""
    window, order = 20.0, 12
    network = LMU(units=1, order=order, window=window).bind(1, 1)
    p = State(**{name: np.zeros(q.shape) for name, q in network.parameters().items()}, b=0.0, c=0.0)
    p = p.replace(ex=np.ones(1))
    t = np.arange(150)
    u = np.sin(0.2 * t) + 0.5 * np.cos(0.31 * t)
    m = np.array([s.m for s in run(network, p, u[:, None], states=True)])
    for delay in (5, 10, 20):
        read = m @ [Legendre.basis(i)(2 * delay / window - 1) for i in range(order)]
        held = np.sin(0.2 * (t - delay + 0.5)) + 0.5 * np.cos(0.31 * (t - delay + 0.5))  # between two held values
        assert np.abs(read - held)[60:].max() < 0.02
    assert np.abs(m @ np.ones(order) - u)[60:].max() > 0.5  # and not just the signal itself


@pytest.mark.parametrize(
    ("network", "dimension"),
    [
        (MTRNN(units=4, fast=3, slow=2), 4 * 3 + 4 * 7 + 3 * 9 + 2 * 5 + 9 + 2 + 2 * 4 + 2),
        (LTC(units=4), 4 * 3 + 4 * 4 + 4 + 4 + 4 + 2 * 4 + 2),
        (SynapticLTC(units=4), 4 * 4 * (3 + 4) + 3 * 4 + 2 * 4 + 2),
        (CfC(units=4, backbone=5), 5 * 7 + 5 + 16 * 5 + 16 + 2 * 4 + 2),
        (LMU(units=4, order=3), (3 + 4 + 3) + 4 * (3 + 4 + 3) + 2 * 4),
    ],
)
def test_numbers_of_weights(network, dimension):
    assert Genome(network.bind(INPUTS, OUTPUTS).parameters()).dimension == dimension
