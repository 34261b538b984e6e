"""A circuit of memristors against Kirchhoff's laws, node by node."""

import numpy as np
import pytest

from evornn.formula import solve
from evornn.networks import Memristive
from tests.networks.running import drawn, trajectory


@pytest.mark.parametrize(("nodes", "units"), [(4, 6), (7, 20)])
def test_currents_obey_kirchhoff_and_states_follow_them(nodes, units):
    """Potentials of the nodes from conductances and sources (nodal analysis), without loops or projections."""
    network, p = drawn(
        Memristive(units=units, nodes=nodes, readout="linear", seed=3, alpha=0.05, beta=2.0, range=0.5), 2, 1
    )
    incidence = np.zeros((nodes, units))
    for edge, (a, b) in enumerate(network._ends):
        incidence[a, edge], incidence[b, edge] = -1.0, 1.0
    w, xs = np.full(units, 0.5), np.random.default_rng(1).normal(size=(60, 2))
    ys, states = trajectory(network, p, xs)
    for x, y, s in zip(xs, ys, states, strict=True):
        source, conductance = p.B @ x + p.b, np.diag(1.0 / (1.0 + 5.0 * w))
        potentials = np.linalg.lstsq(incidence @ conductance @ incidence.T, incidence @ conductance @ source)[0]
        i = conductance @ (source - incidence.T @ potentials)
        np.testing.assert_allclose(incidence @ i, 0.0, atol=1e-12)
        w = np.clip(w + 0.1 * (0.05 * w - i / 2.0), 0.0, 1.0)
        np.testing.assert_allclose(s.w, w, atol=1e-10)
        np.testing.assert_allclose(y, p.V @ i + p.c, rtol=1e-9, atol=1e-9)
    moved = np.array([s.w for s in states])
    assert ((moved > 0) & (moved < 1)).mean() > 0.5
    omega = network._loops
    np.testing.assert_allclose(omega @ omega, omega, atol=1e-11)
    assert np.trace(omega) == pytest.approx(units - nodes + 1)  # independent loops


def test_elimination_leaves_no_residual():
    omega, w = Memristive(units=20, nodes=8).bind(1, 1)._loops, np.random.default_rng(0).random(20)
    A, b = np.eye(20) + 50.0 * omega * w, omega @ np.random.default_rng(1).normal(size=20)
    assert np.abs(A @ solve(A, b) - b).max() < 1e-12
