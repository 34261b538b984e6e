"""Predicted speed of a kernel on a named GPU: the lowest of the limits that its step, counted in PTX, runs into."""

from __future__ import annotations

from dataclasses import dataclass

from evornn.bench.ptx.counts import Counts, StepCounts
from evornn.bench.ptx.gpus import WARP, Gpu, occupancy
from evornn.bench.ptx.resources import Resources, Unknown
from evornn.errors import check_range

SCHEDULERS = 4  # of an SM, each starting one instruction of a warp a clock
ASSUMED = {
    "issue": "an SM starts 4 instructions of a warp a clock",
    "fp32": "all float32 units busy",
    "fp64": "all float64 units busy",
    "integer": "64 integer, logic or comparison results a clock and SM",
    "special": "16 reciprocals, roots, functions or conversions a clock and SM",
    "cache": "loads and stores at the rate of the first-level cache, spills once a step",
    "bandwidth": "every byte of global memory, and of a stack too large for the cache, comes from the GPU's memory",
    "latency": "the warps that fit an SM each start one instruction a clock at most and wait for their results",
}


@dataclass(frozen=True)
class Prediction:
    """A prediction, not a measurement: environment steps a second of one GPU that has enough blocks to fill it.

    limits: steps a second by limit, for what every step runs; bound: the lowest of them; steps_per_second: its value;
    with_branches: the same if each branch ran in every step.
    """

    gpu: str
    steps_per_second: float
    bound: str
    with_branches: float
    limits: dict[str, float]

    @property
    def description(self) -> str:
        """In words, with what the lowest limit assumes."""
        value = f"{self.steps_per_second:.2g}"
        if self.with_branches < 0.98 * self.steps_per_second:
            value = f"{self.with_branches:.2g} (every branch taken) to {value}"
        where = f"{value} environment steps a second on {self.gpu}"
        return f"prediction, not measured: {where}, an upper bound by {self.bound} ({ASSUMED[self.bound]})"


def roofline(
    counts: StepCounts,
    gpu: Gpu,
    threads_per_block: int,
    resources: Resources | Unknown | None,
    threads_per_episode: int = 1,
) -> Prediction:
    """Predicted environment steps a second.

    `threads_per_episode`: threads that work on one step together (1 unless units are threads). Without `resources` the
    limit by latency, which needs the registers, is left out. All limits assume that neighbouring threads address
    neighbouring words, that all threads of a warp take the same way, and boost clocks.
    """
    check_range("threads per episode", threads_per_episode, 1, integer=True)
    needs = resources if isinstance(resources, Resources) else None
    warps = occupancy(gpu.cc, needs.registers, needs.shared, threads_per_block).warps if needs else 0
    sets = [
        _limits(one, counts.chain, gpu, warps, needs, threads_per_episode)
        for one in (counts.always, counts.always + counts.sometimes)
    ]
    bound = min(sets[0], key=lambda name: sets[0][name])
    return Prediction(gpu.name, sets[0][bound], bound, min(sets[1].values()), sets[0])


def _limits(
    counts: Counts, chain: float, gpu: Gpu, warps: int, needs: Resources | None, threads: int
) -> dict[str, float]:
    """Steps a second by limit; limits that a step does not touch are absent."""
    sm = gpu.architecture
    machine = counts.machine
    local, far = counts.bytes("local"), counts.bytes("global", "generic")
    if needs:
        local += needs.spill_loads + needs.spill_stores
        if warps * WARP * needs.stack > sm.cache - needs.shared:
            far += local
    clocks = {  # of an SM, per step of one thread
        "issue": counts.instructions / (SCHEDULERS * WARP),
        "fp32": machine["fp32"] / sm.fp32,
        "fp64": machine["fp64"] / sm.fp64,
        "integer": machine["integer"] / sm.integer,
        "special": machine["special"] / sm.special,
        "cache": (counts.bytes("shared", "global", "generic") + local) / sm.cache_rate,
        "latency": max(chain, counts.instructions) / (warps * WARP) if warps else 0.0,
    }
    rate = gpu.sms * gpu.clock / threads
    limits = {name: rate / needed for name, needed in clocks.items() if needed}
    if far:
        limits["bandwidth"] = gpu.bandwidth / (far * threads)
    return limits
