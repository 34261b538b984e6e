"""What the predictions know of NVIDIA's GPUs: limits and rates by compute capability, named boards, and how many warps
of a kernel an SM holds at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from evornn.errors import check_choice, check_range

WARP = 32
REGISTERS = 65536  # per SM, and the most of one block
PARTITIONS = 4  # of an SM, each with one scheduler and a quarter of the registers
UNIT = 256  # registers are allocated to a warp in these units
RESERVED = 1024  # bytes of shared memory that the driver keeps in each block, from 8.0 on


@dataclass(frozen=True)
class Architecture:
    """One compute capability.

    Limits: CUDA C++ Programming Guide, "Compute Capabilities", table "Technical Specifications per Compute
    Capability". Rates (results of 32 threads a clock and SM): CUDA C++ Best Practices Guide, "Throughput of Native
    Arithmetic Instructions"; first-level cache: the white papers of Turing, A100, GA102, Ada and H100.
    """

    warps: int  # resident on an SM at most
    blocks: int  # resident on an SM at most
    shared: int  # bytes of shared memory of an SM
    block_shared: int  # bytes of shared memory a block may ask for
    cache: int  # bytes of first-level cache and shared memory together
    fp32: int  # float32 additions, products, fused
    fp64: int  # the same in float64
    cache_rate: int  # bytes a clock between an SM's threads and its first-level cache

    # The same on all of them:
    integer = 64  # integers, logic, shifts, comparisons, minimum, selection
    special = 16  # reciprocal, roots, powers, logarithms, sine; conversions between floats and integers
    memory = 32  # loads and stores


K = 1024
ARCHITECTURES = {
    (7, 5): Architecture(32, 16, 64 * K, 64 * K, 96 * K, 64, 2, 64),
    (8, 0): Architecture(64, 32, 164 * K, 163 * K, 192 * K, 64, 32, 128),
    (8, 6): Architecture(48, 16, 100 * K, 99 * K, 128 * K, 128, 2, 128),
    (8, 9): Architecture(48, 24, 100 * K, 99 * K, 128 * K, 128, 2, 128),
    (9, 0): Architecture(64, 32, 228 * K, 227 * K, 256 * K, 128, 64, 128),
    (10, 0): Architecture(64, 32, 228 * K, 227 * K, 256 * K, 128, 64, 128),
    (12, 0): Architecture(48, 24, 100 * K, 99 * K, 128 * K, 128, 2, 128),
}


@dataclass(frozen=True)
class Gpu:
    """One board: number of SMs, boost clock in Hz, bandwidth of its memory in bytes a second."""

    name: str
    cc: tuple[int, int]
    sms: int
    clock: float
    bandwidth: float

    @property
    def architecture(self) -> Architecture:
        """Limits and rates of its compute capability."""
        return ARCHITECTURES[self.cc]

    @property
    def teraflops(self) -> float:
        """Peak of float32, a fused multiply-add counted twice, in 10^12 a second."""
        return 2 * self.sms * self.architecture.fp32 * self.clock / 1e12


GPUS = {
    gpu.name: gpu
    for gpu in (
        Gpu("T4", (7, 5), 40, 1.590e9, 320e9),  # NVIDIA T4 datasheet: 8.1 TFLOPS, 320 GB/s
        Gpu("A100 SXM", (8, 0), 108, 1.410e9, 2039e9),  # NVIDIA A100 datasheet, 80 GB: 19.5 TFLOPS, 2,039 GB/s
        Gpu("L4", (8, 9), 58, 2.040e9, 300e9),  # NVIDIA L4 datasheet: 30.3 TFLOPS, 300 GB/s
        Gpu("RTX 4090", (8, 9), 128, 2.520e9, 1008e9),  # Ada white paper: 82.6 TFLOPS, 1,008 GB/s
        Gpu("H100 SXM", (9, 0), 132, 1.980e9, 3350e9),  # NVIDIA H100 datasheet: 67 TFLOPS, 3.35 TB/s
        Gpu("H200", (9, 0), 132, 1.980e9, 4800e9),  # NVIDIA H200 datasheet: 67 TFLOPS, 4.8 TB/s
    )
}
USUAL = {(7, 5): "T4", (8, 0): "A100 SXM", (8, 6): "RTX 4090", (8, 9): "RTX 4090", (9, 0): "H100 SXM"}


def architecture(cc: tuple[int, int]) -> Architecture:
    """Limits and rates of compute capability `cc`, for example (9, 0)."""
    check_choice("the compute capability", named(cc), [named(known) for known in ARCHITECTURES])
    return ARCHITECTURES[cc]


def named(cc: tuple[int, int]) -> str:
    """A compute capability as NVIDIA writes it: (9, 0) -> "9.0"."""
    return ".".join(map(str, cc))


def gpu(name: str) -> Gpu:
    """The board of this name; its beginning is enough where no other begins so ("h100")."""
    begun = [known for known in GPUS if name and known.lower().startswith(name.lower())]
    return GPUS[begun[0] if len(begun) == 1 else check_choice("the GPU", name, GPUS)]


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
