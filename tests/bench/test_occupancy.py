"""Occupancy without a GPU: as NVIDIA's calculator says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evornn.bench.ptx.occupancy import ARCHITECTURES, occupancy
from evornn.bench.ptx.report import describe
from evornn.errors import EvornnError
from tests.bench.ptx_examples import KERNEL


@pytest.mark.parametrize(
    ("cc", "registers", "shared", "threads", "blocks", "limit"),
    [  # what NVIDIA's cuda_occupancy.h (CUDA 13.5) answers with the largest share of shared memory
        ((7, 5), 32, 4096, 1024, 1, "warps"),
        ((7, 5), 200, 4096, 32, 8, "registers"),
        ((7, 5), 255, 101376, 128, 0, "shared memory"),
        ((7, 5), 96, 0, 32, 16, "blocks"),
        ((8, 0), 16, 0, 128, 16, "warps"),
        ((8, 0), 255, 1000, 96, 2, "registers"),
        ((8, 0), 64, 0, 1000, 1, "registers"),
        ((8, 0), 129, 49152, 96, 3, "shared memory"),
        ((8, 0), 32, 1000, 32, 32, "blocks"),
        ((8, 6), 16, 0, 1000, 1, "warps"),
        ((8, 6), 72, 16384, 1024, 0, "registers"),
        ((8, 6), 40, 60000, 128, 1, "shared memory"),
        ((8, 6), 40, 4096, 64, 16, "blocks"),
        ((8, 9), 32, 4096, 256, 6, "warps"),
        ((8, 9), 100, 1000, 512, 1, "registers"),
        ((8, 9), 65, 232448, 512, 0, "shared memory"),
        ((8, 9), 32, 1000, 32, 24, "blocks"),
        ((9, 0), 16, 16384, 256, 8, "warps"),
        ((9, 0), 33, 0, 96, 16, "registers"),
        ((9, 0), 65, 0, 1024, 0, "registers"),
        ((9, 0), 16, 16384, 128, 13, "shared memory"),
        ((9, 0), 40, 4096, 32, 32, "blocks"),
        ((10, 0), 16, 1000, 384, 5, "warps"),
        ((10, 0), 200, 60000, 512, 0, "registers"),
        ((10, 0), 33, 232448, 192, 1, "shared memory"),
        ((12, 0), 32, 1000, 96, 16, "warps"),
        ((12, 0), 129, 0, 384, 1, "registers"),
        ((12, 0), 32, 49152, 64, 2, "shared memory"),
        ((12, 0), 33, 0, 32, 24, "blocks"),
    ],
)
def test_occupancy(cc: tuple[int, int], registers: int, shared: int, threads: int, blocks: int, limit: str) -> None:
    found = occupancy(cc, registers, shared, threads)
    warps = blocks * -(-threads // 32)
    assert (found.blocks, found.limit, found.warps) == (blocks, limit, warps)
    assert found.share == warps / ARCHITECTURES[cc].warps


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: occupancy((9, 1), 32, 0, 128), "'9.1'.*valid: 7.5.*did you mean"),
        (lambda: occupancy((9, 0), 256, 0, 128), "registers.*256.*255"),
        (lambda: occupancy((9, 0), 32, -1, 128), "shared memory.*-1"),
        (lambda: occupancy((9, 0), 32, 0, 2048), "threads per block.*2048.*1,024"),
        (lambda: describe(KERNEL, (3, 5)), "compute capability is '3.5'"),
    ],
)
def test_errors_name_the_value_and_the_nearest(call: Callable[[], object], words: str) -> None:
    with pytest.raises(EvornnError, match=words):
        call()
