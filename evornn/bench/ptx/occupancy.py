"""Limits of NVIDIA's GPUs by compute capability, and how many warps of a kernel a multiprocessor (SM) holds at once."""

from __future__ import annotations

from dataclasses import dataclass

from evornn.errors import check_choice, check_range

WARP = 32
REGISTERS = 65536  # per SM, and the most of one block
PARTITIONS = 4  # of an SM, each with one scheduler and a quarter of the registers
UNIT = 256  # registers are allocated to a warp in these units
RESERVED = 1024  # bytes of shared memory that the driver keeps in each block, from 8.0 on
K = 1024


@dataclass(frozen=True)
class Architecture:
    """Limits of one compute capability (CUDA C++ Programming Guide, "Compute Capabilities", table "Technical
    Specifications per Compute Capability").
    """

    warps: int  # resident on an SM at most
    blocks: int  # resident on an SM at most
    shared: int  # bytes of shared memory of an SM
    block_shared: int  # bytes of shared memory a block may ask for


ARCHITECTURES = {
    (7, 5): Architecture(32, 16, 64 * K, 64 * K),
    (8, 0): Architecture(64, 32, 164 * K, 163 * K),
    (8, 6): Architecture(48, 16, 100 * K, 99 * K),
    (8, 9): Architecture(48, 24, 100 * K, 99 * K),
    (9, 0): Architecture(64, 32, 228 * K, 227 * K),
    (10, 0): Architecture(64, 32, 228 * K, 227 * K),
    (12, 0): Architecture(48, 24, 100 * K, 99 * K),
}


def architecture(cc: tuple[int, int]) -> Architecture:
    """Limits of compute capability `cc`, for example (9, 0)."""
    check_choice("the compute capability", named(cc), [named(known) for known in ARCHITECTURES])
    return ARCHITECTURES[cc]


def named(cc: tuple[int, int]) -> str:
    """A compute capability as NVIDIA writes it: (9, 0) -> "9.0"."""
    return ".".join(map(str, cc))


@dataclass(frozen=True)
class Occupancy:
    """How many blocks and warps of a kernel one SM holds at once, what limits them, and the share of all warps."""

    blocks: int
    warps: int
    limit: str
    share: float


def occupancy(cc: tuple[int, int], registers: int, shared_bytes: int, threads_per_block: int) -> Occupancy:
    """Blocks of `threads_per_block` threads, each thread with `registers` and each block with `shared_bytes` of shared
    memory, that fit one SM.

    The rules of NVIDIA's occupancy calculator: registers go to whole warps in units of 256 and stay within a quarter of
    the SM; a block's shared memory is rounded up to 128 bytes (256 before 8.0) and from 8.0 on holds 1 KB more for the
    driver; the SM lends as much of its cache to shared memory as it can. 0 blocks: one block does not fit.
    """
    sm = architecture(cc)
    check_range("registers per thread", registers, 1, 255, integer=True)
    check_range("shared memory per block in bytes", shared_bytes, 0, integer=True)
    check_range("threads per block", threads_per_block, 1, 1024, integer=True)
    warps = -(-threads_per_block // WARP)
    of_a_warp = _up(registers * WARP, UNIT)
    by_registers = REGISTERS // PARTITIONS // of_a_warp * PARTITIONS // warps
    if of_a_warp * _up(warps, PARTITIONS) > REGISTERS:  # a launch is checked as if all quarters held as many warps
        by_registers = 0
    reserved = RESERVED if cc >= (8, 0) else 0
    of_a_block = _up(shared_bytes + reserved, 128 if reserved else 256)
    by_shared = sm.shared // of_a_block if shared_bytes else sm.blocks
    if shared_bytes > sm.block_shared:
        by_shared = 0
    bounds = {"warps": sm.warps // warps, "blocks": sm.blocks, "registers": by_registers, "shared memory": by_shared}
    blocks = min(bounds.values())
    limit = next(name for name, bound in bounds.items() if bound == blocks)
    return Occupancy(blocks, blocks * warps, limit, blocks * warps / sm.warps)


def _up(value: int, unit: int) -> int:
    """`value` rounded up to a multiple of `unit`."""
    return -(-value // unit) * unit
