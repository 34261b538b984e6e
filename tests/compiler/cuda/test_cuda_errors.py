"""What is said where CUDA cannot work, and that the rest of evornn does not mind."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from evornn.cli import app
from evornn.errors import EvornnError
from evornn.networks import FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import DoublePole
from tests.compiler.cuda.cuda_cases import compiling_in_the_simulator

DOOR = "evornn.compiler.cuda.device"
EXTRAS = ("evornn[cuda13]", "evornn[cuda12]")


def made(backend: str) -> Problem:
    return Problem(FullyRecurrent(units=2), DoublePole(), backend=backend)


def says(error: pytest.ExceptionInfo[EvornnError], *words: str) -> None:
    for word in words:
        assert word in str(error.value)


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "numba_cuda" else find(name, *a))
    monkeypatch.setitem(sys.modules, DOOR, None)  # remembered, and put back
    del sys.modules[DOOR]


@pytest.fixture
def door() -> Any:
    """The module that imports CUDA, where its package is installed."""
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")
    try:
        return importlib.import_module(DOOR)
    except EvornnError as reason:
        pytest.skip(str(reason))


@pytest.mark.usefixtures("without_package")
def test_without_the_package_the_extras_are_named() -> None:
    with pytest.raises(EvornnError) as error:
        made("cuda")
    says(error, "backend 'cuda' needs the package numba-cuda", "pip install", *EXTRAS)
    with pytest.raises(EvornnError, match="numba-cuda"):
        importlib.import_module("evornn.compiler.cuda.device")


@pytest.mark.usefixtures("without_package")
def test_without_the_package_auto_is_the_cpu() -> None:
    found, cpu = made("auto"), made("cpu")
    genomes = found.space.sample(np.random.default_rng(0), 3)
    np.testing.assert_array_equal(found.evaluate(genomes, steps=3).fitness, cpu.evaluate(genomes, steps=3).fitness)
    assert type(found.backend) is type(cpu.backend)


def test_without_nvidia_s_packages_the_extras_are_named(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba.cuda", None)
    with pytest.raises(EvornnError) as error:
        door._load()
    says(error, "backend 'cuda' needs NVIDIA's Python packages", *EXTRAS)


@pytest.mark.parametrize(
    ("library", "module", "name"),
    [("NVVM", "nvvm", "NVVM"), ("NVRTC", "nvrtc", "get_supported_ccs"), ("libdevice", "libs", "open_libdevice")],
)
def test_without_a_library_of_the_compiler_the_extras_are_named(
    library: str, module: str, name: str, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each alone: the others are there, as far as can be seen."""

    def missing() -> None:
        raise RuntimeError(f"lib{library} cannot be found.\n  No such file")

    for where, entry in (("nvvm", "NVVM"), ("nvrtc", "get_supported_ccs"), ("libs", "open_libdevice")):
        found = missing if where == module else lambda: None
        monkeypatch.setattr(importlib.import_module(f"numba.cuda.cudadrv.{where}"), entry, found)
    for check in (door.check_compiler, door.check, lambda: made("cuda"), lambda: door.compile_for(None, [], (9, 0), 1)):
        with pytest.raises(EvornnError) as error:
            check()
        says(error, library, f"lib{library} cannot be found. No such file", *EXTRAS)
    spec = Path(__file__).parents[3] / "runs" / "double_pole.toml"
    result = CliRunner().invoke(app, ["kernel", str(spec), "--backend", "cuda", "--cc", "9.0"])
    assert result.exit_code == 2
    assert result.output.startswith("error: ")
    assert result.output.count("\n") == 1
    assert EXTRAS[0] in result.output


def test_without_a_gpu_that_is_said_and_what_works_without(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from evornn.backends.cuda import CudaBackend

    monkeypatch.setattr(door, "check_compiler", lambda: None)
    monkeypatch.setattr(door.cuda, "is_available", lambda: False)
    monkeypatch.setattr(door.cuda, "cuda_error", lambda: RuntimeError("no driver\nfound:"))
    simulation = made("cpu").simulation
    for make in (lambda: made("cuda"), lambda: CudaBackend(simulation)):
        with pytest.raises(EvornnError) as error:
            make()
        says(error, "no usable NVIDIA GPU (no driver found)", "nvidia-smi", "backend='cpu'", "evornn kernel SPEC")
    assert "def simulate(" in CudaBackend(simulation, compiling=True).kernel(1024, 1, 4).text


def test_unknown_compute_capabilities_are_named(door: Any) -> None:
    assert door.capability("9.0") == (9, 0)
    assert door.capability("12.0") == (12, 0)
    with pytest.raises(EvornnError, match=r"compute capability is '9\.1'; valid: 7\.5, .*did you mean '9\.0'"):
        door.capability("9.1")


def test_the_simulator_says_that_it_compiles_nothing(simulator: Any) -> None:
    call = (compiling_in_the_simulator, ())
    assert "unset NUMBA_ENABLE_CUDASIM" in simulator("errors", [call])[call].checked()


def test_nothing_of_cuda_is_imported_for_the_cpu() -> None:
    code = (
        "import sys, evornn as en\n"
        "p = en.Problem(en.networks.FullyRecurrent(units=2), en.tasks.DoublePole(), workers=1)\n"
        "p.evaluate(p.space.sample(__import__('numpy').random.default_rng(0), 3), steps=2)\n"
        "print([m for m in sys.modules if m.startswith(('numba.cuda.cudadrv', 'evornn.compiler.cuda'))])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
