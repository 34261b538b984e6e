"""Which threads simulate what on a GPU, and how much memory a population may take.

The rule: a network with 64 or more units gets a block for each individual and episode, a unit a thread; 32 or more
episodes get blocks of one individual, an episode a thread; else a thread is any (individual, episode), neighbours being
neighbouring individuals. The numbers that come out are the same, whatever the layout and the size of a block. The two
limits follow from warps of 32 threads and from what fits on chip; no GPU was at hand to move them by measurement.
"""

from __future__ import annotations

from dataclasses import dataclass

from evornn.errors import EvornnError
from evornn.kernels.shape import Shape

WARP = 32
UNITS_FROM = 64  # units from which a network's state and weights no longer fit a thread's registers and local memory
EPISODES_FROM = WARP  # episodes that fill a warp
BLOCK = 128  # threads a block at most, but for "units"
UNITS_BLOCK = 256  # threads that share a network at most; more units take turns
CHUNK = 1 << 17  # individuals on the way at once: two chunks overlap copying and simulating
SHARE = 0.8  # of the free memory that may be used
RESIDENT = 2048  # threads that a multiprocessor runs at once at most: each has its scratch


def choose(individuals: int, episodes: int, units: int, units_possible: bool) -> tuple[str, int]:
    """(layout, threads a block) for P individuals x E episodes of networks with `units` rows in their largest
    product.
    """
    if units_possible and units >= UNITS_FROM:
        return "units", min(_warps(units), UNITS_BLOCK)
    if episodes >= EPISODES_FROM:
        return "episodes", min(_warps(episodes), BLOCK)
    return "individuals", BLOCK


def _warps(threads: int) -> int:
    return -(-threads // WARP) * WARP


def launch_size(shape: Shape, individuals: int, episodes: int, processors: int) -> tuple[int, int]:
    """(blocks, threads a block). Few threads are spread over all multiprocessors in small blocks."""
    if shape.layout == "individuals":
        threads = shape.lanes
        while threads > WARP and individuals * episodes < 2 * processors * threads:
            threads //= 2
        blocks = -(-individuals * episodes // threads)
    else:
        threads = shape.lanes
        blocks = individuals * (-(-episodes // threads) if shape.layout == "episodes" else episodes)
    return min(blocks, 2**31 - 1), threads  # the largest grid; kernels go on to what is left


@dataclass(frozen=True)
class Need:
    """Bytes on the device: for everything that stays, for one individual, and of one thread's scratch."""

    fixed: int
    individual: int
    scratch: int


def chunk_of(individuals: int, need: Need, free: int, processors: int) -> int:
    """How many individuals go to the device at once, with two such chunks there; EvornnError if not one does."""
    room = int(SHARE * free) - need.fixed - need.scratch * RESIDENT * processors
    most = room // (2 * need.individual)
    if most < 1:
        raise EvornnError(
            f"the GPU has {free / 1e6:,.0f} MB free, of which {SHARE:.0%} may be used; constants, data and scratch "
            f"take {(need.fixed + need.scratch * RESIDENT * processors) / 1e6:,.0f} MB and one individual "
            f"{need.individual / 1e6:,.3f} MB: use fewer episodes or units, or backend='cpu'"
        )
    return min(individuals, most, CHUNK)
