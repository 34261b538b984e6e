"""Which backend computes: what "cuda" asks for, how "auto" decides and stays, and where CUDA may be imported."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evornn as en
from evornn.backends import select
from evornn.backends.base import over_episodes
from evornn.backends.cpu import CpuBackend
from evornn.backends.select import WithGpu
from evornn.errors import EvornnError

SOURCES = Path(en.__file__).parent


class FakeGpu:
    """Stands for the CUDA backend where there is no GPU: remembers what it is asked."""

    def __init__(self, simulation: Any, precision: str) -> None:
        self.sizes: list[int] = []

    def summarise(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Any:
        self.sizes.append(len(values))
        shape = (len(values), len(scenarios))
        return over_episodes(np.ones(shape), np.ones(shape), np.zeros(shape, bool))

    def close(self) -> None:
        self.sizes.append(-1)


@pytest.fixture
def problem() -> en.Problem:
    return en.Problem(en.networks.FullyRecurrent(2), en.tasks.Pendulum(steps=5), precision="float64", workers=1)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba_cuda")
    monkeypatch.setattr("evornn.backends.cuda.CudaBackend", FakeGpu)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("first", "taken"), [(7, CpuBackend), (8, FakeGpu)])
def test_auto_s_first_batch_decides_for_good(problem: en.Problem, first: int, taken: type) -> None:
    both = WithGpu(CpuBackend(problem.simulation, "float64", 1), smallest=8)
    values = problem.simulation.genome.values(problem.space.sample(np.random.default_rng(0), 20))
    for count in (first, 1, 20):
        both.summarise(values[:count], problem.scenarios, 5)
        assert isinstance(both.chosen, taken)
    if taken is FakeGpu:
        assert both.chosen.sizes == [8, 1, 20]
    both.close()


@pytest.mark.usefixtures("gpu")
def test_gradients_stay_on_the_cpu(problem: en.Problem) -> None:
    both = WithGpu(CpuBackend(problem.simulation, "float64", 1), smallest=0)
    values = problem.simulation.genome.values(problem.space.sample(np.random.default_rng(0), 3))
    for name in ("gradient", "tangent"):
        arguments = (values,) if name == "gradient" else (values, np.ones_like(values))
        found = getattr(both, name)(*arguments, problem.scenarios, 5, 0)
        wanted = getattr(both.host, name)(*arguments, problem.scenarios, 5, 0)
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(a, b)
    assert both.chosen is None
    both.close()


def test_champions_are_tested_on_the_cpu(problem: en.Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WithGpu, "why_not", lambda: "")
    on_gpu = en.Problem(problem.network, problem.task, backend="cuda")
    assert (on_gpu.exact().backend_name, on_gpu.exact().precision) == ("cpu", "float64")
    assert problem.exact() is problem


def test_auto_without_a_gpu_is_the_cpu(problem: en.Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WithGpu, "why_not", lambda: "no GPU")
    genomes = problem.space.sample(np.random.default_rng(1), 4)
    auto = en.Problem(problem.network, problem.task, backend="auto", precision="float64")
    np.testing.assert_array_equal(auto.evaluate(genomes).fitness, problem.evaluate(genomes).fitness)
    with pytest.raises(EvornnError, match="no GPU"):
        en.Problem(problem.network, problem.task, backend="cuda")


def test_the_measured_crossover_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("numba_cuda")
    from evornn.compiler.cuda import device

    monkeypatch.setenv("EVORNN_CACHE", str(tmp_path / "cache"))
    facts = device.DeviceFacts("a GPU", (9, 0), 100, 10, 5)
    monkeypatch.setattr(device, "facts", lambda: facts)
    assert select.crossover()[0] == select.PREDICTED
    assert "prediction" in select.crossover()[1]
    select.record_crossover("another GPU", 17)
    assert select.crossover()[0] == select.PREDICTED
    select.record_crossover("a GPU", 512)
    assert select.crossover()[0] == 512
    assert "measured on" in select.crossover()[1]
    (tmp_path / "cache" / "crossover.json").write_text("{broken")
    assert select.crossover()[0] == select.PREDICTED


def test_one_module_knows_cuda_s_packages() -> None:
    """The seam: a successor of numba-cuda is put in there."""
    imports = re.compile(r"^\s*(from|import) (numba\.cuda|numba_cuda|cuda\b)|^\s*from numba import .*\bcuda\b", re.M)
    found = {str(p.relative_to(SOURCES)) for p in SOURCES.rglob("*.py") if imports.search(p.read_text())}
    assert found == {"compiler/cuda/device.py"}


def test_ordinary_runs_do_not_import_cuda() -> None:
    program = (
        "import sys, evornn as en, numpy as np\n"
        "p = en.Problem(en.networks.FullyRecurrent(2), en.tasks.Pendulum(steps=3), backend='plain')\n"
        "p.evaluate(p.space.sample(np.random.default_rng(0), 2))\n"
        "print([m for m in sys.modules if m.startswith(('numba.cuda', 'numba_cuda', 'cuda.'))])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
