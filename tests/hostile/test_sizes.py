"""What needs more memory than there is, is refused with both numbers before anything of that size is allocated."""

import time
import tracemalloc

import numpy as np
import pytest

import evornn
import evornn.memory
from evornn import EvornnError, networks, search, tasks
from evornn.genome import Genome, Names, Parameter, Space

MACHINE = 16 * 2**30
WIDE = Space(np.zeros(10**6), np.ones(10**6))


def small():
    return evornn.Problem(networks.FullyRecurrent(units=1), tasks.Pendulum(steps=5), "plain")


def guessing(problem, population=2):
    return search.RandomGuessing(problem.space, population=population)


def bound(network):
    return lambda: evornn.Problem(network, tasks.Pendulum(), "plain")


HUGE = {
    "FullyRecurrent": bound(networks.FullyRecurrent(units=30_000)),
    "LSTM": bound(networks.LSTM(units=10**9)),
    "GRU": bound(networks.GRU(units=2**63 - 1)),
    "CTRNN": bound(networks.CTRNN(units=10**6)),
    "IndRNN": bound(networks.IndRNN(units=10**9)),
    "Jordan": bound(networks.Jordan(units=10**9)),
    "Feedforward": bound(networks.Feedforward(units=[10**5, 10**5])),
    "Stacked": bound(networks.Stacked(networks.GRU(units=2), networks.Elman(units=10**6))),
    "EchoState": bound(networks.EchoState(units=10**5)),
    "EchoState, sparse": bound(networks.EchoState(units=10**9, density=1e-9)),
    "Adding": lambda: tasks.Adding(length=10**9),
    "Multiplication": lambda: tasks.Multiplication(sequences=10**9),
    "TemporalOrder": lambda: tasks.TemporalOrder(length=10**9),
    "DelayedXOR": lambda: tasks.DelayedXOR(length=10**9),
    "Parity": lambda: tasks.Parity(test_length=10**9),
    "AnBnCn": lambda: tasks.AnBnCn(test=10**6),
    "NoiseFreeLag": lambda: tasks.NoiseFreeLag(lag=10**6),
    "EmbeddedReber": lambda: tasks.EmbeddedReber(test=10**9),
    "Tomita": lambda: tasks.Tomita(sequences=10**9),
    "MSO": lambda: tasks.MSO(free=10**9),
    "MackeyGlass": lambda: tasks.MackeyGlass(tau=10**9),
    "Lorenz": lambda: tasks.Lorenz(horizon=10**9),
    "NARMA10": lambda: tasks.NARMA10(test=10**9),
    "episodes": lambda: evornn.Problem(networks.FullyRecurrent(), tasks.Acrobot(), "plain", episodes=10**9),
    "redrawn": lambda: small().redrawn(1, 10**12),
    "validation": lambda: evornn.run(small(), guessing(small()), evaluations=4, validation=10**9),
    "population": lambda: evornn.predict(small(), guessing(small(), 10**7), evaluations=1),
    "CMAES": lambda: search.CMAES(WIDE),
    "XNES": lambda: search.XNES(WIDE),
    "ParticleSwarm": lambda: search.ParticleSwarm(small().space, population=10**6, topology="ring", k=10**6),
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_the_impossible_is_refused_at_once_with_both_numbers(name, monkeypatch):
    small_machine = 2**30 if name == "population" else MACHINE
    monkeypatch.setattr(evornn.memory, "physical_memory", lambda: small_machine)
    tracemalloc.start()
    begun = time.monotonic()
    try:
        with pytest.raises(EvornnError, match=rf"needs [^;]*bytes of memory; this machine has {small_machine:,}; ."):
            HUGE[name]()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 300e6
    assert time.monotonic() - begun < 60  # a guard: it takes milliseconds


def test_what_was_refused_fits_a_machine_that_has_it(monkeypatch):
    monkeypatch.setattr(evornn.memory, "physical_memory", lambda: 10_000)
    with pytest.raises(EvornnError, match="bytes of memory"):
        bound(networks.FullyRecurrent(units=20))()
    monkeypatch.setattr(evornn.memory, "physical_memory", lambda: 2**30)
    assert bound(networks.FullyRecurrent(units=20))().dimension == 480


def test_a_space_takes_no_more_than_was_predicted():
    from evornn.genome import GENE

    network = networks.LSTM(units=200).bind(3, 1)
    tracemalloc.start()
    genome = Genome(network.parameters(), network.refine, network.neurons)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.4 < peak / (GENE * genome.dimension) < 1


def test_names_of_genes_are_made_when_looked_at():
    shapes = {"W": (2, 3), "gain": (), "b": (2,), "T": (2, 1, 2)}
    expected = ["W[0,0]", "W[0,1]", "W[0,2]", "W[1,0]", "W[1,1]", "W[1,2]", "gain", "b[0]", "b[1]"]
    expected += ["T[0,0,0]", "T[0,0,1]", "T[1,0,0]", "T[1,0,1]"]
    names = Genome({name: Parameter(shape, (-1.0, 1.0)) for name, shape in shapes.items()}).space.names
    assert list(names) == expected
    assert names == expected
    assert names[-1] == "T[1,0,1]"
    assert names[5:7] == ["W[1,2]", "gain"]
    with pytest.raises(IndexError):
        names[13]
    assert Space(np.zeros(2), np.ones(2)).names == ["x[0]", "x[1]"]
    assert len(Names({"W": (10**6, 10**6)})) == 10**12
