"""The compiled code itself: whole vectors, no double precision by accident, caches that hit and never lie."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from evornn.backends.cpu import CpuBackend
from evornn.compiler import cache_folder, module_cache, object_code
from evornn.compiler.host import features, native_lanes
from evornn.compiler.lanes.elementary import FUNCTIONS
from evornn.networks import CTRNN, LSTM, FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import DoublePole, Sequence
from tests.guards import HANGS

ONE_RUN = """
import sys, numpy as np, evornn as en
problem = en.Problem(en.networks.FullyRecurrent(units=3), en.tasks.MountainCar(), workers=1)
kernel = problem.backend.kernel(17, 1, problem.scenarios.shape[1])
print(problem.evaluate(problem.space.sample(np.random.default_rng(0), 17), steps=9).fitness.tobytes().hex())
print(len(kernel.function.loaded), kernel.function.compiled, 'numba' in sys.modules)
"""


def run_in(folder: Path) -> list[str]:
    environment = {**os.environ, "EVORNN_CACHE": str(folder)}
    done = subprocess.run([sys.executable, "-c", ONE_RUN], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")


def test_a_second_process_finds_the_kernel_and_gets_the_same_numbers(tmp_path: Path) -> None:
    first, second = run_in(tmp_path), run_in(tmp_path)
    assert first[0] == second[0]
    assert first[1] == "1 1 True"
    assert second[1] == "1 0 False", "compiled code comes from the cache, and nothing that compiles is imported"
    assert len(list(tmp_path.glob("*.kernel"))) == 1


@pytest.mark.parametrize("count", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_processes_may_build_one_kernel_at_once(count: int, tmp_path: Path) -> None:
    results: list[list[str]] = []
    threads = [threading.Thread(target=lambda: results.append(run_in(tmp_path))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    assert len({r[0] for r in results}) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".kernel"]


def test_every_ingredient_is_in_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    name = module_cache.module_name("text")
    assert module_cache.module_name("other text") != name
    names = {name}
    for source in module_cache.sources():
        monkeypatch.setattr(Path, "read_bytes", lambda self, s=source: b"edited" if str(self).endswith(s) else b"")
        module_cache.ingredients.cache_clear()
        names.add(module_cache.module_name("text"))
        monkeypatch.undo()
    assert len(names) == 1 + len(module_cache.sources()) > 40
    module_cache.ingredients.cache_clear()
    assert module_cache.module_name("text") == name


def test_the_cache_lists_and_clears_only_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVORNN_CACHE", str(tmp_path))
    (tmp_path / "mine.txt").write_text("keep")
    cache_folder.write("evornn_kernel_0-0.kernel", b"answer")
    assert cache_folder.contents()["kernels"] == 1
    assert cache_folder.clear() == 1
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["mine.txt"]


def assembly(problem: Problem, layout: str, jobs: int = 1) -> str:
    backend = CpuBackend(problem.simulation, problem.precision, 1, layout, native_lanes(problem.precision) * jobs, jobs)
    backend.evaluate(problem.space.sample(np.random.default_rng(0), 3), problem.scenarios, 2)
    (kernel,) = backend._kernels.values()
    function = kernel.function
    return object_code.assembly(function.text, function.name, next(iter(function.loaded)))


@pytest.mark.parametrize(
    ("network", "task", "layout"),
    [
        (FullyRecurrent(units=5), DoublePole(velocities=False), "individuals"),
        (LSTM(units=24), Sequence(), "episodes"),
        (CTRNN(units=40), Sequence(), "units"),
    ],
)
def test_float32_kernels_are_whole_vectors_without_double_precision(
    network: FullyRecurrent, task: DoublePole, layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if features()["vector_bits"] < 256:
        pytest.skip("the names of instructions below are x86's with AVX")
    monkeypatch.setenv("EVORNN_CACHE", str(tmp_path))
    code = assembly(Problem(network, task), layout)
    register = "zmm" if features()["vector_bits"] == 512 else "ymm"
    products = re.findall(rf"vfmadd\w+ps\s.*{register}", code)
    assert len(products) > 20
    far = "two_over_pi" in code  # the detour for far angles ends in one scalar double multiplication
    doubles = re.findall(r"\bv(?:add|div|fmadd\w*|sub)[ps]d\b|\bvmulpd\b" + ("" if far else r"|\bvmulsd\b"), code)
    assert not doubles, doubles[:3]
    assert not re.findall(r"vfmadd\w+ss\b", code), "a scalar loop crept in"
    assert re.search(r"andq\s+\$-64, %rsp", code), "vectors are spilled to an aligned stack"


def test_elementary_functions_compile_to_what_the_algebra_computes() -> None:
    """The error of the algebra is tested over the whole range elsewhere; here: kernels give the same bits."""
    import evornn.formula as f
    from evornn.compiler.lanes.numpy_lanes import evaluate
    from tests.backends.harness import Reading, run

    names = [n for n in FUNCTIONS if hasattr(f, n)]
    assert {"exp", "log", "tanh", "sigmoid", "sin", "cos"} <= set(names)
    for precision, dtype in (("float32", np.float32), ("float64", np.float64)):
        tiny, huge = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
        rng = np.random.default_rng(0)
        x = np.concatenate([rng.normal(0, s, 400) for s in (1e-3, 1, 10, 100, 1e4)] + [10 ** rng.uniform(-37, 38, 400)])
        x = np.concatenate([x, [0.0, -0.0, tiny, -tiny, huge, -huge, 88.0, -88.0, -103.0]]).astype(dtype).astype(float)
        simulation = Reading(
            {"x": (1,)}, lambda p, s, t: f.concat(*(getattr(f, n)(p.x[0]) for n in names)), outputs=len(names)
        )
        found = run(simulation, x[:, None], len(names), 1, "individuals", precision)
        for i, name in enumerate(names):
            np.testing.assert_array_equal(
                found[:, i].astype(dtype), evaluate(name, x.astype(dtype)), err_msg=f"{name} {precision}"
            )


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_returns_at_once(interruptible: None) -> None:
    code = (
        "import numpy as np, evornn as en\n"
        "p = en.Problem(en.networks.FullyRecurrent(units=5), en.tasks.MountainCar(), early_exit=False)\n"
        "g = p.space.sample(np.random.default_rng(0), 64)\n"
        "p.evaluate(g, steps=3)\n"
        "print('ready', flush=True)\n"
        "p.evaluate(g, steps=10**10)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=HANGS)  # what was asked for takes hours
        assert child.stderr is not None
        assert "KeyboardInterrupt" in child.stderr.read()
    finally:
        child.kill()
