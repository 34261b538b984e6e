"""The controller of a memory: units that see the inputs and what was read last, and say what the memory is to do.

feedforward   h' = tanh(W x + R r + b)
LSTM          i, f, g, o = W x + R r + U h + b,   c' = s(f) c + s(i) tanh(g),   h' = s(o) tanh(c')
orders = K h' + k                 y = readout of [h'; r'], r' being what is read now
"""

from __future__ import annotations

import numpy as np

from evornn.formula import Node, State, concat, sigmoid, split, tanh
from evornn.formula import sum as total
from evornn.memory import check_memory
from evornn.networks.base import by_rows
from evornn.networks.units import UNITS, Shapes, Units, units_read
from evornn.options import choice, whole

COPIES = 8  # of the memory, and of what is known of each pair of slots, in a step
CONTROLLERS = {"feedforward": 1, "LSTM": 4}  # gates a unit


class Controller(Units):
    """Base of networks with a memory. A subclass gives `orders`, the numbers that it takes from the units, the `state`
    of its memory, and `step`.
    """

    controller: str = choice("units that drive the memory", CONTROLLERS, default="LSTM")
    slots: int = whole("rows of the memory", default=6, low=1)
    cell: int = whole("numbers in a row", default=3, low=1)
    readout = "linear"

    def check(self) -> None:
        """Refuse memories that the machine has no memory for."""
        super().check()
        slots, numbers = self.slots, self.slots * self.cell
        check_memory(f"a memory of {slots:,} slots", COPIES * 8 * (slots**2 + numbers), "fewer slots need less")

    @property
    def orders(self) -> list[int]:
        """How many numbers each order to the memory has."""
        return []

    def shapes(self) -> Shapes:
        """W [gates units, inputs], R [gates units, cell], U [gates units, units] (LSTM), b [gates units]; K [orders,
        units], k [orders].
        """
        n, m, orders = self.units, self.units * CONTROLLERS[self.controller], int(np.sum(self.orders))
        recurrent = {"U": (m, n) if m > n else None}
        units: Shapes = {"W": (m, self.inputs), "R": (m, self.cell), **recurrent, "b": self.biases(m)}
        return units | {"K": (orders, n), "k": self.biases(orders)}

    def readout_shapes(self, width: int) -> Shapes:
        """V [outputs, units + cell], c [outputs]."""
        return super().readout_shapes(width + self.cell)

    def neurons(self) -> dict[str, np.ndarray]:
        """A unit has its gates and what is read of it: columns of K and V. Biases of orders are shared."""
        n, own = self.units, super().neurons()
        parts = {name: by_rows(u.shape, n) for name, u in own.items() if name in ("W", "R", "U", "b")}
        return own | parts | {name: units_read(own[name].shape) for name in ("K", "k") if name in own}

    def control(self, p: State, s: State, x: Node) -> tuple[dict[str, Node], list[Node]]:
        """The units' new state, and their orders."""
        z = p.W @ x + p.R @ s.r + p.b
        if self.controller == "feedforward":
            after: dict[str, Node] = {"h": tanh(z)}
        else:
            i, f, g, o = split(z + p.U @ s.h, 4)
            c = sigmoid(f) * s.c + sigmoid(i) * tanh(g)
            after = {"h": sigmoid(o) * tanh(c), "c": c}
        return after, split(p.K @ after["h"] + p.k, self.orders)

    def state(self) -> dict[str, tuple[int, ...]]:
        """h, c [units]: the units; r [cell]: what was read."""
        shapes: dict[str, tuple[int, ...]] = {"h": (self.units,), "c": (self.units,), "r": (self.cell,)}
        return {name: shape for name, shape in shapes.items() if name != "c" or self.controller == "LSTM"}

    def answer(self, p: State, h: Node, r: Node) -> Node:
        """Outputs from the units and what was read."""
        return self.read(p, h if self.readout == UNITS else concat(h, r))


def similarity(M: Node, key: Node) -> Node:
    """Cosine of the angle between each row of M and the key; near 0 where one of them is nearly 0."""
    return M @ key / ((total(M * M, axis=1) + 1e-8) ** 0.5 * (key @ key + 1e-8) ** 0.5)
