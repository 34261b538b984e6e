"""Gradients on the CPU: the kernels of `gradient_text`, run by the backend's threads.

The layout depends on the number of episodes alone, and sums over episodes are cut the same way for any number of
threads, so a member's gradient depends neither on threads nor on who else is in the batch.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evornn.backends.base import SimulationLike
from evornn.backends.cpu_kernel import Kernel
from evornn.compiler import layout as layouts
from evornn.compiler.emit.values import LayoutUnsupported
from evornn.compiler.host import native_lanes
from evornn.compiler.programs.backprop import gradient_text
from evornn.compiler.specialization import Shape
from evornn.formula.trace import reachable
from evornn.graph.simulation_graphs import TracedGradient, trace_gradient
from evornn.sharing import MAKING

if TYPE_CHECKING:
    from evornn.backends.cpu import CpuBackend

PARTS = 8  # most pieces into which the episodes of one individual are cut for threads


class GradientKernel(Kernel):
    """A compiled kernel that evaluates and differentiates."""

    entry = "differentiate"

    def __init__(self, simulation: SimulationLike, traced: TracedGradient, shape: Shape) -> None:
        parameters, title = simulation.parameters, simulation.title()
        text, self.sizes, shape = gradient_text(traced, shape, parameters, title, simulation.early_exit)
        self._take(simulation, text, self.sizes.plan, shape)
        self.genes = self.plan.gradients.order(self.starts).astype(np.int64)

    def segment(self, steps: int, megabytes: float) -> int:
        """How many steps a segment has: all of them, if one thread's share of memory allows."""
        row = max(self.sizes.tape, 1) * self.shape.lanes * np.dtype(self.shape.precision).itemsize
        fitting = int(megabytes * 2**20 / row)
        return min(steps, max(fitting, math.isqrt(steps) + 1))

    def room_for(self, steps: int, segment: int) -> tuple[int, ...]:
        """Numbers of one thread's weights, scratch, gradients, tape and checkpoints."""
        segments = -(-steps // segment)
        sizes = (len(self.genes), segment * self.sizes.tape, (segments + 1) * self.sizes.checkpoints)
        return (*self.room(), *(max(n, 1) * self.shape.lanes for n in sizes))


class Gradients:
    """What a `CpuBackend` differentiates with."""

    def __init__(self, backend: CpuBackend) -> None:
        self.backend, self.simulation = backend, backend.simulation
        self._traced: TracedGradient | None = None
        self._kernels: dict[str, GradientKernel] = {}

    def kernel(self, episodes: int, scenario_size: int, scattered: bool = False) -> GradientKernel:
        """The kernel for so many episodes; scattered: their numbers do not simply count up."""
        if self._traced is None:
            with MAKING:
                self._traced = self._traced or trace_gradient(self.simulation, scenario_size)
        backend, native = self.backend, native_lanes(self.backend.precision)
        layout = backend.forced[0] or ("episodes" if episodes >= native else "individuals")
        if scattered and layout == "episodes" and _has_noise(self._traced):
            layout = "individuals"  # noise is keyed by the episode's number: there lanes hold consecutive ones
        if layout not in self._kernels:
            with MAKING:
                if layout not in self._kernels:
                    self._kernels[layout] = self._made(layout, self._traced)
        return self._kernels[layout]

    def _made(self, layout: str, traced: TracedGradient) -> GradientKernel:
        """The kernel of a layout; that of individuals where it lacks an operation."""
        backend = self.backend
        shape = Shape(backend.precision, backend.forced[1] or native_lanes(backend.precision), layout)
        try:
            return GradientKernel(self.simulation, traced, shape)
        except LayoutUnsupported:
            if backend.forced[0]:
                raise
            return GradientKernel(self.simulation, traced, replace(shape, layout="individuals"))

    @property
    def share(self) -> float:
        """MB that one thread may store states in."""
        return self.backend.gradient_memory / self.backend.workers

    def planned(
        self, population: int, scenarios: np.ndarray, steps: int
    ) -> tuple[GradientKernel, tuple[int, ...], int]:
        """The kernel for a batch, numbers of one thread's memory, and bytes of the batch's gradients."""
        kernel = self.kernel(len(scenarios), scenarios.shape[1])
        room = kernel.room_for(steps, kernel.segment(steps, self.share))
        size, dimension = np.dtype(self.backend.precision).itemsize, self.simulation.genome.dimension
        return kernel, room, (self._parts(len(scenarios), kernel.shape) * size + 3 * 8) * population * dimension

    @staticmethod
    def _parts(episodes: int, shape: Shape) -> int:
        """Pieces into which the episodes of one individual are cut."""
        return min(layouts.groups_of(episodes, shape), PARTS) if shape.layout == "episodes" else 1

    def __call__(
        self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int, episodes: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """See `CpuBackend.gradient`."""
        count = len(scenarios)
        numbers = np.arange(count) if episodes is None else np.asarray(episodes, dtype=np.int64)
        kernel = self.kernel(count, scenarios.shape[1], not np.array_equal(numbers, np.arange(count)))
        shape, population = kernel.shape, len(values)
        segment = kernel.segment(steps, self.share)
        values = np.require(values, np.float64, ["C", "A"])
        groups, blocks = layouts.groups_of(count, shape), layouts.blocks_of(population, shape)
        parts = self._parts(count, shape)
        seeds = np.zeros(groups * shape.lanes, shape.precision)
        seeds[:count] = 1
        out = np.zeros((blocks * groups, 3 * shape.lanes), shape.precision)
        slopes = np.zeros((parts, population, values.shape[1]), shape.precision)
        fixed = (
            values,
            kernel.order,
            kernel.constants,
            kernel.tables,
            layouts.arrange_episodes(scenarios, shape),
            seeds,
            numbers,
            *self.backend.data(shape, episodes),
            steps,
            seed,
            groups,
            parts,
            segment,
            kernel.genes,
        )
        room = kernel.room_for(steps, segment)
        self.backend.run(kernel, room, fixed, (out, slopes), blocks * parts, steps)
        fitness, taken, failed = layouts.collect(out, population, count, shape).astype(np.float64)
        return fitness, taken, failed > 0, slopes.sum(axis=0, dtype=np.float64)


def _has_noise(traced: TracedGradient) -> bool:
    return any(n.op == "random" for n in reachable(traced.forward.step.outputs))
