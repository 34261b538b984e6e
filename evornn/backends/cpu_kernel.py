"""One compiled kernel of the CPU backend, and the memory that it computes in."""

from __future__ import annotations

import numpy as np

from evornn.backends.base import Program
from evornn.compiler import layout as layouts
from evornn.compiler.memory_plan import Plan
from evornn.compiler.object_code import Entry, entry
from evornn.compiler.programs.episode import kernel_text
from evornn.compiler.specialization import Shape
from evornn.graph.simulation_graphs import Traced
from evornn.sharing import made_once


class Kernel:
    """One compiled kernel: its shape, memory plan, text and entry point."""

    entry = "simulate"

    def __init__(self, program: Program, traced: Traced, shape: Shape) -> None:
        self._take(program, *kernel_text(traced, shape, program.title(), program.early_exit))

    def _take(self, program: Program, text: str, plan: Plan, shape: Shape) -> None:
        """The text, the memory plan, and the shape with the plan's strides."""
        self.text, self.plan, self.shape = text, plan, shape
        self.starts = {name: cut.start for name, cut in program.genome.slices.items()}
        self.order = plan.weight_order(self.starts)
        self.constants, self.tables = layouts.constants_and_tables(plan, shape.precision)
        self.seconds = 0.0  # measured time of one job's step

    @made_once
    def function(self) -> Entry:
        """The compiled entry point."""
        return entry(self.text, self.entry)

    def room(self) -> tuple[int, ...]:
        """Numbers of one thread's weights and scratch."""
        shape = self.shape
        wide = shape.jobs if shape.layout == "units" else shape.lanes
        weights = self.plan.weight_size * (1 if shape.layout == "episodes" else wide)
        return weights, self.plan.scratch_size * wide


def aligned(count: int, precision: str) -> np.ndarray:
    """`count` zeros that start on a cache line."""
    size = np.dtype(precision).itemsize
    raw = np.zeros(count + 64 // size, precision)
    start = (-raw.ctypes.data % 64) // size
    return raw[start : start + count]
