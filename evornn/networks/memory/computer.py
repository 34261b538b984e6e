"""Differentiable neural computer (Graves et al. 2016): a memory that knows what is free and in which order it was
written. One read head.

    usage           u' = (u + w - u w) (1 - f w_r)                    of the last step's weights; f: free what was read
    allocation      a_j = (1 - u_j) prod of u_i over the slots i less used than j (of equals, those before j)
    write           w' = g (b a + (1 - b) softmax(beta cos(M_i, key)))        M' = M (1 - w' e^T) + w' v^T
    links           L'_ij = (1 - w'_i - w'_j) L_ij + w'_i o_j, L'_ii = 0      o' = (1 - sum w') o + w'
    read            w_r' = m_1 L'^T w_r + m_2 softmax(beta_r cos(M'_i, key_r)) + m_3 L' w_r           r = M'^T w_r'

The paper sorts the slots by usage; the product over pairs above is the same. As in its authors' program, usage counts
as 1e-6 + (1 - 1e-6) u there. The paper's copy task: 100 units.
"""

from __future__ import annotations

import numpy as np

from evornn.formula import Node, State, exp, log, maximum, sigmoid, softmax, softplus, where
from evornn.formula import sum as total
from evornn.networks.memory.controller import Controller, similarity

LEAST = 1e-6  # usage, where its logarithm is taken


class DifferentiableNeuralComputer(Controller):
    """Differentiable neural computer: memory with allocation and links in the order of writing (Graves 2016).

    units: of the controller. Further options as for `Units`.
    """

    @property
    def orders(self) -> list[int]:
        """Write key and strength, erase, write vector; read key and strength; gates f, b, g; read modes."""
        return [self.cell, 1, self.cell, self.cell, self.cell, 1, 3, 3]

    def state(self) -> dict[str, tuple[int, ...]]:
        """M [slots, cell]; usage, order, write, read [slots]; links [slots, slots]."""
        n = self.slots
        weights = dict.fromkeys(("usage", "order", "write", "read"), (n,))
        return super().state() | {"M": (n, self.cell), **weights, "links": (n, n)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Write where it is free or known, then read by content or along the links."""
        units, (key, beta, erase, vector, read_key, read_beta, gates, modes) = self.control(p, s, x)
        free, by_allocation, write_gate = sigmoid(gates)
        usage = (s.usage + s.write - s.usage * s.write) * (1.0 - free * s.read)
        content = softmax(softplus(beta[0]) * similarity(s.M, key))
        write = write_gate * (content + by_allocation * (allocation(usage) - content))
        w = write[:, None]
        M = s.M * (1.0 - w * sigmoid(erase)) + w * vector
        links = ((1.0 - w - write) * s.links + w * s.order) * (1.0 - np.eye(self.slots))
        order = (1.0 - total(write)) * s.order + write
        found = softmax(softplus(read_beta[0]) * similarity(M, read_key))
        back, by_content, on = softmax(modes)
        read = back * (links.T @ s.read) + by_content * found + on * (links @ s.read)
        r = M.T @ read
        after = State(**units, r=r, M=M, usage=usage, order=order, write=write, read=read, links=links)
        return after, self.answer(p, units["h"], r)


def allocation(usage: Node) -> Node:
    """Weights [slots] of where to write next: the least used slot first."""
    n = usage.shape[0]
    u = LEAST + (1.0 - LEAST) * maximum(usage, 0.0)
    first = (u < u[:, None]) | ((u <= u[:, None]) & (np.tri(n, k=-1) > 0.0))  # [j, i]: i goes before j
    return (1.0 - u) * exp(total(where(first, log(u), 0.0), axis=1))
