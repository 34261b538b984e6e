"""Liquid state machine (Maass, Natschlaeger & Markram 2002): a drawn column of spiking neurons, and a readout.

    e' = e exp(-dt / 3) + W_e z + B x          i' = i exp(-dt / 6) + W_i z          synaptic currents, nA
    v' = u + (v - u) exp(-dt / 30), u = R (I + e' + i') - 13.5 mV, R = 1 MOhm       leaky integration, exact for dt, mV
    z' = 1 where v' > 1.5 mV: a spike; then v' = 0, held for 3 ms (inhibitory neurons: 2 ms)
    q' = q exp(-dt / 30) + z'                  y = g(V q' + c)                      the liquid's state, its readout

Times in ms. Potentials v count from the reset potential, 13.5 mV; the paper's threshold is 15 mV. W_e, W_i, B are drawn
from `seed` and fixed (`wiring`), the genome is the readout. Of the paper's synapses, the delays of 0.8 to 1.5 ms are
left out, a spike arrives at the next step, and so is their depression, for which they are weaker here (`strength`): a
liquid at full strength without it fires 100 times a second and forgets its input.
"""

from __future__ import annotations

import math

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import Node, State, repeat, where
from evornn.networks.spiking.wiring import wiring
from evornn.networks.units import UNITS, WIDEST, Shapes, Units
from evornn.options import number, whole

MEMBRANE, EXCITATORY, INHIBITORY = 30.0, 3.0, 6.0  # time constants, ms
RESET, THRESHOLD = 13.5, 1.5  # mV; the threshold from the reset potential
REFRACTORY = np.array([3.0, 2.0])  # ms, of excitatory and inhibitory neurons


class LiquidState(Units):
    """Liquid state machine: spiking neurons wired by distance; the genome is their readout (Maass et al. 2002).

    units: neurons; the paper's column has 135. bias: of the readout. Further options as for `Units`.
    """

    units = 27
    side: int = whole("the column is side x side neurons wide", default=3, low=1, high=1000)
    reach: float = number("lambda: how far connections go", default=2.0, low=0, high=1e3, open_low=True)
    dt: float = number("integration step, ms", default=1.0, low=0, high=3, open_low=True)
    substeps: int = whole("integration steps per control step", default=1, low=1, high=10_000)
    current: float = number("background current of all neurons, nA", default=13.5, low=-WIDEST, high=WIDEST)
    strength: float = number("of the liquid's synapses, times the paper's", default=0.2, low=0, high=WIDEST)
    input_scaling: float = number("input weights are uniform in +- this, nA", default=18.0, low=0, high=WIDEST)
    input_density: float = number("share of neurons that see an input", default=0.3, low=0, high=1)
    seed: int = whole("of wiring and input weights", default=0, low=0)
    readout = "linear"

    def derive(self) -> None:
        """Refuse a network without a readout: it would have nothing to search."""
        if self.readout == UNITS:
            raise EvornnError("readout is 'units'; a liquid is searched through its readout: 'linear', 'tanh'")

    def check(self) -> None:
        """Draw what is fixed."""
        super().check()
        self._inhibitory, self._excitation, self._inhibition = wiring(
            self.units, self.side, float(self.reach), self.seed
        )
        rng = np.random.default_rng([self.seed, 1])
        weights = rng.uniform(-1.0, 1.0, (self.inputs, self.units)) * self.input_scaling
        self._input = (weights * (rng.random(weights.shape) < self.input_density)).T
        self._first = np.random.default_rng([self.seed, 2]).uniform(0.0, THRESHOLD, self.units)

    def shapes(self) -> Shapes:
        """The liquid is fixed."""
        return {}

    def state(self) -> dict[str, tuple[int, ...]]:
        """[units] each. v: potentials; e, i: synaptic currents; z: spikes; q: their traces; held: ms for which v is."""
        return dict.fromkeys(("v", "e", "i", "z", "q", "held"), (self.units,))

    def start(self, p: State) -> State:
        """Potentials drawn between reset and threshold."""
        return super().start(p).replace(v=self._first)

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """`substeps` steps of dt, with the same input."""
        s = repeat(self.substeps, self.spike, s, self._input @ x)
        return s, self.read(p, s.q)

    def spike(self, s: State, drive: Node) -> State:
        """One step of dt."""
        dt = self.dt
        e = s.e * math.exp(-dt / EXCITATORY) + self.strength * (self._excitation @ s.z) + drive
        i = s.i * math.exp(-dt / INHIBITORY) + self.strength * (self._inhibition @ s.z)
        u = self.current - RESET + e + i
        v = where(s.held > 0.5 * dt, 0.0, u + (s.v - u) * math.exp(-dt / MEMBRANE))
        fires = v > THRESHOLD
        z = where(fires, 1.0, 0.0)
        held = where(fires, REFRACTORY[self._inhibitory], s.held - dt)
        return State(v=where(fires, 0.0, v), e=e, i=i, z=z, q=s.q * math.exp(-dt / MEMBRANE) + z, held=held)
