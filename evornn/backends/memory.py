"""The memory that a batch takes on the CPU, predicted from the kernel's plan before it is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evornn.compiler import layout as layouts

if TYPE_CHECKING:
    from evornn.backends.cpu import CpuBackend
    from evornn.backends.cpu_kernel import Kernel

ALWAYS = 16 * 1024  # small things


def batch_memory(backend: CpuBackend, individuals: int, scenarios: np.ndarray, steps: int, gradients: bool) -> int:
    """Bytes for P individuals in scenarios [E, k] on a `CpuBackend`: results, the room of each thread, scenarios and
    data as kernels read them.
    """
    episodes, size = len(scenarios), np.dtype(backend.precision).itemsize
    kernel: Kernel
    if gradients:
        kernel, room, slopes = backend.differentiator.planned(individuals, scenarios, steps)
    else:
        kernel, slopes = backend.kernel(individuals, episodes, scenarios.shape[1]), 0
        room = kernel.room()
    shape = kernel.shape
    groups = layouts.groups_of(episodes, shape)
    jobs = layouts.blocks_of(individuals, shape) * groups
    results = 2 * 3 * size * jobs * shape.lanes  # as computed, and collected
    results += (3 * 8 + 2) * individuals * episodes + 64 * individuals  # as told, and summed over episodes
    rooms = size * sum(room) * min(backend.workers, jobs)
    rows = [size * array.size for array in (scenarios, *backend.simulation.task.series.values())]
    wider = groups * shape.lanes / episodes if shape.layout == "episodes" else 1.0  # with idle lanes
    arranged = int(wider * (sum(rows) + 3 * max(rows)))  # three copies on the way
    tables = kernel.order.nbytes + kernel.constants.nbytes + kernel.tables.nbytes
    return ALWAYS + results + rooms + arranged + slopes + tables
