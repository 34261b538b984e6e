"""`evornn bench --backend cuda --predict`: what the compiler makes of each workload's kernel, and a bound on its speed.

Compiled without a GPU; the rates are predictions from counted instructions (see kernels/roofline.py), not measured.
"""

from __future__ import annotations

from typing import Any

from evornn.backends.cuda import CudaBackend
from evornn.bench.cuda import workloads
from evornn.bench.ptx.counts import step_counts
from evornn.bench.ptx.gpus import Gpu, gpu, occupancy
from evornn.bench.ptx.listing import parse
from evornn.bench.ptx.resources import Resources, resources
from evornn.bench.ptx.roofline import roofline
from evornn.bench.workloads import Workload
from evornn.compiler.cuda import device as device

POPULATION = 16384
TITLE = "CUDA kernels as compiled, float32, population 16,384; speeds are predicted upper bounds, not measurements"


def predict(only: str, boards: list[str]) -> list[dict[str, Any]]:
    """One row for each workload and GPU."""
    named = [gpu(name) for name in boards]
    return [_row(w, board) for w in workloads() if only.lower() in w.name.lower() for board in named]


def _row(workload: Workload, board: Gpu) -> dict[str, Any]:
    problem = workload.problem()
    shape = (POPULATION, *problem.scenarios.shape)
    kernel = CudaBackend(problem.simulation, compiling=True).kernel(*shape)
    threads, layout = kernel.shape.lanes, kernel.shape.layout
    forms = [device.compile_for(kernel.function, kernel.examples(), board.cc, threads, f) for f in ("ptx", "ltoir")]
    needs, counts = resources(forms[0], board.cc, forms[1]), step_counts(parse(forms[0]))
    row = {"workload": workload.name, "GPU": board.name, "layout": layout}
    if isinstance(needs, Resources):
        held = occupancy(board.cc, needs.registers, needs.shared, threads)
        row |= {
            "registers": str(needs.registers),
            "spilled bytes": str(needs.spill_stores + needs.spill_loads),
            "shared bytes a block": f"{needs.shared:,}",
            "occupancy": f"{held.share:.0%}",
        }
    if counts is not None:
        episodes = len(problem.scenarios)
        found = roofline(counts, board, threads, needs, threads if layout == "units" else 1)
        busy = episodes / (-(-episodes // threads) * threads) if layout == "episodes" else 1.0  # threads with work
        low, high = (_rounded(busy * r / episodes / 1e6) for r in (found.with_branches, found.steps_per_second))
        row["million steps a second, at most"] = high if low == high else f"{low} to {high}"
        row["bound by"] = found.bound
    return row


def _rounded(value: float) -> str:
    """Two digits, with thousands."""
    return f"{float(f'{value:.2g}'):,.3g}" if value < 100 else f"{int(float(f'{value:.2g}')):,}"
