"""Neural Turing machine (Graves, Wayne & Danihelka 2014): units that read and write a memory M [slots, cell].

A head's weights w over the slots, from its orders key, beta, g, s, gamma:

    by content     w_c = softmax(beta cos(M_i, key))                       beta > 0
    by location    w_g = g w_c + (1 - g) w         w_s(i) = sum_j w_g(j) s(i - j)        shifts by -1, 0, 1
    sharpened      w'(i) = w_s(i)^gamma / sum_j w_s(j)^gamma               gamma > 1

One head writes, M' = M (1 - w e^T) + w a^T; then one reads, r = M'^T w. Both begin at slot 0, in a memory of 1e-6
(Collier & Beel 2018). The paper's copy task: 100 units, 128 slots of 20 numbers.
"""

from __future__ import annotations

import numpy as np

from evornn.formula import Node, State, function, log, maximum, roll, sigmoid, softmax, softplus
from evornn.networks.memory.controller import Controller, similarity

EMPTY = 1e-6  # what the memory begins with
TINY = 1e-20  # the least weight that is told from 0: it has a logarithm


class NeuralTuringMachine(Controller):
    """Neural Turing machine: a read and a write head that move over a memory by content and by shifts (Graves 2014).

    units: of the controller. Further options as for `Units`.
    """

    @property
    def orders(self) -> list[int]:
        """Two heads' key, beta, g, s, gamma; what to erase and to add."""
        return [self.cell, 1, 1, 3, 1] * 2 + [self.cell, self.cell]

    def state(self) -> dict[str, tuple[int, ...]]:
        """M [slots, cell]: the memory; read, write [slots]: the heads' weights."""
        return super().state() | {"M": (self.slots, self.cell), "read": (self.slots,), "write": (self.slots,)}

    def start(self, p: State) -> State:
        """Both heads at slot 0 of an empty memory."""
        first = np.where(np.arange(self.slots) == 0, 1.0, 0.0)
        return super().start(p).replace(M=np.full((self.slots, self.cell), EMPTY), read=first, write=first)

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Write, then read."""
        units, orders = self.control(p, s, x)
        erase, add = orders[10:]
        write = head(s.M, s.write, *orders[:5])
        M = s.M * (1.0 - write[:, None] * sigmoid(erase)) + write[:, None] * add
        read = head(M, s.read, *orders[5:10])
        r = M.T @ read
        return State(**units, r=r, M=M, read=read, write=write), self.answer(p, units["h"], r)


@function
def head(M: Node, w: Node, key: Node, beta: Node, gate: Node, shifts: Node, gamma: Node) -> Node:
    """A head's new weights."""
    content = softmax(softplus(beta[0]) * similarity(M, key))
    w = w + sigmoid(gate[0]) * (content - w)
    back, stay, on = softmax(shifts)
    w = back * roll(w, -1) + stay * w + on * roll(w, 1)
    return softmax((1.0 + softplus(gamma[0])) * log(maximum(w, TINY)))
