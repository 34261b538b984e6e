"""The wiring of a liquid, drawn from a seed (Maass, Natschlaeger & Markram 2002): near neurons connect more often."""

from __future__ import annotations

import functools

import numpy as np

from evornn.formula import SparseMatrix
from evornn.memory import check_memory

PAIR = 100  # bytes of two neurons while it is drawn whether they are connected
INHIBITORY = 0.2  # share of the neurons
CHANCE = np.array([[0.3, 0.4], [0.2, 0.1]])  # C [to, from], of excitatory (0) and inhibitory (1) neurons
WEIGHT = np.array([[30.0, -19.0], [60.0, -19.0]])  # nA, means [to, from]


@functools.lru_cache(maxsize=16)
def wiring(units: int, side: int, reach: float, seed: int) -> tuple[np.ndarray, SparseMatrix, SparseMatrix]:
    """Which neurons are inhibitory [units], and the weights [units, units] in nA from excitatory and from inhibitory
    ones. Neurons stand in a column, side x side on each floor; two are connected with chance C exp(-(distance /
    reach)^2). Sizes of weights have a gamma distribution with a standard deviation equal to the mean.
    """
    check_memory(f"a liquid of {units:,} neurons", PAIR * units**2, "fewer units need less")
    rng = np.random.default_rng([seed, 0])
    order = np.arange(units)
    places = np.stack([order % side, order // side % side, order // side**2], axis=1)
    inhibitory = np.zeros(units, dtype=int)
    inhibitory[rng.permutation(units)[: round(INHIBITORY * units)]] = 1
    distance = np.square(places[:, None] - places[None]).sum(axis=2)
    chance = CHANCE[inhibitory[:, None], inhibitory[None]] * np.exp(-distance / reach**2)
    connected = (rng.random((units, units)) < chance) & (distance > 0)
    weights = connected * WEIGHT[inhibitory[:, None], inhibitory[None]] * rng.gamma(1.0, 1.0, (units, units))
    from_inhibitory = np.broadcast_to(inhibitory == 1, weights.shape)
    excitation, inhibition = (SparseMatrix(weights * part) for part in (~from_inhibitory, from_inhibitory))
    return inhibitory, excitation, inhibition
