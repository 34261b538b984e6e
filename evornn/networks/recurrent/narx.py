"""NARX network (Lin, Horne, Tino & Giles 1996; Siegelmann, Horne & Giles 1997): a layer that sees delayed inputs and
the network's own delayed outputs, fed back.

    h(t) = f(sum_k W_k x(t-k) + sum_m U_m y(t-m) + b)     k = 0..input_delays, m = 1..output_delays
    y(t) = g(V h(t) + c)

The name: nonlinear autoregressive model with exogenous inputs. Delays before the first step read 0. A gradient jumps
back over `output_delays` steps at once, which is why long-term dependencies are learned better than by Elman's
network.
"""

from __future__ import annotations

from evornn.formula import Node, State, concat
from evornn.networks.base import ACTIVATIONS, activation
from evornn.networks.units import Shapes, Units
from evornn.options import choice, whole


class NARX(Units):
    """NARX network: a hidden layer sees delayed inputs and the outputs' own delayed values (Lin et al. 1996).

    units: hidden units. readout: g. Further options as for `Units`.
    """

    input_delays: int = whole("earlier inputs that are seen besides the present ones", default=2, low=0, high=100_000)
    output_delays: int = whole("earlier outputs that are fed back", default=3, low=1, high=100_000)
    activation: str = choice("f, of the hidden units", ACTIVATIONS, default="tanh")

    def shapes(self) -> Shapes:
        """W [units, (1 + input_delays) inputs], U [units, output_delays outputs], latest first; b [units]."""
        n = self.units
        seen, fed = (1 + self.input_delays) * self.inputs, self.output_delays * self.outputs
        return {"W": (n, seen), "U": (n, fed), "b": self.biases(n)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """X [input_delays inputs], if there are any, and Y [output_delays outputs]: what was, latest first."""
        shapes: dict[str, tuple[int, ...]] = {"X": (self.input_delays * self.inputs,)} if self.input_delays else {}
        return shapes | {"Y": (self.output_delays * self.outputs,)}

    def forced(self, s: State, y: Node, wanted: Node) -> State:
        """The wanted outputs in the line: trained so, a NARX network is open (Narendra & Parthasarathy 1990)."""
        return s.replace(Y=concat(wanted, s.Y[self.outputs :]) if self.output_delays > 1 else wanted)

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """Outputs from the two delay lines, which then move on."""
        line = concat(x, s.X) if self.input_delays else x  # moving it is cheap; a ring buffer's index is not
        h = activation(self.activation)(p.W @ line + p.U @ s.Y + p.b)
        y = self.read(p, h)
        Y = concat(y, s.Y)[: self.output_delays * self.outputs]
        return State(X=line[: -self.inputs], Y=Y) if self.input_delays else State(Y=Y), y
