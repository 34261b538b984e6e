"""CUDA kernels as compiled, without a GPU: what they must not contain, and what they may need."""

from __future__ import annotations

from functools import lru_cache
from inspect import signature
from typing import Any

import pytest

from evornn.bench.ptx.listing import approximations, contractions, local_bytes, parse, uses_double
from evornn.bench.ptx.resources import resources
from evornn.networks import LSTM
from evornn.networks import REGISTRY as NETWORKS
from evornn.problem import Problem
from evornn.tasks import DoublePole, Parity

SMALL = 8  # units up to which hardly anything may be spilled
SPILLED = 64  # bytes
BLOCKS = {"individuals": 128, "episodes": 64, "units": 64}


pytestmark = pytest.mark.needs("cuda_compiler")


def kernel_of(problem: Problem, layout: str) -> Any:
    """A problem's kernel."""
    from evornn.backends.cuda import CudaBackend

    backend = CudaBackend(problem.simulation, problem.precision, layout, BLOCKS[layout], compiling=True)
    return backend.kernel(1024, *problem.scenarios.shape)


@lru_cache(maxsize=4)
def double_pole(name: str, units: int, layout: str) -> Any:
    """A network's float32 kernel for balancing two poles without velocities. units: 0 for the network as it is."""
    network = NETWORKS[name](units=units) if units else NETWORKS[name]()  # type: ignore[call-arg]
    return kernel_of(Problem(network, DoublePole(velocities=False)), layout)


def compiled(kernel: Any, cc: tuple[int, int], form: str = "ptx") -> Any:
    """Its PTX, or ("ltoir") what is linked at run time. The second form and capability cost a fifth of the first."""
    from evornn.compiler.cuda import device

    return device.compile_for(kernel.function, kernel.examples(), cc, kernel.shape.lanes, form)


def check(ptx: str, kernel: Any) -> None:
    """What holds for every kernel."""
    shape, plan = kernel.shape, kernel.plan
    assert uses_double(ptx) == (shape.precision == "float64")
    assert not approximations(ptx)
    assert not contractions(ptx)
    operations = [i.operation for i in parse(ptx).instructions]
    kind = ".f64" if shape.precision == "float64" else ".f32"
    assert sum(o == f"fma.rn{kind}" for o in operations) > 20, "these are the kernels that were meant"
    loose = [o for o in operations if kind in o and o.split(".")[0] in ("fma", "div", "sqrt", "rcp") and ".rn" not in o]
    assert not loose
    size = 4 if shape.precision == "float32" else 8
    local = local_bytes(ptx)
    if shape.layout == "units":
        assert not local
    else:
        assert local.declared in (0, plan.scratch_size * size)
    own = plan.weight_size * size if "own = cuda.shared.array" in kernel.text else 0
    scratch = plan.scratch_size * size if shape.layout == "units" else 0
    assert parse(ptx).shared_bytes == own + scratch


def check_needs(needs: Any, ptx: str, shared: int = 0) -> None:
    """Hardly anything is spilled: the stack is what the text declares."""
    if not needs:
        pytest.skip(f"all was checked but spills: {needs.reason}")
    assert max(needs.spill_stores, needs.spill_loads) <= SPILLED
    assert needs.stack <= local_bytes(ptx).declared + SPILLED
    assert needs.shared == shared
    assert needs.registers <= 65536 // BLOCKS["individuals"], "a block fits a multiprocessor"


OFTEN = ("FullyRecurrent", "LSTM", "CTRNN")
WITH_UNITS = [name for name in NETWORKS if "units" in signature(NETWORKS[name]).parameters]
LANES = [  # by default those that are used most, and every fourth of the others
    pytest.param(name, units, ccs, marks=() if default and (name in OFTEN or i % 4 == 0) else pytest.mark.slow)
    for i, name in enumerate(NETWORKS)
    for units in ((0, SMALL) if name in WITH_UNITS else (0,))
    for ccs, default in (
        (
            [(9, 0), (8, 0)] if name in OFTEN else [(9, 0)],
            units == (SMALL if name in WITH_UNITS and name != "EchoState" else 0),
        ),
        ([(8, 0), (9, 0)], False),
    )
]


@pytest.mark.parametrize(("name", "units", "ccs"), LANES, ids=str)
def test_kernels_of_every_network(name: str, units: int, ccs: list[tuple[int, int]]) -> None:
    kernel = double_pole(name, units, "individuals")
    for cc in ccs:
        ptx = compiled(kernel, cc)
        check(ptx, kernel)
        check_needs(resources(ptx, cc), ptx)


@pytest.mark.parametrize(
    ("name", "layout", "units"),
    [
        ("LSTM", "episodes", SMALL),
        ("FullyRecurrent", "units", 64),
        pytest.param("FullyRecurrent", "episodes", SMALL, marks=pytest.mark.slow),
        pytest.param("FullyRecurrent", "episodes", 31, marks=pytest.mark.slow),
        pytest.param("LSTM", "units", 64, marks=pytest.mark.slow),
        pytest.param("LSTM", "units", 200, marks=pytest.mark.slow),
    ],
)
def test_kernels_of_other_layouts(name: str, layout: str, units: int) -> None:
    kernel = double_pole(name, units, layout)
    ptx = compiled(kernel, (9, 0))
    check(ptx, kernel)
    check_needs(resources(ptx, (9, 0)), ptx, parse(ptx).shared_bytes)


def test_kernels_in_float64() -> None:
    kernel = kernel_of(Problem(LSTM(units=3), Parity(), precision="float64"), "individuals")
    check(compiled(kernel, (9, 0)), kernel)


@pytest.mark.parametrize("name", [n if n in OFTEN[1:] else pytest.param(n, marks=pytest.mark.slow) for n in NETWORKS])
def test_nothing_is_fused_and_spilled_when_the_program_is_linked(name: str) -> None:
    """At run time NVIDIA's linker optimises the whole program once more; its PTX is what machine code is made of."""
    from evornn.compiler.cuda import device

    linker = device.linker()
    kernel = double_pole(name, SMALL if name in WITH_UNITS else 0, "individuals")
    code = compiled(kernel, (9, 0), "ltoir")
    options = ["-arch=sm_90", "-lto", "-ptx"]
    link = linker.create(len(options), options)
    try:
        linker.add_data(link, linker.InputType.LTOIR, code, len(code), "kernel")
        linker.complete(link)
        text = bytearray(linker.get_linked_ptx_size(link))
        linker.get_linked_ptx(link, text)
    finally:
        linker.destroy(link)
    ptx = text.decode().strip("\0")
    check(ptx, kernel)
    check_needs(resources(ptx, (9, 0), code), ptx)
