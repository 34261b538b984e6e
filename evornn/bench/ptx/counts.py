"""What one step of a kernel does, counted in its PTX: operations by kind, estimated machine instructions by unit, bytes
moved, and the longest chain of results that wait for each other.

One PTX operation can become several machine instructions. The numbers in `TABLE` are estimates: each operation was
assembled 8 and 24 times in a row by ptxas 13.5 for 7.5, 8.0 and 9.0, and the difference counted by name in nvdisasm's
listing (quotients and roots: their fast path, with the branch around the call of the slow one).
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass, field

from evornn.bench.ptx.listing import Block, Function, Instruction, Listing
from evornn.bench.ptx.loops import Flow, Loop

UNITS = ("fp32", "fp64", "integer", "special", "memory", "control")
TABLE: list[tuple[str, str, dict[str, int]]] = [
    # operation, kind, machine instructions by unit
    (r"(mov|cvta)\..*|ld\.(param|const)\..*|st\.param\..*|(abs|neg)\.f.*", "moves and signs", {}),
    (r"(fma|mad)\..*f32x2", "fused multiply-adds", {"fp32": 2}),
    (r"(fma|mad)\..*f32", "fused multiply-adds", {"fp32": 1}),
    (r"(fma|mad)\..*f64", "fused multiply-adds", {"fp64": 1}),
    (r"(add|sub)\..*f32x2", "sums", {"fp32": 2}),
    (r"(add|sub)\..*f32", "sums", {"fp32": 1}),
    (r"(add|sub)\..*f64", "sums", {"fp64": 1}),
    (r"mul\..*f32x2", "products", {"fp32": 2}),
    (r"mul\..*f32", "products", {"fp32": 1}),
    (r"mul\..*f64", "products", {"fp64": 1}),
    (r"div\.r[nzmp]\..*f32", "quotients", {"fp32": 5, "special": 2, "control": 3}),
    (r"rcp\.r[nzmp]\..*f32", "quotients", {"fp32": 3, "special": 1, "integer": 3, "control": 3}),
    (r"div\.(approx|full)\..*f32", "quotients", {"fp32": 3, "special": 1, "integer": 2}),
    (r"div\..*f64", "quotients", {"fp64": 8, "fp32": 1, "special": 1, "integer": 3, "control": 3}),
    (r"rcp\..*f64", "quotients", {"fp64": 5, "special": 1, "integer": 4, "control": 3}),
    (r"sqrt\.r[nzmp]\..*f32", "square roots", {"fp32": 4, "special": 1, "integer": 2, "control": 3}),
    (r"sqrt\..*f64", "square roots", {"fp64": 8, "special": 1, "integer": 5, "control": 3}),
    (r"(ex2|tanh|sin|cos|rcp|rsqrt|lg2|sqrt)\.approx\.ftz\..*", "approximate functions", {"special": 1}),
    (r"(ex2|tanh)\.approx\..*", "approximate functions", {"special": 1}),
    (r"(sin|cos)\.approx\..*", "approximate functions", {"special": 1, "fp32": 1}),
    (r"(rcp|rsqrt|lg2|sqrt)\.approx\..*", "approximate functions", {"special": 1, "fp32": 2, "integer": 1}),
    (r"setp?\..*f64", "comparisons and choices", {"fp64": 1}),
    (r"(min|max)\..*f64", "comparisons and choices", {"fp64": 1, "integer": 7}),
    (r"(min|max)\.[us]64", "comparisons and choices", {"integer": 4}),
    (r"(setp?|selp|slct)\..*[subf]64", "comparisons and choices", {"integer": 2}),
    (r"(setp?|selp|slct|min|max|testp|copysign)\..*", "comparisons and choices", {"integer": 1}),
    (r"cvt\..*f(16|32|64)\..*|cvt\..*\.f(16|32|64)", "conversions", {"special": 1}),
    (r"cvt\.s64\..*", "conversions", {"integer": 1}),
    (r"cvt\..*", "moves and signs", {}),
    (r"(div|rem)\.[us]64", "whole numbers", {"integer": 70, "special": 2}),
    (r"div\.s32|rem\.s32", "whole numbers", {"integer": 20, "special": 3}),
    (r"(div|rem)\.[us](16|32)", "whole numbers", {"integer": 15, "special": 3}),
    (r"(mul|mad)\.hi\.[us]64", "whole numbers", {"integer": 7}),
    (r"(mul|mad)\.lo\.[us]64", "whole numbers", {"integer": 4}),
    (r"(mul|mad)\..*", "whole numbers", {"integer": 1}),
    (r"(popc|clz|bfind|brev)\..*", "whole numbers", {"special": 1}),
    (r"(add|sub|and|or|xor|not|shl|shr|neg|abs|bfe|bfi)\..*64", "whole numbers", {"integer": 2}),
    (
        r"(add|sub|addc|subc|and|or|xor|not|cnot|shl|shr|neg|abs|bfe|bfi|lop3|prmt|shf|sad|dp4a).*",
        "whole numbers",
        {"integer": 1},
    ),
    (r"(ld|st|atom|red|prefetch|cp)\..*", "loads and stores", {"memory": 1}),
    (r"(shfl|vote|match|redux|activemask)\..*", "exchanges in a warp", {"memory": 1}),
    (r"(bar|barrier|membar|fence)\..*", "barriers", {"control": 1}),
    (r"bra\.uni|(bra|brx|call|ret|exit|trap)\b.*", "branches", {"control": 1}),
]
LATENCY = {"fp32": 4, "fp64": 8, "integer": 4, "special": 20, "control": 0, "near": 30, "far": 200}
"""Clocks until a result can be used, rounded from measurements on Volta and Turing (Jia and others 2018,
arXiv:1804.06826; Arafa and others 2019, arXiv:1905.08778); near: shared and local memory, far: global, from the second
cache.
"""

SETTLED = 8  # passes of an inner loop after which each takes as long as the one before


@dataclass
class Counts:
    """Sums over instructions, of one thread: operations by kind, machine instructions by unit, bytes loaded and stored
    by memory ("global", "shared", "local", "generic").
    """

    kinds: Counter[str] = field(default_factory=Counter)
    machine: Counter[str] = field(default_factory=Counter)
    loaded: Counter[str] = field(default_factory=Counter)
    stored: Counter[str] = field(default_factory=Counter)

    @property
    def instructions(self) -> int:
        """Estimated machine instructions in all."""
        return sum(self.machine.values())

    def bytes(self, *memories: str) -> int:
        """Bytes loaded and stored in some memories."""
        return sum(self.loaded[memory] + self.stored[memory] for memory in memories)

    def add(self, instruction: Instruction, times: int) -> None:
        """Count an instruction that runs `times` times."""
        kind, units = classified(instruction.operation)
        self.kinds[kind] += times
        for unit, number in units.items():
            self.machine[unit] += number * times
        if kind == "loads and stores":
            if instruction.base != "st":
                self.loaded[instruction.space] += instruction.size * times
            if instruction.base != "ld":
                self.stored[instruction.space] += instruction.size * times

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.kinds + other.kinds,
            self.machine + other.machine,
            self.loaded + other.loaded,
            self.stored + other.stored,
        )


@dataclass
class StepCounts:
    """One step of one thread.

    always: what every step runs; sometimes: what stands in branches, each run once; chain: clocks that one step takes
    alone, as its results wait for each other; label: of the loop over the steps, depth: loops around it plus 1;
    guessed: loops in it whose number of passes is unknown and counted as 1.
    """

    always: Counts
    sometimes: Counts
    chain: float
    label: str
    depth: int
    guessed: int


@functools.cache
def classified(operation: str) -> tuple[str, dict[str, int]]:
    """Kind of a PTX operation and its estimated machine instructions by unit; unknown ones count as one of integers."""
    for pattern, kind, units in TABLE:
        if re.fullmatch(pattern, operation):
            return kind, units
    return "others", {"integer": 1}


def arithmetic(block: Block) -> float:
    """Float operations of a block, the measure by which the loop over the steps is found."""
    machine = Counter[str]()
    for instruction in block.instructions:
        machine.update(classified(instruction.operation)[1])
    return machine["fp32"] + machine["fp64"] + machine["special"]


def step_counts(listing: Listing) -> StepCounts | None:
    """Count a kernel's loop over the steps; None if it has no loop.

    Loops within a step of a constant number of passes count as often as they run. Functions that were not inlined
    count where they are called.
    """
    flow = Flow(listing.entry)
    loop = flow.step_loop(arithmetic)
    if loop is None:
        return None
    step = _Step(listing, flow, loop)
    always, sometimes = step.counts()
    label = flow.function.blocks[loop.header].label
    return StepCounts(always, sometimes, step.chain(), label, loop.depth, step.guessed)


class _Step:
    """The pass through one loop (None: a function) that is counted."""

    def __init__(self, listing: Listing, flow: Flow, loop: Loop | None) -> None:
        self.listing, self.flow, self.loop = listing, flow, loop
        inside = [b for b in flow.order if loop is None or b in loop.blocks]
        self.regular = [b for b in inside if flow.always(b, loop)]
        self.rare = [b for b in inside if not flow.always(b, loop)]
        loops = [inner for inner in flow.loops if inner is not loop and inner.header in inside]
        self.guessed = sum(flow.passes(inner) is None for inner in loops)

    def counts(self) -> tuple[Counts, Counts]:
        """What always runs, and what stands in branches."""
        return self._sum(self.regular), self._sum(self.rare)

    def _sum(self, blocks: list[int], times: int = 1) -> Counts:
        """Counts of some blocks, each as often as the loops around it run, all `times` times."""
        total = Counts()
        for block in blocks:
            runs, inner = times, self.flow.innermost(block)
            while inner is not None and inner is not self.loop:
                runs *= self.flow.passes(inner) or 1
                inner = inner.around
            for instruction in self.flow.function.blocks[block].instructions:
                total.add(instruction, runs)
                called = self._called(instruction)
                if called is not None:
                    step = _Step(self.listing, Flow(called), None)
                    total += step._sum(step.regular, runs)
        return total

    def _called(self, instruction: Instruction) -> Function | None:
        """The function of this module that a call runs."""
        names = re.findall(r"[\w$]+", instruction.operands) if instruction.base == "call" else []
        return next((self.listing.functions[name] for name in names if name in self.listing.functions), None)

    def chain(self) -> float:
        """Clocks of a pass whose instructions wait for nothing but their arguments; calls count as nothing."""
        return self._run(self.loop, {})

    def _run(self, loop: Loop | None, ready: dict[str, float]) -> float:
        """Pass once through a loop. `ready`: when each register can be read, changed by the pass. Returns the last."""
        last = 0.0
        for block in self.regular:
            inner = self.flow.innermost(block)
            if inner is loop:
                for instruction in self.flow.function.blocks[block].instructions:
                    start = max((ready.get(register, 0.0) for register in instruction.reads), default=0.0)
                    for register in instruction.writes:
                        ready[register] = start + _latency(instruction)
                        last = max(last, ready[register])
            elif inner is not None and inner.around is loop and inner.header == block:
                last = max(last, self._repeat(inner, ready))
        return last

    def _repeat(self, loop: Loop, ready: dict[str, float]) -> float:
        """Run an inner loop: a few passes, the others as long as the last of these."""
        passes = self.flow.passes(loop) or 1
        ends = [self._run(loop, ready) for _ in range(min(passes, SETTLED))]
        later = (passes - SETTLED) * (ends[-1] - ends[-2]) if passes > SETTLED else 0.0
        for block in loop.blocks if later else ():
            for register in {r for i in self.flow.function.blocks[block].instructions for r in i.writes}:
                ready[register] = ready.get(register, 0.0) + later
        return ends[-1] + later


@functools.cache
def _latency(instruction: Instruction) -> float:
    """Clocks from an instruction's arguments to its result."""
    _, units = classified(instruction.operation)
    near = "near" if instruction.space in ("shared", "local") else "far"
    return sum(number * LATENCY[near if unit == "memory" else unit] for unit, number in units.items())
