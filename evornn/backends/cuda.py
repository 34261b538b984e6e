"""The CUDA backend: the CPU's formulas, a thread a lane. Float32 results are meant to be the CPU's, bit for bit.

Genomes go up once, in chunks that fit the device's memory; while one chunk is simulated the next is copied. Sums over
episodes are taken on the device. Gradients and single steps are computed by the CPU's kernels.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import cast

import numpy as np

from evornn.backends.base import Backend, Means, Results, SimulationLike
from evornn.compiler import layout as layouts
from evornn.compiler.cuda import device as device
from evornn.compiler.cuda import layout as cuda_layout
from evornn.compiler.cuda.source import cuda_text
from evornn.compiler.cuda.types import DeviceArray, Launchable
from evornn.compiler.emit.values import LayoutUnsupported
from evornn.compiler.module_cache import load
from evornn.compiler.specialization import Shape
from evornn.errors import EvornnError
from evornn.graph.simulation_graphs import Traced, trace_simulation
from evornn.sharing import MAKING

Fetch = Callable[[device.Queue, DeviceArray, slice], None]  # takes the results [3, E, p] of some individuals


class CudaKernel:
    """One simulation in one layout: text, memory plan, and the tables that stay on the device."""

    def __init__(self, simulation: SimulationLike, traced: Traced, shape: Shape) -> None:
        self.shape = shape
        self.text, self.plan = cuda_text(traced, shape, simulation.title(), simulation.early_exit)
        starts = {name: cut.start for name, cut in simulation.genome.slices.items()}
        self.order = self.plan.weight_order(starts)
        self.constants, self.tables = layouts.constants_and_tables(self.plan, shape.precision)
        self.series = [layouts.arrange_episodes(array, shape) for array in simulation.task.series.values()]
        self.rows = max((a.shape[1] for a in simulation.task.series.values()), default=0)
        self.fixed: list[DeviceArray] = []  # on the device: order, constants, tables, series
        self._scenarios: tuple[bytes, DeviceArray] | None = None

    @property
    def function(self) -> Launchable:
        """The compiled entry point (compiled on its first launch)."""
        return cast(Launchable, load(self.text).simulate)

    def upload(self, queue: device.Queue) -> None:
        """Put what never changes on the device."""
        if not self.fixed:
            self.fixed = [queue.upload(a) for a in (self.order, self.constants, self.tables, *self.series)]

    def scenarios(self, table: np.ndarray, queue: device.Queue) -> DeviceArray:
        """Scenarios [E, k] on the device; the same ones stay there."""
        key = table.tobytes()
        if self._scenarios is None or key != self._scenarios[0]:
            self._scenarios = (key, queue.upload(layouts.arrange_episodes(table, self.shape)))
        return self._scenarios[1]

    def need(self, genes: int, scenarios: np.ndarray) -> cuda_layout.Need:
        """Device memory that a batch takes."""
        size = np.dtype(self.shape.precision).itemsize
        stays = sum(a.nbytes for a in (self.order, self.constants, self.tables, *self.series)) + scenarios.size * size
        each = (genes + len(self.order) + 3 * len(scenarios) + 2) * size + 16
        scratch = 0 if self.shape.layout == "units" else self.plan.scratch_size * size
        return cuda_layout.Need(stays, each, scratch)

    def examples(self) -> list[np.ndarray | int]:
        """Arguments like those of a launch, for compiling without one."""
        some = np.zeros(1, self.shape.precision)
        arrays = [some, some, np.zeros(1, np.int64), some, *(some for _ in self.series)]
        return [*arrays, *[1] * 5, np.zeros((1, 1, 1), self.shape.precision)]


class CudaBackend(Backend):
    """Evaluates populations of one simulation on the current CUDA device.

    precision: "float32" or "float64". layout, block: force one instead of the rule in `layout` (for tests and
    benchmarks). memory: bytes that may be used (None: what is free on the device). Raises EvornnError where CUDA does
    not work; `compiling` allows a backend that only writes and compiles kernels.
    """

    name = "cuda"

    def __init__(
        self,
        simulation: SimulationLike,
        precision: str = "float32",
        layout: str | None = None,
        block: int | None = None,
        memory: int | None = None,
        compiling: bool = False,
    ) -> None:
        super().__init__(simulation, precision)
        if not compiling:
            device.check()
        self.forced, self.memory = (layout, block), memory
        self._traced: Traced | None = None
        self._kernels: dict[tuple[str, int], CudaKernel] = {}
        self._queues: list[device.Queue] = []
        self._units_possible = True
        self._process, self._lock = os.getpid(), threading.RLock()  # its arrays on the device serve one caller

    def kernel(self, individuals: int, episodes: int, scenario_size: int) -> CudaKernel:
        """The kernel for a batch of this size."""
        with MAKING:
            return self._kernel(individuals, episodes, scenario_size)

    def _kernel(self, individuals: int, episodes: int, scenario_size: int) -> CudaKernel:
        if self._traced is None:
            self._traced = trace_simulation(self.simulation, scenario_size)
            self._units_possible &= layouts.units_suit(self._traced.step)
        units = layouts.units_of(self._traced.step.outputs)
        weights = self.simulation.genome.dimension
        layout, block = cuda_layout.choose(episodes, units, weights, self._units_possible)
        if self.forced[0]:
            layout, block = self.forced[0], self.forced[1] or cuda_layout.BLOCK
        if (layout, block) not in self._kernels:
            try:
                shape = Shape(self.precision, block, layout)
                self._kernels[layout, block] = CudaKernel(self.simulation, self._traced, shape)
            except LayoutUnsupported:
                if self.forced[0]:
                    raise
                self._units_possible = False
                return self._kernel(individuals, episodes, scenario_size)
        return self._kernels[layout, block]

    def evaluate(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Results:
        """values [P, D], scenarios [E, k] -> fitness, steps, failed: each [P, E]."""
        out = np.empty((3, len(scenarios), len(values)), self.precision)

        def fetch(queue: device.Queue, results: DeviceArray, cut: slice) -> None:
            queue.download("results", results, out[:, :, cut])

        self._run(values, scenarios, steps, seed, fetch)
        fitness, taken, failed = out.transpose(0, 2, 1).astype(np.float64)
        return fitness, taken, failed > 0

    def summarise(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Means:
        """values [P, D], scenarios [E, k] -> mean fitness, all steps, whether any episode failed: each [P]."""
        sums = np.empty((2, len(values)), self.precision)
        counts = np.empty((2, len(values)), np.int64)

        def fetch(queue: device.Queue, results: DeviceArray, cut: slice) -> None:
            from evornn.compiler.cuda import transfers as transfers

            shape = (2, results.shape[2])
            totals, numbers = queue.array("sums", shape, self.precision), queue.array("counts", shape, "int64")
            queue.launch(
                transfers.summarise, -(-shape[1] // transfers.THREADS), transfers.THREADS, results, totals, numbers
            )
            queue.download("sums", totals, sums[:, cut])
            queue.download("counts", numbers, counts[:, cut])

        self._run(values, scenarios, steps, seed, fetch)
        total, lost = sums.astype(np.float64)
        with np.errstate(invalid="ignore"):
            total = np.where(np.isfinite(total), total + lost, total)  # infinities leave NaN in `lost`
        return total / len(scenarios), counts[0], counts[1] > 0

    def close(self) -> None:
        """Give back the device's memory."""
        with self._lock:
            self._queues.clear()
            self._kernels.clear()

    def _run(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int, fetch: Fetch) -> None:
        """Simulate in chunks, two at a time; `fetch(queue, results [3, E, p], slice)` takes each one's results."""
        if self._process != os.getpid() and not device.simulated():
            raise EvornnError(
                "CUDA was in use before this process was forked, which CUDA cannot follow; start processes by "
                "multiprocessing's 'spawn', or make the first evaluation in the child"
            )
        with self._lock:
            self._simulate(values, scenarios, steps, seed, fetch)

    def _simulate(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int, fetch: Fetch) -> None:
        kernel = self.kernel(len(values), len(scenarios), scenarios.shape[1])
        if not self._queues:
            self._queues = [device.Queue(), device.Queue()]
        facts = device.facts()
        kernel.upload(self._queues[0])
        starts = kernel.scenarios(scenarios, self._queues[0])
        self._queues[0].finish()
        free = facts.free if self.memory is None else self.memory
        free += sum(queue.held for queue in self._queues)
        size = cuda_layout.chunk_of(len(values), kernel.need(values.shape[1], scenarios), free, facts.processors)
        for number, first in enumerate(range(0, len(values), size)):
            queue = self._queues[number % 2]
            queue.finish()  # its buffers are free again
            cut = slice(first, min(first + size, len(values)))
            results = self._chunk(kernel, queue, values[cut], starts, len(scenarios), steps, seed, facts.processors)
            fetch(queue, results, cut)
        for queue in self._queues:
            queue.finish()

    def _chunk(
        self,
        kernel: CudaKernel,
        queue: device.Queue,
        values: np.ndarray,
        starts: DeviceArray,
        episodes: int,
        steps: int,
        seed: int,
        processors: int,
    ) -> DeviceArray:
        from evornn.compiler.cuda import transfers as transfers

        order, constants, tables, *series = kernel.fixed
        population, genes = len(values), len(kernel.order)
        genomes = queue.array("genomes", values.shape, self.precision)
        queue.refill("genomes", genomes, values)
        weights = queue.array("weights", (genes * population,), self.precision)
        blocks = min(-(-genes * population // transfers.THREADS), 32 * processors)
        by_gene = kernel.shape.layout == "individuals"
        queue.launch(transfers.arrange, blocks, transfers.THREADS, genomes, order, by_gene, weights)
        results = queue.array("results", (3, episodes, population), self.precision)
        blocks, threads = cuda_layout.launch_size(kernel.shape, population, episodes, processors)
        fixed = (weights, constants, tables, starts, *series)
        queue.launch(kernel.function, blocks, threads, *fixed, kernel.rows, steps, seed, population, episodes, results)
        return results
