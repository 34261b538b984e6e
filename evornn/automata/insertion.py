"""Put a finite automaton into the weights of a second-order network (Omlin & Giles 1996).

A unit for each state, and two for the answers after the symbol that ends a string:

    W_jik = H if symbol k leads from state i to state j; -H if it leads from i = j elsewhere; else 0     b_j = -H / 2

For H large enough units stay near 0 and 1, and the network is right for strings of any length.
"""

from __future__ import annotations

import numpy as np

from evornn.automata.automaton import Automaton
from evornn.errors import check_range
from evornn.genome import Genome
from evornn.networks.recurrent.second_order import SecondOrder

STRENGTH = 12.0


def insert(automaton: Automaton, strength: float = STRENGTH) -> tuple[SecondOrder, np.ndarray]:
    """A network and a genome [D] of it that say what the automaton says.

    Inputs are one-hot: the automaton's symbols, then the one that ends a string; the output after it is above 0 for
    yes. strength: H.
    """
    check_range("strength", strength, 0, open_low=True)
    count, end = len(automaton.moves), len(automaton.symbols)
    yes, units = count, count + 2
    table = [[*row, yes if state in automaton.accepting else yes + 1] for state, row in enumerate(automaton.moves)]
    weights = np.zeros((units, end + 1, units))  # [j, k, i]
    for i, row in enumerate([*table, [yes] * (end + 1), [yes + 1] * (end + 1)]):
        for k, j in enumerate(row):
            weights[i, k, i] = -strength
            weights[j, k, i] = strength
    network = SecondOrder(units=units, readout="linear", range=float(strength))
    genome = Genome(network.bind(end + 1, 1).parameters())
    genes = np.zeros((1, genome.dimension))
    parts = genome.split(genes)
    parts["W"][0], parts["b"][0] = weights.reshape(units, -1), -strength / 2
    parts["V"][0, 0, yes], parts["V"][0, 0, yes + 1] = strength, -strength
    return network, genes[0]
