"""Report of `evornn kernel --backend cuda --cc`: what the PTX holds, and what its machine code needs."""

from __future__ import annotations

from evornn.bench.ptx.listing import approximations, contractions, local_bytes, parse, uses_double
from evornn.bench.ptx.occupancy import ARCHITECTURES, architecture, named, occupancy
from evornn.bench.ptx.resources import Resources, Unknown, resources


def describe(ptx: str, cc: tuple[int, int], threads_per_block: int = 128, ltoir: bytes | None = None) -> str:
    """The report on a kernel compiled for compute capability `cc`, as lines of text.

    `ltoir`: the same kernel as intermediate code, from which registers are as at run time.
    """
    architecture(cc)
    needs = resources(ptx, cc, ltoir)
    lines = [
        *_rows("text", _text(ptx)),
        *_rows(f"machine code for {named(cc)}", _needs(needs, cc, threads_per_block)),
    ]
    return "\n".join(lines)


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
        "PTX": f"{listing.version} for {listing.target}, {len(listing.instructions):,} operations",
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
