"""Liquid time-constant network with conductances as synapses (Lechner et al. 2020, "Neural circuit policies enabling
auditable autonomy"): the neurons and synapses of C. elegans, the LTC of the authors' program ncps.

    C_i dv_i/dt = g_i (l_i - v_i) + sum_j a_ij (E_ij - v_i) + the same sum over the inputs
    a_ij = w_ij s(k_ij (v_j - m_ij)),  s the logistic function
    y = g(V v + c)

A synapse opens as the neuron before it passes m, and then pulls the neuron after it to E. The fused solver, half
implicit, holds a for a step of dt and is stable for any dt; `substeps` of these make a control step:

    v_i' = (C_i/dt v_i + g_i l_i + sum_j a_ij E_ij) / (C_i/dt + g_i + sum_j a_ij)

Ranges are those from which ncps draws its first values, but E lies between its two values, -1 and 1.
"""

from __future__ import annotations

import math
from typing import ClassVar

from evornn.formula import Node, State, repeat, sigmoid, sum
from evornn.genome import Parameter
from evornn.networks.units import Shapes, Units
from evornn.options import number, whole


class SynapticLTC(Units):
    """Liquid time-constant network whose synapses are conductances with reversal potentials (Lechner et al. 2020).

    Further options as for `Units`; they concern the readout.
    """

    dt: float = number("integration step", default=1 / 6, low=0, open_low=True)
    substeps: int = whole("integration steps per control step", default=6, low=1, high=10_000)
    RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        "w": (0.001, 1.0), "k": (3.0, 8.0), "m": (0.3, 0.8), "E": (-1.0, 1.0),
        "C": (0.4, 0.6), "g": (0.001, 1.0), "l": (-0.2, 0.2),
    }  # fmt: skip

    def shapes(self) -> Shapes:
        """wx, kx, mx, Ex [units, inputs]; w, k, m, E [units, units]; C, g, l [units]. Genes of w and g: logarithms."""
        n = self.units
        synapses: Shapes = {f"{name}x": (n, self.inputs) for name in "wkmE"} | dict.fromkeys("wkmE", (n, n))
        return synapses | dict.fromkeys("Cgl", (n,))

    def parameters(self) -> dict[str, Parameter]:
        """Each kind has its range."""
        found = super().parameters()
        for name, shape in self.shapes().items():
            low, high = self.RANGES[name[0]]
            found[name] = Parameter(shape or (), (low, high))
            if name[0] in "wg":
                found[name] = Parameter(shape or (), (math.log(low), math.log(high)), transform="exp")
        return found

    def state(self) -> dict[str, tuple[int, ...]]:
        """v [units]: the neurons' potentials, which are their outputs."""
        return {"v": (self.units,)}

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """`substeps` steps of the fused solver, x held constant."""
        a = p.wx * sigmoid(p.kx * (x - p.mx))
        capacity = p.C * (1.0 / self.dt)
        pull, total = p.g * p.l + sum(a * p.Ex, axis=1), capacity + p.g + sum(a, axis=1)
        s = repeat(self.substeps, fused, s, capacity, pull, total, p.w, p.k, p.m, p.E)
        return s, self.read(p, s.v)


def fused(s: State, capacity: Node, pull: Node, total: Node, w: Node, k: Node, m: Node, E: Node) -> State:
    """A step of the fused solver; pull and total are what inputs and leak add to numerator and denominator."""
    a = w * sigmoid(k * (s.v - m))
    return State(v=(capacity * s.v + pull + sum(a * E, axis=1)) / (total + sum(a, axis=1)))
