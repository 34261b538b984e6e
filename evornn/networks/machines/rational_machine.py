"""A machine in the weights of a net (Siegelmann & Sontag 1995, "On the computational power of neural nets").

    h' = s(A h + B x + c), three times a step          s(z) = min(max(z, 0), 1)          y = g(V h' + d)

A, B and c are compiled from a program and fixed: rational weights and saturated-linear units compute what any Turing
machine does. A stack is a number, so it is exact for as many symbols as a number has digits: with one or two symbols 25
in float64 and 10 in float32. The genome is the readout V, d of states, stacks and their tops (`units`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import EvornnError, shown
from evornn.formula import Node, State, clip, repeat
from evornn.networks.machines.compiled import TICKS, compiled
from evornn.networks.machines.program import PROGRAMS, Program
from evornn.networks.units import UNITS, Shapes, Units
from evornn.options import fixed, other


def _program(what: str, value: Any, owner: Any) -> Any:
    if isinstance(value, Program) or (isinstance(value, str) and value in PROGRAMS):
        return value
    raise EvornnError(f"{what} is {shown(value)}; it must be one of {', '.join(map(repr, PROGRAMS))} or a Program")


class RationalMachine(Units):
    """A stack or Turing machine compiled into a net; the genome is its readout (Siegelmann & Sontag 1995).

    Input k is 1 where the program's k-th input symbol is read; inputs that it does not know it does not see. bias: of
    the readout. Further options as for `Units`.
    """

    units = fixed(1)
    program: str | Program = other(
        "what it runs", default="brackets", allowed=f"{', '.join(PROGRAMS)}, Program", check=_program
    )
    readout = "linear"

    def derive(self) -> None:
        """Compile the program."""
        if self.readout == UNITS:
            raise EvornnError("readout is 'units'; a machine is searched through its readout: 'linear', 'tanh'")
        self._net = compiled(PROGRAMS[self.program] if isinstance(self.program, str) else self.program)

    @property
    def width(self) -> int:
        """How many units are read."""
        return len(self._net.names)

    @property
    def unit_names(self) -> list[str]:
        """What the units are that are read, column by column of V."""
        return list(self._net.names)

    def check(self) -> None:
        """Inputs beyond the program's have no weights."""
        super().check()
        weights = self._net.B[:, : self.inputs]
        self._input = np.pad(weights, ((0, 0), (0, self.inputs - weights.shape[1])))

    def shapes(self) -> Shapes:
        """The machine is fixed."""
        return {}

    def state(self) -> dict[str, tuple[int, ...]]:
        """h [n]: all units."""
        return {"h": self._net.start.shape}

    def start(self, p: State) -> State:
        """In the first state, with empty stacks."""
        return State(h=self._net.start)

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """A step of the machine: look, choose a rule, change."""
        s = repeat(TICKS, self.tick, s, self._input @ x + self._net.c)
        return s, self.read(p, s.h[: self.width])

    def tick(self, s: State, drive: Node) -> State:
        """All units once."""
        return State(h=clip(self._net.A @ s.h + drive, 0.0, 1.0))
