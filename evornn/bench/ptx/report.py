"""What `evornn kernel --backend cuda` prints after the PTX: resources, occupancy, a step's counts, predicted speed."""

from __future__ import annotations

from evornn.bench.ptx.counts import TABLE, UNITS, StepCounts, step_counts
from evornn.bench.ptx.gpus import ARCHITECTURES, GPUS, USUAL, Gpu, architecture, gpu, named, occupancy
from evornn.bench.ptx.listing import approximations, contractions, local_bytes, parse, uses_double
from evornn.bench.ptx.resources import Resources, Unknown, resources
from evornn.bench.ptx.roofline import roofline
from evornn.errors import EvornnError

MEMORIES = ("global", "shared", "local", "generic")


def describe(
    ptx: str,
    cc: tuple[int, int],
    gpu_name: str | None = None,
    threads_per_block: int = 128,
    threads_per_episode: int = 1,
    ltoir: bytes | None = None,
) -> str:
    """The report on a kernel compiled for compute capability `cc`, as lines of text.

    `gpu_name`: a name of `GPUS` (a usual one of this `cc` if None); `threads_per_episode`: threads that make one step
    together; `ltoir`: the same kernel as intermediate code, from which registers are as at run time.
    """
    board = board_for(cc, gpu_name)
    listing, needs = parse(ptx), resources(ptx, cc, ltoir)
    lines = [
        *_rows("text", _text(ptx)),
        *_rows(f"machine code for {named(cc)}", _needs(needs, cc, threads_per_block)),
    ]
    counts = step_counts(listing)
    if counts is None:
        return "\n".join([*lines, "step: the kernel has no loop"])
    lines += _rows("step of one thread", _step(counts))
    if board is None:
        return "\n".join([*lines, f"prediction: none, no GPU with {named(cc)} in the table ({', '.join(GPUS)})"])
    prediction = roofline(counts, board, threads_per_block, needs, threads_per_episode)
    limits = sorted(prediction.limits.items(), key=lambda item: item[1])
    lines += _rows("limits, steps a second (prediction)", {name: f"{value:.2g}" for name, value in limits})
    return "\n".join([*lines, prediction.description])


def board_for(cc: tuple[int, int], name: str | None) -> Gpu | None:
    """The GPU of a name, or a usual one for `cc`; an error for an unknown one and for one that cannot run the code."""
    architecture(cc)
    if name is None:
        return gpu(USUAL[cc]) if cc in USUAL else None
    board = gpu(name)
    if board.cc < cc:
        raise EvornnError(f"{name} has compute capability {named(board.cc)}: it does not run code for {named(cc)}")
    return board


def _rows(title: str, rows: dict[str, str]) -> list[str]:
    """A title and indented lines, names aligned."""
    width = max(map(len, rows), default=0)
    return [title, *(f"  {name:{width}}  {text}" for name, text in rows.items())]


def _text(ptx: str) -> dict[str, str]:
    """What the tests ask of the PTX."""
    listing, local = parse(ptx), local_bytes(ptx)
    loose, free = approximations(ptx), contractions(ptx)
    there = f"{local.declared} bytes a thread; the text loads {local.loaded} and stores {local.stored}"
    return {
        "PTX": f"{listing.version} for {listing.target}, {sum(1 for _ in listing.instructions):,} operations",
        "float64": "used" if uses_double(ptx) else "not used",
        "local memory": there if local else "not used",
        "approximations": ", ".join(f"{number} {name}" for name, number in loose.items()) or "none",
        "unrounded": f"{len(free)}: products or sums that may be fused" if free else "none: no product can be fused",
    }


def _needs(needs: Resources | Unknown, cc: tuple[int, int], threads: int) -> dict[str, str]:
    """Registers to occupancy, or why they are unknown."""
    if not isinstance(needs, Resources):
        return {"unknown": needs.reason}
    held = occupancy(cc, needs.registers, needs.shared, threads)
    spills = f"{needs.spill_stores} bytes stored, {needs.spill_loads} loaded"
    warps = f"{held.share:.0%}: {held.warps} of {ARCHITECTURES[cc].warps} warps an SM"
    return {
        "assembled by": needs.source,
        "registers": str(needs.registers),
        "spills": spills if needs.spill_stores or needs.spill_loads else "none",
        "stack": f"{needs.stack} bytes a thread",
        "shared memory": f"{needs.shared} bytes a block",
        "constants": f"{needs.constants} bytes, arguments included",
        "instructions": f"{needs.instructions:,}, slow paths included" if needs.instructions else "not counted",
        "occupancy": f"{warps}, {held.blocks} blocks of {threads} threads, limited by {held.limit}",
    }


def _step(step: StepCounts) -> dict[str, str]:
    """Counts of one step: by kind, by unit, bytes, the chain."""
    always, sometimes = step.always, step.sometimes
    kinds = dict.fromkeys(kind for _, kind, _ in TABLE) | dict.fromkeys(["others"])
    rows = {kind: _both(always.kinds[kind], sometimes.kinds[kind]) for kind in kinds}
    units = ", ".join(f"{always.machine[unit]:,} {unit}" for unit in UNITS if always.machine[unit])
    rows["machine instructions"] = f"{_both(always.instructions, sometimes.instructions) or 0} (estimate): {units}"
    for memory in MEMORIES:
        moved = _both(always.bytes(memory), sometimes.bytes(memory))
        rows[f"{memory} memory"] = f"{moved} bytes" if moved else ""
    rows["longest chain"] = f"{step.chain:,.0f} clocks (estimate)"
    if step.guessed:
        rows["loops inside"] = f"{step.guessed} of unknown length, each counted as one pass"
    return {name: text for name, text in rows.items() if text}


def _both(always: int, sometimes: int) -> str:
    """A number of every step, and that of its branches where there is one; empty if both are 0."""
    if not always and not sometimes:
        return ""
    return f"{always:,}" + (f" and {sometimes:,} in branches" if sometimes else "")
