"""Forward mode on the CPU: a simulation whose parameters have tangents beside them, in the kernels of any other."""

from __future__ import annotations

from dataclasses import dataclass

from evornn.backends.base import SimulationLike
from evornn.graph.jvp import dotted
from evornn.graph.simulation_graphs import Traced, trace_tangent


@dataclass(frozen=True)
class Beside:
    """Where parameters and their tangents lie among values [P, 2 D]."""

    slices: dict[str, slice]


class Doubled:
    """A simulation as a backend sees it, with values [P, 2 D]: parameters, then their tangents. It evaluates to the
    slopes of the fitness, the fitness, and whether episodes failed: each [P, E].
    """

    def __init__(self, simulation: SimulationLike) -> None:
        self.simulation, self.task, self.early_exit = simulation, simulation.task, simulation.early_exit
        cuts, size = simulation.genome.slices, simulation.genome.dimension
        dots = {dotted(name): slice(cut.start + size, cut.stop + size) for name, cut in cuts.items()}
        self.genome = Beside(cuts | dots)

    def title(self) -> str:
        """What the kernel's text is headed by."""
        return f"Forward mode: {self.simulation.title()}"

    def graphs(self, scenario_size: int) -> Traced:
        """The graphs in forward mode."""
        return trace_tangent(self.simulation, scenario_size)
