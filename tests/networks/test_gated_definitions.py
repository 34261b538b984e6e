"""Gated networks beside LSTM and GRU against their papers' equations."""

import numpy as np
import pytest

from evornn.genome import Genome
from evornn.networks import GRU, JANET, MGU, MinGRU, SlimGRU
from tests.networks.test_definitions import INPUTS, OUTPUTS, STEPS, bound, run, sigmoid


@pytest.fixture
def xs():
    return np.random.default_rng(9).normal(size=(STEPS, INPUTS))


def mgu(p, h, x):
    """Zhou et al. 2016, equations 10 to 12."""
    f = sigmoid(p.W[:4] @ x + p.U[:4] @ h + p.b[:4])
    return (1 - f) * h + f * np.tanh(p.W[4:] @ x + p.U[4:] @ (f * h) + p.b[4:])


def janet(beta):
    def step(p, h, x):
        s = p.W[:4] @ x + p.U[:4] @ h + p.b[:4]
        return sigmoid(s) * h + (1 - sigmoid(s - beta)) * np.tanh(p.W[4:] @ x + p.U[4:] @ h + p.b[4:])

    return step


def slim_gru(variant):
    """Dey & Salem 2017, with z in the place of 1 - z: U and b hold the rows of r, z, n."""
    sees_units, sees_bias = variant in (1, 2), variant in (1, 3)

    def step(p, h, x):
        r, z = (
            sigmoid((p.U[k : k + 4] @ h if sees_units else 0) + (p.b[k : k + 4] if sees_bias else 0)) for k in (0, 4)
        )
        U, b = p.U[8:] if sees_units else p.U, p.b[8:] if sees_bias else p.b
        return z * h + (1 - z) * np.tanh(p.W @ x + U @ (r * h) + b)

    return step


@pytest.mark.parametrize(
    ("network", "step"),
    [
        (MGU(units=4, range=2.0), mgu),
        (JANET(units=4, range=2.0), janet(1.0)),
        (JANET(units=4, range=2.0, beta=0.3), janet(0.3)),
        *((SlimGRU(units=4, range=2.0, variant=k), slim_gru(k)) for k in (1, 2, 3)),
    ],
    ids=lambda value: value.describe() if hasattr(value, "describe") else "",
)
def test_steps_are_the_papers(xs, network, step):
    network, p = bound(network)
    h, expected = np.zeros(4), []
    for x in xs:
        h = step(p, h, x)
        expected.append(np.tanh(p.V @ h + p.c))
    np.testing.assert_allclose(run(network, p, xs), expected, rtol=1e-10, atol=1e-12)


def test_min_gru_is_a_linear_recurrence(xs):
    """All steps at once: new values weighted by what later gates leave of them."""
    network, p = bound(MinGRU(units=4, readout="linear"))
    z, new = sigmoid(xs @ p.W[:4].T + p.b[:4]), xs @ p.W[4:].T + p.b[4:]
    left = np.array([[np.prod(1 - z[s + 1 : t + 1], axis=0) * (s <= t) for s in range(STEPS)] for t in range(STEPS)])
    h = np.einsum("tsn,sn->tn", left, z * new)
    np.testing.assert_allclose(run(network, p, xs), h @ p.V.T + p.c, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("kind", [MGU, JANET])
def test_numbers_of_weights(kind):
    """Two parts of three of a GRU's; gates that see less have fewer still."""
    units = 6

    def size(network):
        network = network.bind(INPUTS, OUTPUTS)
        return sum(network.parameters()[name].size for name in ("W", "U", "b") if name in network.parameters())

    whole, n, m = size(GRU(units=units)), units, INPUTS
    assert size(kind(units=units)) * 3 == whole * 2
    assert [whole - size(SlimGRU(units=units, variant=k)) for k in (1, 2, 3)] == [
        2 * m * n,
        2 * n * (m + 1),
        2 * n * (m + n),
    ]
    assert Genome(MinGRU(units=n, readout="units").bind(m, 1).parameters()).dimension == 2 * n * (m + 1)
