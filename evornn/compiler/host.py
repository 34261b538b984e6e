"""Features of the processor that kernels use."""

from __future__ import annotations

from functools import cache
from typing import TypedDict


class Features(TypedDict):
    """See `features`. flags: what the processor can do, in LLVM's words."""

    cpu: str
    vector_bits: int
    fma: bool
    flags: str


@cache
def features() -> Features:
    """Processor name, vector width in bits, and whether fused multiply-add is a machine instruction."""
    from llvmlite import binding

    flags = binding.get_host_cpu_features()
    wide = 512 if flags.get("avx512f") else 256 if flags.get("avx") else 128
    arm = not any(name.startswith("sse") for name in flags)
    return {
        "cpu": binding.get_host_cpu_name(),
        "vector_bits": wide,
        "fma": bool(arm or flags.get("fma")),
        "flags": flags.flatten(),
    }


def native_lanes(precision: str) -> int:
    """Lanes of one vector register: 16 float32 with AVX-512, 8 with AVX2, 4 with SSE or NEON; half as many float64."""
    return features()["vector_bits"] // (32 if precision == "float32" else 64)
