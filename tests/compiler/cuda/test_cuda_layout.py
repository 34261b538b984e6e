"""Which threads simulate what on a GPU, how many there are, and how much memory a population may take."""

from __future__ import annotations

import re
from typing import Any

import pytest

from evornn.compiler.cuda.layout import CHUNK, HELD, SHARE, WARP, Need, choose, chunk_of, launch_size
from evornn.compiler.cuda.source import SHARED_BYTES, cuda_text
from evornn.compiler.layout import units_suit
from evornn.compiler.specialization import Shape
from evornn.errors import EvornnError
from evornn.graph.simulation_graphs import trace_simulation
from evornn.networks import LSTM, EchoState, FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import DoublePole
from tests.compiler.cuda.cuda_cases import Batch, Way, held_memory, pair

FEW, MANY = HELD, HELD + 1  # weights that a thread keeps in registers, and too many


@pytest.mark.parametrize(
    ("episodes", "units", "weights", "units_possible", "layout", "block"),
    [
        (1, 5, FEW, True, "individuals", 128),
        (31, 5, FEW, True, "individuals", 128),
        (32, 5, FEW, True, "episodes", 32),
        (33, 5, FEW, True, "episodes", 64),
        (100, 5, FEW, True, "episodes", 128),
        (1000, 5, FEW, True, "episodes", 128),
        (7, 5, MANY, True, "individuals", 128),
        (8, 5, MANY, True, "episodes", 32),
        (1, 31, MANY, True, "individuals", 128),
        (1, 32, FEW, True, "units", 32),
        (1000, 32, MANY, True, "units", 32),
        (1, 64, MANY, True, "units", 32),
        (1, 65, MANY, True, "units", 64),
        (1, 200, MANY, True, "units", 128),
        (1, 512, MANY, True, "units", 256),
        (1, 5000, MANY, True, "units", 256),
        (1, 200, MANY, False, "individuals", 128),
        (8, 200, MANY, False, "episodes", 32),
    ],
)
def test_the_layout_follows_from_episodes_units_and_weights(
    episodes: int, units: int, weights: int, units_possible: bool, layout: str, block: int
) -> None:
    assert choose(episodes, units, weights, units_possible) == (layout, block)


@pytest.mark.parametrize("processors", [1, 16, 132])
@pytest.mark.parametrize("episodes", [1, 3, 32, 129])
@pytest.mark.parametrize("individuals", [1, 7, 128, 1024, 100_003])
@pytest.mark.parametrize(("layout", "block"), [("individuals", 128), ("episodes", 64), ("units", 96)])
def test_every_job_has_its_thread_and_few_are_spread(
    layout: str, block: int, individuals: int, episodes: int, processors: int
) -> None:
    blocks, threads = launch_size(Shape("float32", block, layout), individuals, episodes, processors)
    if layout == "individuals":
        assert (blocks - 1) * threads < individuals * episodes <= blocks * threads
        assert threads % WARP == 0
        assert threads <= block
        assert threads == WARP or individuals * episodes >= 2 * processors * threads, "more blocks than processors"
    else:
        assert threads == block, "the kernel's stride is the size that it was written for"
        assert blocks == individuals * (-(-episodes // block) if layout == "episodes" else episodes)


def test_a_grid_has_no_more_blocks_than_cuda_allows() -> None:
    assert launch_size(Shape("float32", 64, "units"), 2**30, 8, 132) == (2**31 - 1, 64)


@pytest.mark.parametrize(
    ("individuals", "need", "free", "processors", "chunk"),
    [
        (1000, Need(0, 100, 0), 10**9, 132, 1000),
        (10**7, Need(0, 100, 0), 10**12, 132, CHUNK),
        (1000, Need(0, 100, 0), 10_000, 132, 40),  # two chunks in 80 % of 10 kB
        (1000, Need(4_000, 100, 0), 10_000, 132, 20),
        (1000, Need(0, 100, 2), 10_000, 1, 19),  # 2,048 threads' scratch
        (1000, Need(7_800, 100, 0), 10_000, 132, 1),
    ],
)
def test_chunks_fill_the_share_of_memory(individuals: int, need: Need, free: int, processors: int, chunk: int) -> None:
    assert chunk_of(individuals, need, free, processors) == chunk
    assert need.fixed + need.scratch * 2048 * processors + 2 * chunk * need.individual <= SHARE * free


def test_too_little_memory_is_said_with_numbers() -> None:
    with pytest.raises(EvornnError) as error:
        chunk_of(10, Need(6 * 10**6, 10**6, 4), 10 * 10**6, 100)
    for word in ("10 MB free", "80%", "take 7 MB", "1.000 MB", "fewer episodes", "backend='cpu'"):
        assert word in str(error.value)


@pytest.mark.parametrize("layout", ["individuals", "episodes"])
def test_memory_on_the_device_is_what_was_planned(layout: str, simulator: Any) -> None:
    batch = Batch(pair, ("LSTM", "Sequence", 7, 3), 1)
    calls = [(held_memory, (batch, Way(x, "float32", 4, chunk=2))) for x in ("individuals", "episodes")]
    call = calls[0 if layout == "individuals" else 1]
    held, stays, need = simulator("memory", calls)[call].checked()
    assert max(held) == 2 * need.individual
    assert need.fixed <= stays <= need.fixed + 64, "what is added makes blocks of episodes full"


def text(network: Any, layout: str, block: int) -> tuple[str, Any]:
    problem = Problem(network, DoublePole(velocities=False))
    traced = trace_simulation(problem.simulation, problem.scenarios.shape[1])
    return cuda_text(traced, Shape("float32", block, layout), "a title", True)


@pytest.mark.parametrize(
    ("network", "layout", "shared"),
    [
        (FullyRecurrent(units=5), "individuals", False),
        (FullyRecurrent(units=5), "episodes", True),
        (FullyRecurrent(units=105), "episodes", True),
        (FullyRecurrent(units=115), "episodes", False),
        (FullyRecurrent(units=64), "units", True),
        (LSTM(units=64), "units", False),
    ],
)
def test_weights_are_in_shared_memory_where_a_block_is_one_individual_and_they_fit(
    network: Any, layout: str, shared: bool
) -> None:
    source, plan = text(network, layout, 32)
    assert ("own = cuda.shared.array(" in source) == shared
    assert ("own[gene] = W[" in source) == shared
    sizes = [int(n) for n in re.findall(r"cuda\.shared\.array\((\d+), f\)", source)]
    scratch = plan.scratch_size if layout == "units" else 0
    assert sum(sizes) == scratch + (plan.weight_size if shared else 0)
    assert 4 * sum(sizes) <= SHARED_BYTES
    assert shared or layout == "individuals" or 4 * (plan.weight_size + scratch) > SHARED_BYTES


def test_weights_beyond_a_thread_s_registers_are_read_again_in_every_step() -> None:
    assert "again(" not in text(FullyRecurrent(units=5), "individuals", 128)[0]
    assert re.search(r"w = \(W, again\(member\), individuals\)", text(LSTM(units=8), "individuals", 128)[0])


def test_what_units_cannot_share_is_weighed_against_what_they_can() -> None:
    def suits(network: Any) -> bool:
        simulation = Problem(network, DoublePole()).simulation
        return units_suit(trace_simulation(simulation, 6).step)

    assert suits(LSTM(units=64))
    assert not suits(EchoState(units=100))
