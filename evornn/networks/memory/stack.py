"""Neural stack and queue: a memory that is pushed and popped by degrees (Das, Giles & Sun 1992; Grefenstette et al.
2015).

    popped    s_i = max(0, s_i - max(0, u - sum of s_j above i))           then (v, d) is pushed: s_0 = d, V_0 = v
    read      r = sum_i min(s_i, max(0, 1 - sum of s_j above i)) V_i       strengths s, values V; u: pop, d: push

Row 0 is the newest. Above a row of a stack are the newer ones, of a queue the older ones. With d and u of 0 and 1 it is
a stack or queue of symbols; the neural network pushdown automaton of 1992 has one with values that are symbols. What
is pushed beyond `slots` pushes falls out at the other end.
"""

from __future__ import annotations

from evornn.formula import Node, State, concat, cumsum, maximum, minimum, reshape, sigmoid, tanh
from evornn.networks.memory.controller import Controller
from evornn.options import choice

KINDS = ("stack", "queue")


class NeuralStack(Controller):
    """Neural stack or queue: pushes and pops by degrees, so that it can be learned (Das 1992; Grefenstette 2015).

    units: of the controller. slots: pushes that are remembered; every step pushes, if by next to nothing, so as many
    as an episode has steps forget nothing. Further options as for `Units`.
    """

    kind: str = choice("which end is popped and read", KINDS, default="stack")

    @property
    def orders(self) -> list[int]:
        """Pop, push, and the value to push."""
        return [1, 1, self.cell]

    def state(self) -> dict[str, tuple[int, ...]]:
        """s [slots]: strengths; V [slots cell]: values, row after row."""
        return super().state() | {"s": (self.slots,), "V": (self.slots * self.cell,)}

    def above(self, s: Node) -> Node:
        """The sum of the strengths above each row."""
        so_far = cumsum(s)
        return so_far - s if self.kind == "stack" else so_far[-1] - so_far

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Pop, push, read."""
        units, (pop, push, value) = self.control(p, s, x)
        left = maximum(s.s - maximum(sigmoid(pop[0]) - self.above(s.s), 0.0), 0.0)
        strength = concat(sigmoid(push), left)[: self.slots]
        V = concat(tanh(value), s.V)[: self.slots * self.cell]
        r = reshape(V, (self.slots, self.cell)).T @ minimum(strength, maximum(1.0 - self.above(strength), 0.0))
        return State(**units, r=r, s=strength, V=V), self.answer(p, units["h"], r)
