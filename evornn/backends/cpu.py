"""The CPU backend: one simulation compiled to SIMD kernels, run by threads over blocks.

Kernels release the GIL. Blocks are independent and every sum has a fixed order, so results are the same for any number
of threads, any chunking and any layout.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from evornn.backends.base import Backend, Differentiated, Program, Results, SimulationLike, Slopes
from evornn.backends.cpu_kernel import Kernel, aligned
from evornn.backends.cpu_tangent import Doubled
from evornn.backends.memory import batch_memory
from evornn.backends.threads import Threads
from evornn.compiler import layout as layouts
from evornn.compiler.emit.values import LayoutUnsupported
from evornn.compiler.host import native_lanes
from evornn.compiler.specialization import Shape
from evornn.graph.simulation_graphs import Traced, trace_simulation
from evornn.sharing import MAKING, made_once, made_so_far

if TYPE_CHECKING:
    from evornn.backends.cpu_gradient import Gradients

THREADS_FROM_SECONDS = 2e-4  # work shorter than this is not worth waking threads for
INLINE_SECONDS = 0.1  # work shorter than this runs in the calling thread: Ctrl-C waits no longer than that


class CpuBackend(Backend):
    """Evaluates populations of one simulation.

    precision: "float32" or "float64". workers: threads (None: all cores this process may use). layout, lanes, jobs:
    force one instead of the measured rule (for tests and benchmarks). gradient_memory: MB for the states that all
    threads store to go back through time; with less than they need, states are computed twice.
    """

    name = "cpu"

    def __init__(
        self,
        simulation: SimulationLike,
        precision: str = "float32",
        workers: int | None = None,
        layout: str | None = None,
        lanes: int | None = None,
        jobs: int | None = None,
        gradient_memory: float = 1024.0,
    ) -> None:
        super().__init__(simulation, precision)
        self.program: Program = simulation
        self.workers = workers or len(
            os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        )
        self.forced = (layout, lanes, jobs)
        self._traced: Traced | None = None
        self._kernels: dict[tuple[str, int, int], Kernel] = {}
        self._data: dict[tuple[bool, int], list[np.ndarray]] = {}
        self._threads = Threads(self.workers)
        self._without: set[str] = set()  # layouts that do not suit this simulation
        self.gradient_memory = gradient_memory

    @classmethod
    def why_not(cls) -> str:
        """As `Backend.why_not`."""
        if os.environ.get("NUMBA_DISABLE_JIT", "0").strip() in ("", "0"):
            return ""
        return "NUMBA_DISABLE_JIT is set, so nothing can be compiled; unset it, or use backend='plain'"

    @classmethod
    def build(
        cls, simulation: SimulationLike, precision: str, workers: int | None, gradient_memory: float
    ) -> CpuBackend:
        """As `Backend.build`."""
        return cls(simulation, precision, workers, gradient_memory=gradient_memory)

    def _trace(self, scenario_size: int) -> Traced:
        if self._traced is None:
            with MAKING:
                traced = self._traced or self._graphs(scenario_size)
                self._units = layouts.widest_product(traced.step.outputs)
                self._without |= set() if layouts.units_suit(traced.step) else {"units"}
                self._traced = traced
        return self._traced

    def _graphs(self, scenario_size: int) -> Traced:
        return trace_simulation(self.simulation, scenario_size)

    def kernel(self, individuals: int, episodes: int, scenario_size: int) -> Kernel:
        """The kernel for a batch of this size (compiled on its first call)."""
        traced = self._trace(scenario_size)
        native = native_lanes(self.precision)
        layout, lanes, jobs = layouts.choose(individuals, episodes, self._units, native, self._without)
        if self.forced[0]:
            layout, lanes, jobs = self.forced[0], self.forced[1] or native, self.forced[2] or 1
        key = (layout, lanes, jobs)
        if key not in self._kernels:
            try:
                with MAKING:
                    if key not in self._kernels:
                        self._kernels[key] = Kernel(self.program, traced, Shape(self.precision, lanes, layout, jobs))
            except LayoutUnsupported:
                if self.forced[0]:
                    raise
                self._without.add(layout)
                return self.kernel(individuals, episodes, scenario_size)
        return self._kernels[key]

    def evaluate(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Results:
        """values [P, D], scenarios [E, k] -> fitness, steps, failed: each [P, E]."""
        kernel = self.kernel(len(values), len(scenarios), scenarios.shape[1])
        shape = kernel.shape
        values = np.require(values, np.float64, ["C", "A"])
        groups = layouts.groups_of(len(scenarios), shape)
        jobs = layouts.blocks_of(len(values), shape) * groups
        out = np.zeros((jobs, 3 * shape.lanes), shape.precision)
        fixed = (
            values,
            kernel.order,
            kernel.constants,
            kernel.tables,
            layouts.arrange_episodes(scenarios, shape),
            *self.data(shape),
            steps,
            seed,
            groups,
        )
        self.run(kernel, kernel.room(), fixed, (out,), jobs, steps)
        fitness, taken, failed = layouts.collect(out, len(values), len(scenarios), shape).astype(np.float64)
        return fitness, taken, failed > 0

    def gradient(
        self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0, episodes: np.ndarray | None = None
    ) -> Differentiated:
        """values [P, D], scenarios [E, k] -> fitness, steps, failed: each [P, E]; d fitness / d values [P, D], summed
        over episodes. episodes [E]: their numbers among the task's, if not all.
        """
        return self.differentiator(values, scenarios, steps, seed, episodes)

    @made_once
    def differentiator(self) -> Gradients:
        """What takes gradients."""
        from evornn.backends.cpu_gradient import Gradients

        return Gradients(self)

    def tangent(self, values: np.ndarray, dots: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Slopes:
        """values [P, D] and directions [P, D], scenarios [E, k] -> fitness and its slopes along them: each [P, E]."""
        slopes, fitness, _ = self.tangents.evaluate(np.hstack((values, dots)), scenarios, steps, seed)
        return fitness, slopes

    @made_once
    def tangents(self) -> CpuBackend:
        """What takes tangents."""
        return Tangents(self.simulation, self.precision, self.workers, *self.forced)

    def data(self, shape: Shape, episodes: np.ndarray | None = None) -> tuple[np.ndarray | int, ...]:
        """The task's data rows as a kernel takes them, then their number of steps; of all episodes, or of these."""
        series = list(self.simulation.task.series.values())
        length = series[0].shape[1] if series else 0
        if episodes is not None:
            return *(layouts.arrange_episodes(array[episodes], shape) for array in series), length
        key = (shape.layout == "episodes", shape.lanes)  # what the arrangement depends on
        if key not in self._data:  # by two threads at once: the same twice
            self._data[key] = [layouts.arrange_episodes(array, shape) for array in series]
        return *self._data[key], length

    def batch_memory(self, individuals: int, scenarios: np.ndarray, steps: int, gradients: bool = False) -> int:
        """As `Backend.batch_memory`."""
        return batch_memory(self, individuals, scenarios, steps, gradients)

    def run(
        self,
        kernel: Kernel,
        room: tuple[int, ...],
        fixed: tuple[np.ndarray | int, ...],
        out: tuple[np.ndarray, ...],
        jobs: int,
        steps: int,
    ) -> None:
        """Run `jobs` jobs of a kernel, in threads if that is worth it, each with memory for `room` numbers."""
        stop = np.zeros(1, np.int64)

        def work(spans: Iterable[tuple[int, int]]) -> None:
            memory = tuple(aligned(count, kernel.shape.precision) for count in room)
            for first, last in spans:
                kernel.function(*fixed, first, last, *out, *memory, stop)

        if not kernel.seconds:
            with MAKING:
                work([(0, 0)])  # compiles, here and once
        began = time.perf_counter()
        expected = kernel.seconds * jobs * steps
        threads = min(self.workers, jobs)
        if kernel.seconds and expected < (INLINE_SECONDS if threads == 1 else THREADS_FROM_SECONDS):
            threads = 1
            work([(0, jobs)])
        else:
            self._threads.share(work, jobs, threads, stop)
        spent = (time.perf_counter() - began) * threads / (jobs * max(steps, 1))
        kernel.seconds = spent if not kernel.seconds else 0.5 * (kernel.seconds + spent)

    def close(self) -> None:
        """Stop the threads."""
        for one in (made_so_far(self, "tangents"), self._threads):
            if one is not None:
                one.close()


class Tangents(CpuBackend):
    """Forward mode: the same for values [P, 2 D], parameters and then their tangents, see `Doubled`."""

    def __init__(
        self,
        simulation: SimulationLike,
        precision: str,
        workers: int,
        layout: str | None,
        lanes: int | None,
        jobs: int | None,
    ) -> None:
        super().__init__(simulation, precision, workers, layout, lanes, jobs)
        self.program = self._doubled = Doubled(simulation)

    def _graphs(self, scenario_size: int) -> Traced:
        return self._doubled.graphs(scenario_size)
