"""One compiled kernel of the CPU backend, and the memory that it computes in."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.compiler import layout as layouts
from evornn.compiler.memory_plan import Plan
from evornn.compiler.programs.episode import kernel_text
from evornn.compiler.specialization import Shape
from evornn.sharing import made_once


class Kernel:
    """One compiled kernel: its shape, memory plan, text and entry point."""

    entry = "simulate"

    def __init__(self, simulation: Any, traced: Any, shape: Shape) -> None:
        self.text, self.plan, self.shape = self._write(simulation, traced, shape)
        self.starts = {name: cut.start for name, cut in simulation.genome.slices.items()}
        self.order = self.plan.weight_order(self.starts)
        self.constants, self.tables = layouts.constants_and_tables(self.plan, shape.precision)
        self.seconds = 0.0  # measured time of one job's step

    def _write(self, simulation: Any, traced: Any, shape: Shape) -> tuple[str, Plan, Shape]:
        """The text, the memory plan, and the shape with the plan's strides."""
        return kernel_text(traced, shape, simulation.title(), simulation.early_exit)

    @made_once
    def loaded(self) -> Any:
        """The module, held as long as its code may be called."""
        from evornn.compiler.module_cache import load

        return load(self.text)

    @made_once
    def function(self) -> Any:
        """The compiled entry point."""
        return getattr(self.loaded, self.entry)

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
