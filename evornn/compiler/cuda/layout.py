"""Layouts on a GPU: which threads simulate what, and how much memory a population may take.

The rule: a network of 32 units or more gets a block for each individual and episode, a unit a thread, so that its state
and weights stay on the chip. A smaller one whose weights do not fit a thread's registers shares them among its
episodes, if there are 8 or more: a block is one individual, a thread an episode; so does any with 32 episodes. Else a
thread is any (individual, episode), and neighbours are neighbouring individuals. The numbers that come out are the
same, whatever the layout and the size of a block. The limits come from kernels as compiled without a GPU: their
registers, spills and counted instructions. None of them has been measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from evornn.compiler.specialization import Shape
from evornn.errors import EvornnError

WARP = 32
UNITS_FROM = 32  # units from which a thread of its own for each is better than all in one
EPISODES_FROM = WARP  # episodes that fill a warp
SHARING_FROM = 8  # episodes for which idle threads cost less than reading weights from afar in every step
HELD = 96  # weights that a thread may keep in registers; more are read again in every step, where they would spill
BLOCK = 128  # threads a block at most, but for "units"
UNITS_BLOCK = 256  # threads that share a network at most; each has two units or more
CHUNK = 1 << 17  # individuals on the way at once: two chunks overlap copying and simulating
SHARE = 0.8  # of the free memory that may be used
RESIDENT = 2048  # threads that a multiprocessor runs at once at most: each has its scratch


def choose(episodes: int, units: int, weights: int, units_possible: bool) -> tuple[str, int]:
    """(layout, threads a block) for E episodes of networks with `units` units and `weights` weights."""
    if units_possible and units >= UNITS_FROM:
        return "units", min(_warps(-(-units // 2)), UNITS_BLOCK)
    if episodes >= (SHARING_FROM if weights > HELD else EPISODES_FROM):
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
