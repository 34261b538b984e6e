"""Which unit a gene belongs to: every gene has one place, and a unit's genes change nothing but that unit."""

import numpy as np
import pytest

from evornn.errors import EvornnError
from evornn.formula import State
from evornn.genome import Genome, Parameter, Space
from evornn.networks import (
    LSTM,
    REGISTRY,
    EchoState,
    Elman,
    Feedforward,
    FullyRecurrent,
    IndRNN,
    Network,
    Stacked,
    Units,
)
from evornn.networks.base import stepped
from evornn.problem import Problem
from evornn.tasks import DoublePole


def genome_of(network: Network, inputs: int = 3, outputs: int = 2) -> tuple[Network, Genome]:
    bound = network.bind(inputs, outputs)
    return bound, Genome(bound.parameters(), bound.refine, bound.neurons)


@pytest.mark.parametrize("name", REGISTRY)
def test_every_gene_has_a_place(name: str) -> None:
    """Units are numbered without gaps, and all units of a layer have the same number of genes."""
    network, genome = genome_of(REGISTRY[name]())
    assert set(network.neurons()) == set(genome.parameters)
    neurons = genome.space.neurons
    assert neurons is not None
    assert neurons.shape == (genome.dimension,)
    counts = np.bincount(neurons[neurons >= 0])
    assert (counts > 0).all()
    assert len(counts) >= network.width
    assert 4 * sum(counts) >= genome.dimension  # shared: outputs' biases, and what drives several units alike


ONE_PASS = {  # units do not see what others give in the same step
    "RMLP": {"units": 4},
    "LTC": {"substeps": 1},
    "SynapticLTC": {"substeps": 1},
}


@pytest.mark.parametrize("name", [name for name, kind in REGISTRY.items() if issubclass(kind, Units)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_units_genes_change_that_unit(name: str, bias: bool) -> None:
    """After one step from any state, other genes for unit i have changed the state of unit i and of no other. That
    unit's state was 0: its gates may let others see it in the same step.
    """
    network, genome = genome_of(REGISTRY[name](bias=bias, **ONE_PASS.get(name, {})))
    rng = np.random.default_rng(1)
    one, other = genome.values(genome.space.sample(rng, 2))
    neurons, units = genome.space.neurons, network.width

    def after(values: np.ndarray, unit: int) -> dict[str, np.ndarray]:
        p = State(**{name: v[0] for name, v in genome.split(values[None]).items()})
        silent = {name: v * (np.arange(units) != unit) if v.shape == (units,) else v for name, v in drawn.items()}
        changed = stepped(network, p, State(**silent), x, State(t=1))[0]
        return {name: np.asarray(v) for name, v in changed.items() if np.shape(v) == (units,)}

    drawn = {name: rng.normal(size=shape) for name, shape in network.state().items()}
    x = rng.normal(size=3)
    biases = np.array([gene.startswith("c[") for gene in genome.space.names])  # of the outputs
    for unit in range(units):
        before, changed = after(one, unit), after(np.where(neurons == unit, other, one), unit)
        for field, values in changed.items():
            moved = np.flatnonzero(values != before[field])
            assert set(moved) <= {unit}
        same = after(np.where((neurons == -1) & biases, other, one), unit)
        assert all(np.array_equal(same[field], before[field]) for field in before)


def test_examples() -> None:
    """Fully recurrent: rows of W and U and a bias; a readout's columns; gates; layers one after the other."""
    neurons = Problem(FullyRecurrent(units=5), DoublePole(velocities=False)).space.neurons
    np.testing.assert_array_equal(neurons, [*np.repeat(range(5), 3), *np.repeat(range(5), 5), *range(5)])
    found = {name: units.tolist() for name, units in Elman(units=2).bind(1, 2).neurons().items()}
    assert found == {"W": [[0], [1]], "U": [[0, 0], [1, 1]], "b": [0, 1], "V": [[0, 1], [0, 1]], "c": [-1, -1]}
    assert LSTM(units=2).bind(1, 1).neurons()["b"].tolist() == [0, 1] * 4
    assert IndRNN(units=3).bind(1, 1).neurons()["u"].tolist() == [0, 1, 2]
    assert EchoState(units=10).bind(2, 1).neurons()["V"].tolist() == [list(range(12))]
    layers = Feedforward([2, 1]).bind(1, 1).neurons()
    assert {name: np.ravel(units).tolist() for name, units in layers.items()} == {
        "W1": [0, 1], "b1": [0, 1], "W2": [2, 2], "b2": [2], "V": [2], "c": [-1],
    }  # fmt: skip
    assert Feedforward([]).bind(2, 2).neurons()["V"].tolist() == [[0, 0], [1, 1]]
    stack = Stacked(Elman(2), IndRNN(1)).bind(1, 1).neurons()
    assert stack["layer0_b"].tolist() == [0, 1]
    assert {name: np.ravel(stack[f"layer1_{name}"]).tolist() for name in ("u", "V", "c")} == {
        "u": [2],
        "V": [2],
        "c": [-1],
    }


def test_networks_of_ones_own() -> None:
    """Row i is unit i unless the network says otherwise, single numbers are shared; a wrong shape is an error."""

    class Own(Network):
        def parameters(self) -> dict[str, Parameter]:
            return {"A": Parameter((2, 3), (-1, 1)), "gain": Parameter((), (0, 1))}

    network, genome = genome_of(Own())
    assert genome.space.neurons.tolist() == [0, 0, 0, 1, 1, 1, -1]
    assert Genome(network.parameters()).space.neurons is None
    for wrong in ([0, 1], [0.0, 1.0, 2.0], [-2, 0, 1]):
        with pytest.raises(EvornnError, match="neurons are"):
            Space(np.zeros(3), np.ones(3), neurons=np.array(wrong))
