"""Forms of networks that an option chooses and whose step is another formula: compiled, as NumPy has them."""

from __future__ import annotations

import numpy as np
import pytest

from evornn.networks import MTRNN, FIRNet, Masked, Network, SlimGRU
from evornn.problem import Problem
from evornn.tasks import Sequence

FORMS = [
    FIRNet(feedback=2),
    FIRNet(taps=1, feedback=1, readout="units"),
    SlimGRU(variant=2),
    SlimGRU(variant=3),
    Masked(connections=False, slope="atan", readout="tanh"),
    MTRNN(learned_start=False),
]


@pytest.mark.parametrize("network", FORMS, ids=lambda network: network.describe())
def test_values_and_slopes_are_those_of_the_oracle(network: Network) -> None:
    compiled, oracle = (Problem(network, Sequence(), backend, "float64", workers=1) for backend in ("cpu", "plain"))
    genomes = 0.5 * oracle.space.sample(np.random.default_rng(1), 5)
    (fitness, slopes), expected = compiled.value_and_grad(genomes), oracle.value_and_grad(genomes)
    np.testing.assert_allclose(fitness, expected[0], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(slopes, expected[1], rtol=1e-9, atol=1e-10 * np.abs(expected[1]).max())
