"""Every network in every task in the CUDA simulator: the oracle's numbers, and in float32 the CPU kernels' bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evornn.networks import REGISTRY as NETWORKS
from evornn.tasks import REGISTRY as TASKS
from tests.backends.harness import LAYOUTS
from tests.backends.test_conformance import IN_FLOAT32, ORDERED
from tests.compiler.cuda.cuda_cases import Batch, Way, evaluate, made, pair
from tests.pairs import meet

BLOCKS = {"individuals": 4, "episodes": 2, "units": 4}  # threads a block; the last block is not full
SHORT, LONG = 3, 8  # steps compared with the oracle in float64, and in float32
SINGLE_BY_DEFAULT = [p.values for p in IN_FLOAT32 if not p.marks]  # compiled for the CPU by other tests, too


def exact_case(network: str, task: str, layout: str) -> tuple[Any, ...]:
    units = layout == "units"
    arguments = (network, task, 2 if units else 3, 1 if units else 2)
    return evaluate, (Batch(pair, arguments, SHORT), Way(layout, "float64", BLOCKS[layout]))


def single_case(network: str, task: str, layout: str) -> tuple[Any, ...]:
    return evaluate, (Batch(pair, (network, task), LONG), Way(layout, "float32", BLOCKS[layout]))


def by_default(i: int, j: int, layout: str) -> bool:
    """Pairs in one of the layouts whose threads are lanes, taking turns; in "units" every second network."""
    if layout == "units":
        return i % 2 == 1 and j == (i + 3) % len(TASKS)
    return meet(i, j, each=2) and layout == LAYOUTS[(i + j) % 2]


GROUPS: dict[str, list[Any]] = {}  # what one process of the simulator runs: two by default, for two processes of tests


def parameters(make: Any, layouts: dict[tuple[str, str, str], bool], name: str) -> list[Any]:
    """Parameters network, task, layout, group; each is put into its group."""
    found = []
    for (network, task, layout), default in layouts.items():
        group = f"default-{list(NETWORKS).index(network) % 2}" if default else f"{network}-{name}-{layout}"
        GROUPS.setdefault(group, []).append(make(network, task, layout))
        found.append(pytest.param(network, task, layout, group, marks=() if default else pytest.mark.slow))
    return found


EXACT = parameters(
    exact_case,
    {(n, t, layout): by_default(i, j, layout) for i, j, n, t in ORDERED for layout in LAYOUTS},
    "float64",
)
SINGLE = parameters(
    single_case,
    {(n, t, LAYOUTS[(i + j) % 2]): (n, t) in SINGLE_BY_DEFAULT for i, j, n, t in ORDERED},
    "float32",
)


@pytest.mark.parametrize(("network", "task", "layout", "group"), EXACT)
def test_float64_equals_the_oracle(network: str, task: str, layout: str, group: str, simulator: Any) -> None:
    call = exact_case(network, task, layout)
    found = simulator(group, GROUPS[group])[call].checked()
    fitness, steps, failed = call[1][0].plain()
    np.testing.assert_allclose(found[0], fitness, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(found[1], steps)
    np.testing.assert_array_equal(found[2], failed)


@pytest.mark.parametrize(("network", "task", "layout", "group"), SINGLE)
def test_float32_is_the_cpu_s_and_near_the_oracle(
    network: str, task: str, layout: str, group: str, simulator: Any
) -> None:
    call = single_case(network, task, layout)
    batch = call[1][0]
    found = simulator(group, GROUPS[group])[call].checked()
    fitness, steps, _ = batch.plain()
    same = found[1] == steps  # an episode may end a step earlier or later at the border of failing
    assert same.mean() > 0.8
    tolerance = made(batch.maker, batch.arguments)[0].task.tolerance
    np.testing.assert_allclose(found[0][same], fitness[same], rtol=tolerance, atol=tolerance)
    for ours, theirs in zip(found, batch.cpu("float32"), strict=True):
        np.testing.assert_array_equal(ours, theirs)
