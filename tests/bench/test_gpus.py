"""GPUs without one: occupancy as NVIDIA's calculator says, boards as their datasheets, predictions by their limits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evornn.bench.ptx.counts import Counts, StepCounts
from evornn.bench.ptx.gpus import ARCHITECTURES, GPUS, Gpu, gpu, occupancy
from evornn.bench.ptx.report import describe
from evornn.bench.ptx.resources import Resources, Unknown
from evornn.bench.ptx.roofline import roofline
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
        (lambda: gpu("H100 PCIe"), "'H100 PCIe'.*H200; did you mean 'H100 SXM'"),
        (lambda: gpu("H"), "the GPU is 'H'.*valid: T4"),
        (lambda: describe(KERNEL, (8, 0), "A10 SXM"), "did you mean 'A100 SXM'"),
        (lambda: describe(KERNEL, (9, 0), "T4"), "T4 has compute capability 7.5: it does not run code for 9.0"),
        (lambda: describe(KERNEL, (3, 5)), "compute capability is '3.5'"),
    ],
)
def test_errors_name_the_value_and_the_nearest(call: Callable[[], object], words: str) -> None:
    with pytest.raises(EvornnError, match=words):
        call()


def test_boards_have_the_peaks_of_their_datasheets() -> None:
    assert gpu("h100") is GPUS["H100 SXM"]
    peaks = {"T4": 8.1, "A100 SXM": 19.5, "L4": 30.3, "RTX 4090": 82.6, "H100 SXM": 67, "H200": 67}
    assert {name: board.teraflops for name, board in GPUS.items()} == pytest.approx(peaks, rel=0.01)


def step_of(chain: float = 1, loaded: dict[str, int] | None = None, **machine: int) -> StepCounts:
    always = Counts()
    always.machine.update(machine)
    always.loaded.update(loaded or {})
    return StepCounts(always, Counts(), chain, "$L", 2, 0)


NEEDS = Resources(32, 0, 0, 0, 0, 0, None, "by hand")
BOARD = Gpu("toy", (8, 0), 10, 1e9, 1e9)  # 64 float32 units an SM


@pytest.mark.parametrize(
    ("step", "bound", "speed"),
    [
        (step_of(fp32=640), "fp32", 10e9 / (640 / 64)),
        (step_of(fp64=64), "fp64", 10e9 / (64 / 32)),
        (step_of(integer=640), "integer", 10e9 / (640 / 64)),
        (step_of(special=16), "special", 10e9 / (16 / 16)),
        (step_of(fp32=100, integer=100, memory=100), "issue", 10e9 / (300 / 128)),
        (step_of(fp32=1, loaded={"shared": 512}), "cache", 10e9 / (512 / 128)),
        (step_of(fp32=1, loaded={"global": 100}), "bandwidth", 1e9 / 100),
        (step_of(fp32=1, chain=2048 * 7), "latency", 10e9 / 7),
    ],
)
def test_the_lowest_limit_is_the_prediction(step: StepCounts, bound: str, speed: float) -> None:
    found = roofline(step, BOARD, 128, NEEDS)
    assert (found.bound, found.steps_per_second) == (bound, pytest.approx(speed))
    assert found.steps_per_second == min(found.limits.values())
    assert found.description.startswith("prediction, not measured")
    assert bound in found.description
    assert roofline(step, BOARD, 128, NEEDS, threads_per_episode=4).steps_per_second == pytest.approx(speed / 4)


def test_resources_and_branches_change_predictions() -> None:
    slow = step_of(fp32=1, chain=10_000)
    many = Resources(255, 0, 0, 0, 0, 0, None, "by hand")
    assert roofline(slow, BOARD, 128, many).steps_per_second < roofline(slow, BOARD, 128, NEEDS).steps_per_second
    assert "latency" not in roofline(slow, BOARD, 128, Unknown("no assembler")).limits
    spilling = Resources(32, 4096, 4096, 8192, 0, 0, None, "by hand")
    assert roofline(step_of(fp32=1), BOARD, 128, spilling).limits.keys() >= {"cache", "bandwidth"}
    assert "cache" not in roofline(step_of(fp32=1), BOARD, 128, NEEDS).limits
    branching = step_of(fp32=640)
    branching.sometimes.machine["fp32"] = 640
    found = roofline(branching, BOARD, 128, NEEDS)
    assert found.with_branches == pytest.approx(found.steps_per_second / 2)
    assert "every branch taken" in found.description
