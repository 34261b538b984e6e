"""Run any formula through the kernels: its inputs become genes, each element of its result becomes one episode's
fitness.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.backends.cpu import CpuBackend
from evornn.backends.reference import ReferenceBackend
from evornn.compiler.host import native_lanes
from evornn.formula import State, concat, where
from evornn.formula import sum as total
from evornn.formula.state import flatten
from evornn.genome import Genome, Parameter
from evornn.simulation import Simulation

LAYOUTS = ("individuals", "episodes", "units")


class NoTask:
    """A task without data."""

    series: ClassVar[dict[str, Any]] = {}
    row_kinds: ClassVar[dict[str, str]] = {}


class Reading:
    """Looks like a Simulation: each step state = step(p, state, t), then `read(p, state, t)`; episode e gives element
    e of the last.
    """

    early_exit = False
    task = NoTask()
    series: ClassVar[dict[str, Any]] = {}
    row_kinds: ClassVar[dict[str, str]] = {}

    def __init__(
        self, shapes: dict[str, tuple[int, ...]], read: Any, start: Any = None, step: Any = None, outputs: int = 1
    ) -> None:
        self.genome = Genome({name: Parameter(shape, (-9.0, 9.0)) for name, shape in shapes.items()})
        self.parameters = dict(shapes)
        self._read, self._start, self._step, self._outputs = read, start, step, outputs

    def start(self, p: Any, scenario: Any) -> State:
        """The formula's own state, which element to give, and the result so far."""
        own = self._start(p) if self._start else State()
        return State(own=own, which=scenario[0], result=np.zeros(self._outputs), alive=np.bool_(True))

    def step(self, p: Any, carry: Any, now: Any) -> State:
        """Advance, then read."""
        own = self._step(p, carry.own, now.t) if self._step else carry.own
        return carry.replace(own=own, result=concat(self._read(p, own, now.t), 0.0)[: self._outputs])

    def silenced(self, carry: Any) -> State:
        """It does not end."""
        return carry

    def finish(self, carry: Any) -> State:
        """The wanted element; the others are not touched, so that NaN stays where it is."""
        places = np.arange(self._outputs, dtype=float)
        return State(
            fitness=total(where(carry.which == places, carry.result, 0.0)), steps=carry.which, failed=~carry.alive
        )

    def title(self) -> str:
        """A name for the kernel's text."""
        return "a formula under test"


class Probe(Simulation):
    """Adds the final state to the fitness, so that nothing goes unseen (a network's while its episode lasts)."""

    def finish(self, carry: Any) -> State:
        """Fitness plus every number that the episode carried."""
        out = super().finish(carry)
        task, net = (
            [total(x) if getattr(x, "shape", ()) else x for x in flatten(s)[0]] for s in (carry.task, carry.net)
        )
        return out.replace(fitness=out.fitness + sum(task, 0.0) + where(carry.alive, sum(net, 0.0), 0.0))


def run(
    simulation: Any,
    genomes: np.ndarray,
    outputs: int,
    steps: int,
    backend: str,
    precision: str = "float64",
    jobs: int = 1,
) -> np.ndarray:
    """Results [P, outputs] on one backend: "plain" or a layout's name."""
    scenarios = np.arange(outputs, dtype=float)[:, None]
    if backend == "plain":
        return ReferenceBackend(simulation).evaluate(genomes, scenarios, steps, seed=7)[0]
    lanes = native_lanes(precision) * jobs
    cpu = CpuBackend(simulation, precision, workers=1, layout=backend, lanes=lanes, jobs=jobs)
    try:
        return cpu.evaluate(genomes, scenarios, steps, seed=7)[0]
    finally:
        cpu.close()
