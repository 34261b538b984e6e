"""Run networks step by step on NumPy's numbers: what tests against another program do."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.formula import State
from evornn.genome import Genome
from evornn.networks import Network
from evornn.networks.base import started, stepped


def drawn(network: Network, inputs: int, outputs: int, seed: int = 0, scale: float = 1.0) -> tuple[Any, Any]:
    """The network bound to sizes, and values of its parameters drawn at random, times `scale`."""
    network = network.bind(inputs, outputs)
    genome = Genome(network.parameters(), network.refine)
    values = scale * genome.values(genome.space.sample(np.random.default_rng(seed), 1))
    return network, State(**{name: v[0] for name, v in genome.split(values).items()})


def trajectory(network: Network, p: State, xs: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """Outputs [T, outputs] and the states after each step."""
    s, ys, states = started(network, p), [], []
    for t, x in enumerate(xs):
        s, y = stepped(network, p, s, x, State(t=t))
        ys.append(y)
        states.append(s)
    return np.array(ys), states


def sigmoid(x: Any) -> Any:
    """The logistic function."""
    return 1.0 / (1.0 + np.exp(-x))
