"""Spiking networks against their papers: one neuron's period, a loop over neurons, wiring, separation, order."""

import numpy as np
import pytest

from evornn.networks import LiquidState, Silencing
from tests.networks.running import drawn, trajectory


def test_a_neuron_fires_with_its_period():
    """refractory time + tau ln((R I - reset) / (R I - threshold)), to one integration step."""
    for current in (15.1, 16.0, 20.0):
        network, p = drawn(LiquidState(units=1, current=current, input_scaling=0.0, dt=0.1), 1, 1)
        spikes = np.flatnonzero([s.z[0] for s in trajectory(network, p, np.zeros((4000, 1)))[1]])
        period = 3.0 + 30.0 * np.log((current - 13.5) / (current - 15.0))
        np.testing.assert_allclose(np.diff(spikes) * 0.1, period, atol=0.1 + 1e-9)


def test_liquid_is_a_loop_over_neurons():
    """Spike by spike, with Python's own lists in place of vectors."""
    n = 20
    network, p = drawn(LiquidState(units=n, seed=2, dt=0.5, substeps=2, strength=0.7, current=14.5), 2, 2)
    into = [network._excitation.csr.toarray(), network._inhibition.csr.toarray()]
    xs = np.random.default_rng(4).uniform(-1, 1, (40, 2))
    ys, states = trajectory(network, p, xs)
    v, currents, trace, last = list(13.5 + network._first), np.zeros((2, n)), [0.0] * n, [-(10**9)] * n
    fired, tick = [0] * n, 0
    for t, x in enumerate(xs):
        for _ in range(2):
            tick, before = tick + 1, fired
            fired = [0] * n
            for i in range(n):
                for k, tau in enumerate((3.0, 6.0)):
                    arriving = sum(0.7 * into[k][i, j] for j in range(n) if before[j])
                    currents[k, i] = currents[k, i] * np.exp(-0.5 / tau) + arriving
                currents[0, i] += sum(network._input[i, k] * x[k] for k in range(2))
                rest = 14.5 + currents[0, i] + currents[1, i]
                v[i] = rest + (v[i] - rest) * np.exp(-0.5 / 30.0)
                if tick - last[i] <= (2.0 if network._inhibitory[i] else 3.0) / 0.5:
                    v[i] = 13.5
                elif v[i] > 15.0:
                    v[i], fired[i], last[i] = 13.5, 1, tick
                trace[i] = trace[i] * np.exp(-0.5 / 30.0) + fired[i]
        assert states[t].z.tolist() == fired
        np.testing.assert_allclose(states[t].v, np.array(v) - 13.5, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(ys[t], p.V @ trace + p.c, rtol=1e-10)
    assert 20 < sum(s.z.sum() for s in states) < 0.2 * n * len(states)  # it lives, and not all of it all the time


def test_wiring_is_that_of_the_paper():
    """Chances C exp(-(D / lambda)^2), 20 % inhibitory, mean sizes of weights by kinds, none of a neuron with itself."""
    network = LiquidState(units=1000, side=10, seed=1).bind(1, 1)
    inhibitory = network._inhibitory
    assert inhibitory.sum() == 200
    weights = network._excitation.csr.toarray() + network._inhibition.csr.toarray()
    assert not np.diag(weights).any()
    order = np.arange(1000)
    places = np.stack([order % 10, order // 10 % 10, order // 100], axis=1)
    squares = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    for to, source, chance, mean in [(0, 0, 0.3, 30), (1, 0, 0.2, 60), (0, 1, 0.4, -19), (1, 1, 0.1, -19)]:
        kind = (inhibitory[:, None] == to) & (inhibitory[None] == source)
        for square in (1, 2, 4):
            drawn_ = weights[kind & (squares == square)]
            expected = chance * np.exp(-square / 4.0)
            assert np.mean(drawn_ != 0) == pytest.approx(expected, abs=4 * np.sqrt(expected / drawn_.size))
        sizes = weights[kind & (weights != 0)]
        assert sizes.mean() == pytest.approx(mean, rel=5 / np.sqrt(sizes.size))
        assert sizes.std() == pytest.approx(abs(mean), rel=8 / np.sqrt(sizes.size))


def test_liquid_separates_inputs_the_more_the_farther_they_are_apart():
    """Maass et al. 2002, figure 2: distances of states against distances of inputs, here of Poisson spike trains."""
    distances = []
    for share in (0.0, 0.1, 0.4, 1.0):  # of spikes that are drawn anew
        apart = []
        for seed in range(8):
            rng = np.random.default_rng(seed)
            network, p = drawn(LiquidState(units=135, seed=seed), 1, 1)
            u, other = (rng.random((100, 1)) < 0.1 for _ in range(2))
            w = np.where(rng.random((100, 1)) < share, other, u)
            a, b = (np.array([s.q for s in trajectory(network, p, 1.0 * x)[1]]) for x in (u, w))
            apart.append(np.linalg.norm(a - b, axis=1)[50:].mean())
        distances.append(np.mean(apart))
    assert distances[0] == 0.0
    assert (np.diff(distances) > 0.5).all()


def test_silencing_is_its_equation_and_knows_the_order():
    network, p = drawn(Silencing(units=8, silence=3, threshold=0.3, readout="linear"), 4, 2)
    xs = np.random.default_rng(1).normal(size=(20, 4))
    left = np.zeros(8, dtype=int)
    for x, y in zip(xs, trajectory(network, p, xs)[0], strict=True):
        h = np.maximum(p.W @ x + p.b, 0.0)
        h[left > 0] = 0.0
        left = np.where(h > 0.3, 3, np.maximum(left - 1, 0))
        np.testing.assert_allclose(y, p.V @ h + p.c, rtol=1e-12)
    short = Silencing(units=8, silence=1, threshold=0.3, readout="linear").bind(4, 2)
    one, two = (trajectory(short, p, xs[order])[0][-1] for order in ([0, 1, 2], [1, 0, 2]))
    assert np.abs(one - two).max() > 1e-3  # of the same objects, the last one seen last
