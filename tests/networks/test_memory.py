"""Networks with a memory against their papers' equations, slot by slot, and against real stacks and queues."""

from collections import deque

import numpy as np
import pytest

from evornn.networks import DifferentiableNeuralComputer, NeuralStack, NeuralTuringMachine
from evornn.networks.memory.computer import allocation
from tests.networks.running import drawn, sigmoid, trajectory

INPUTS, OUTPUTS, STEPS = 3, 2, 25


def softplus(x):
    return np.log1p(np.exp(x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def by_content(M, key, strength):
    """Softmax of strength times the cosine of each row and the key."""
    cosines = [row @ key / np.sqrt((row @ row + 1e-8) * (key @ key + 1e-8)) for row in M]
    return softmax(softplus(strength) * np.array(cosines))


class Units:
    """The controller, and the orders it gives, cut into pieces of given sizes."""

    def __init__(self, network, p, sizes):
        self.p, self.lstm, self.ends = p, network.controller == "LSTM", np.cumsum(sizes)[:-1]
        self.h, self.c = np.zeros(network.units), np.zeros(network.units)

    def step(self, x, r):
        p = self.p
        z = p.W @ x + p.R @ r + p.b
        if self.lstm:
            i, f, g, o = np.split(z + p.U @ self.h, 4)
            self.c = sigmoid(f) * self.c + sigmoid(i) * np.tanh(g)
            self.h = sigmoid(o) * np.tanh(self.c)
        else:
            self.h = np.tanh(z)
        return np.split(p.K @ self.h + p.k, self.ends)

    def read(self, r):
        return self.p.V @ np.concatenate([self.h, r]) + self.p.c


def inputs():
    return np.random.default_rng(9).normal(size=(STEPS, INPUTS))


@pytest.mark.parametrize("controller", ["feedforward", "LSTM"])
def test_turing_machine_is_graves_equations(controller):
    n, m = 7, 3
    network, p = drawn(NeuralTuringMachine(units=4, slots=n, cell=m, controller=controller, range=2.0), INPUTS, OUTPUTS)
    ys, states = trajectory(network, p, inputs())
    units = Units(network, p, [m, 1, 1, 3, 1] * 2 + [m, m])
    M, heads, r = np.full((n, m), 1e-6), [np.eye(n)[0], np.eye(n)[0]], np.zeros(m)

    def move(w, key, beta, gate, shifts, gamma):
        g, s = sigmoid(gate), softmax(shifts)
        w = g * by_content(M, key, beta[0]) + (1 - g) * w
        w = np.array([sum(w[(i - d) % n] * s[d + 1] for d in (-1, 0, 1)) for i in range(n)])
        sharp = w ** (1 + softplus(gamma))
        return sharp / sharp.sum()

    for t, x in enumerate(inputs()):
        orders = units.step(x, r)
        heads[0] = move(heads[0], *orders[:5])
        erase, add = sigmoid(orders[10]), orders[11]
        M = np.array(
            [[M[i, j] * (1 - heads[0][i] * erase[j]) + heads[0][i] * add[j] for j in range(m)] for i in range(n)]
        )
        heads[1] = move(heads[1], *orders[5:10])
        r = sum(heads[1][i] * M[i] for i in range(n))
        np.testing.assert_allclose(ys[t], units.read(r), rtol=1e-10, atol=1e-10)
        for w in (states[t].write, states[t].read):
            assert w.sum() == pytest.approx(1.0, abs=1e-12)
            assert (w >= 0).all()


def sorted_allocation(usage):
    """The paper's: a of the j-th least used slot is (1 - its usage) times the product of all lesser usages."""
    u = 1e-6 + (1 - 1e-6) * usage
    a, product = np.empty_like(u), 1.0
    for j in np.argsort(u, kind="stable"):
        a[j] = (1 - u[j]) * product
        product *= u[j]
    return a


def test_allocation_by_pairs_is_that_of_the_sorted_slots():
    rng = np.random.default_rng(0)
    for n in (1, 2, 9):
        for usage in (rng.random(n), np.zeros(n), np.ones(n), rng.integers(3, size=n) / 2.0):
            np.testing.assert_allclose(allocation(usage), sorted_allocation(usage), rtol=1e-10, atol=1e-15)


def test_computer_is_graves_equations():
    n, m = 6, 4
    network, p = drawn(DifferentiableNeuralComputer(units=4, slots=n, cell=m, range=2.0), INPUTS, OUTPUTS)
    ys, states = trajectory(network, p, inputs())
    units = Units(network, p, [m, 1, m, m, m, 1, 3, 3])
    M, L, r = np.zeros((n, m)), np.zeros((n, n)), np.zeros(m)
    usage, order, write, read = (np.zeros(n) for _ in range(4))
    for t, x in enumerate(inputs()):
        key, beta, erase, vector, read_key, read_beta, gates, modes = units.step(x, r)
        free, allocate, gate = sigmoid(gates)
        usage = (usage + write - usage * write) * (1 - free * read)
        content = by_content(M, key, beta[0])
        write = gate * (allocate * sorted_allocation(usage) + (1 - allocate) * content)
        M = M * (1 - np.outer(write, sigmoid(erase))) + np.outer(write, vector)
        L = np.array(
            [
                [(1 - write[i] - write[j]) * L[i, j] + write[i] * order[j] if i != j else 0.0 for j in range(n)]
                for i in range(n)
            ]
        )
        order = (1 - write.sum()) * order + write
        found, mode = by_content(M, read_key, read_beta[0]), softmax(modes)
        read = mode[0] * L.T @ read + mode[1] * found + mode[2] * L @ read
        r = M.T @ read
        np.testing.assert_allclose(ys[t], units.read(r), rtol=1e-9, atol=1e-9)
        assert states[t].write.sum() <= 1 + 1e-12
        assert states[t].read.sum() <= 1 + 1e-12
        assert (states[t].links.sum(axis=0) <= 1 + 1e-12).all()
        assert (states[t].links.sum(axis=1) <= 1 + 1e-12).all()


class Ordered(NeuralStack):
    """A stack whose orders are the inputs, as they are, in place of what units say."""

    def control(self, p, s, x):
        return {"h": s.h, "c": s.c}, [x[:1], x[1:2], x[2:]]


@pytest.mark.parametrize("kind", ["stack", "queue"])
def test_whole_pushes_and_pops_are_those_of_a_real_stack_or_queue(kind):
    network, p = drawn(Ordered(kind=kind, slots=60, cell=1), 3, 1)
    rng, real = np.random.default_rng(0), deque()
    orders = np.where(rng.random((60, 2)) < [[0.4, 0.6]], 40.0, -700.0)  # 1 and 0 through the logistic function
    values = rng.normal(size=60)
    states = trajectory(network, p, np.column_stack([orders, values]))[1]
    for (pop, push), value, s in zip(orders > 0, values, states, strict=True):
        if pop and real:
            real.pop() if kind == "stack" else real.popleft()
        if push:
            real.append(np.tanh(value))
        top = (real[-1] if kind == "stack" else real[0]) if real else 0.0
        assert s.r[0] == pytest.approx(top, abs=1e-12)
        assert s.s.sum() == pytest.approx(len(real))
    assert max(len(real), 5) > 4


@pytest.mark.parametrize("kind", ["stack", "queue"])
def test_pushes_and_pops_by_degrees_are_grefenstettes_equations(kind):
    network, p = drawn(NeuralStack(kind=kind, units=4, slots=STEPS, cell=3, range=2.0), INPUTS, OUTPUTS)
    ys = trajectory(network, p, inputs())[0]
    units, V, s, r = Units(network, p, [1, 1, 3]), [], [], np.zeros(3)
    for x, y in zip(inputs(), ys, strict=True):  # V and s grow by a row a step; the newest is the last
        pop, push, value = units.step(x, r)
        above = [s[i + 1 :] if kind == "stack" else s[:i] for i in range(len(s))]
        s = [max(0.0, s[i] - max(0.0, sigmoid(pop[0]) - sum(above[i]))) for i in range(len(s))]
        V, s = [*V, np.tanh(value)], [*s, sigmoid(push[0])]
        above = [s[i + 1 :] if kind == "stack" else s[:i] for i in range(len(s))]
        r = sum(min(s[i], max(0.0, 1.0 - sum(above[i]))) * V[i] for i in range(len(s)))
        np.testing.assert_allclose(y, units.read(r), rtol=1e-10, atol=1e-11)
