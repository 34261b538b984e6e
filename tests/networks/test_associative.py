"""Associative networks against their papers: equations, energies, stored patterns, capacity."""

import numpy as np
import pytest

from evornn.errors import EvornnError
from evornn.formula import State
from evornn.networks import BAM, Hopfield
from evornn.networks.base import stepped
from tests.networks.running import drawn, trajectory

KOSKO = [  # the pairs of Kosko (1988), section 3
    ([1, -1, 1, -1, 1, -1], [1, 1, -1, -1]),
    ([1, 1, 1, -1, -1, -1], [1, -1, 1, -1]),
]


def patterns(count, units, seed=0):
    return np.random.default_rng(seed).choice([-1, 1], (count, units))


def energy(T, v, field=0.0):
    return -0.5 * v @ T @ v - np.sum(v * field)


def recalled(network, cues, steps):
    """What stands in the units after a cue at the first step and `steps` more without input, for each cue."""
    network = network.bind(network.units, 1)
    _, p = drawn(network, network.units, 1, scale=0.0)
    p = p.replace(B=1e-3 * np.eye(network.units))
    silence = np.zeros((steps, network.units))
    return np.array([trajectory(network, p, np.vstack([cue, silence]))[1][-1].v for cue in cues])


@pytest.mark.parametrize("stored", [None, "hebbian", "pseudo_inverse"])
@pytest.mark.parametrize("update", ["asynchronous", "synchronous", "continuous"])
def test_hopfield_is_its_equation(update, stored):
    n, X = 7, patterns(2, 7, seed=3)
    options = {"units": n} if stored is None else {"patterns": X.tolist(), "rule": stored}
    network, p = drawn(Hopfield(update=update, gain=1.5, dt=0.3, **options), 2, 1)
    if stored is None:
        T = (p.W + p.W.T) / 2
    else:
        T = X.T @ X / n if stored == "hebbian" else X.T @ np.linalg.inv(X @ X.T) @ X
    T = T - np.diag(np.diag(T))
    xs = np.random.default_rng(1).normal(size=(20, 2))
    v, u = np.zeros(n), np.zeros(n)
    ys, states = trajectory(network, p, xs)
    for t, x in enumerate(xs):
        drive = p.B @ x + p.b
        if update == "continuous":
            u = u + 0.3 * (-u + T @ v + drive)
            v = np.tanh(1.5 * u)
        elif update == "synchronous":
            v = np.sign(T @ v + drive)
        else:
            v = np.sign(drive) if t == 0 else v.copy()
            v[t % n] = np.sign(T[t % n] @ v + drive[t % n])
        np.testing.assert_allclose(states[t].v, v, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(ys[t], np.tanh(p.V @ v + p.c), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("stored", [True, False])
def test_energy_never_rises_when_units_take_turns(stored):
    options = {"patterns": patterns(3, 12).tolist()} if stored else {"units": 12}
    network, p = drawn(Hopfield(update="asynchronous", **options), 2, 1)
    xs = np.tile(np.random.default_rng(2).normal(size=2), (60, 1))
    T, field = network.weights(p), p.B @ xs[0] + p.b
    energies = [energy(T, s.v, field) for s in trajectory(network, p, xs)[1]]
    assert (np.diff(energies) <= 1e-12).all()
    assert energies[-1] < energies[0]


@pytest.mark.parametrize("update", ["asynchronous", "synchronous", "continuous"])
def test_patterns_are_recalled_from_damaged_ones(update):
    X = patterns(3, 60)
    cues = X * np.where(np.random.default_rng(1).random(X.shape) < 0.15, -1, 1)
    cues = 1e3 * cues if update == "continuous" else cues  # a field that moves potentials within one step
    found = recalled(Hopfield(patterns=X.tolist(), update=update, gain=4.0), cues, 120)
    np.testing.assert_array_equal(np.sign(found), X)


def test_a_projection_keeps_patterns_that_hebbs_rule_confuses():
    X = patterns(6, 20, seed=5)
    X[1] = np.where(np.arange(20) < 3, -X[0], X[0])  # nearly the same
    kept = [recalled(Hopfield(patterns=X.tolist(), rule=r), X, 5) for r in ("pseudo_inverse", "hebbian")]
    np.testing.assert_array_equal(kept[0], X)
    assert (kept[1] != X).any()


@pytest.mark.slow
def test_capacity():
    """Amit, Gutfreund & Sompolinsky 1985: at 0.138 N patterns 1.6 % of a recalled pattern's bits are wrong; beyond,
    memory breaks down. McEliece et al. 1987: below N / (4 ln N) all patterns are stable.
    """
    n = 1000
    wrong = {}
    for count in (round(n / (4 * np.log(n))), 100, 138, 200):
        X = patterns(count, n, seed=count)
        network, p = drawn(Hopfield(patterns=X.tolist(), update="asynchronous", bias=False), 1, 1, scale=0.0)
        states = [State(v=1.0 * x) for x in X[:3]]
        for t in range(1, 5 * n):
            states = [stepped(network, p, s, np.zeros(1), State(t=t))[0] for s in states]
        wrong[count] = np.mean([s.v for s in states] != X[:3])
    few, below, at, beyond = wrong.values()
    assert few == 0.0
    assert below < 0.005
    assert 0.003 < at < 0.05
    assert beyond > 0.1


def test_bam_recalls_koskos_pairs():
    network, p = drawn(BAM(pairs=KOSKO), 6, 4, scale=0.0)
    p = p.replace(B=0.5 * np.eye(6))
    A, B = (np.array([pair[k] for pair in KOSKO]) for k in (0, 1))
    W = B.T @ A
    for a, b in zip(A, B, strict=True):
        for damaged in (a, a * [1, 1, 1, 1, 1, -1]):
            states = trajectory(network, p, np.vstack([damaged, np.zeros((5, 6))]))[1]
            np.testing.assert_array_equal(states[-1].a, a)
            np.testing.assert_array_equal(states[-1].b, b)
            energies = [-s.b @ W @ s.a for s in states]
            assert (np.diff(energies) <= 0).all()


def test_bam_is_its_equation():
    network, p = drawn(BAM(units=4, keys=5), 3, 2)
    a, b = np.zeros(5), np.zeros(4)
    xs = np.random.default_rng(1).normal(size=(15, 3))
    ys = trajectory(network, p, xs)[0]
    for x, y in zip(xs, ys, strict=True):
        b = np.sign(p.W @ a + p.d)
        a = np.sign(p.W.T @ b + p.B @ x + p.e)
        np.testing.assert_allclose(y, np.tanh(p.V @ b + p.c), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Hopfield(patterns=[[1, 0]]), ["patterns is", "-1 and 1"]),
        (lambda: Hopfield(patterns=[[1, -1], [1]]), ["patterns is"]),
        (lambda: Hopfield(update="random"), ["update is 'random'", "asynchronous"]),
        (lambda: BAM(pairs=[[1, -1]]), ["pairs is"]),
        (lambda: BAM(pairs=[([1, -1], [2, 1])]), ["pairs is"]),
    ],
)
def test_what_cannot_be_stored_is_named(make, words):
    with pytest.raises(EvornnError) as error:
        make()
    for word in words:
        assert word in str(error.value)
