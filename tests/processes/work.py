"""What threads and processes are given to do, in modules that a fresh interpreter can import."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import evornn as en

ROOT = Path(__file__).parents[2]
PATHS = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))


def problem(units: int = 1, steps: int = 8, **options: Any) -> en.Problem:
    """A problem whose kernel compiles in a second."""
    return en.Problem(en.networks.FullyRecurrent(units=units), en.tasks.Pendulum(steps=steps), **options)


def genomes(of: en.Problem, count: int = 5) -> np.ndarray:
    return of.space.sample(np.random.default_rng(1), count)


def oracle(of: en.Problem, count: int = 5) -> np.ndarray:
    """What NumPy says of the same genomes."""
    return en.Problem(of.network, of.task, "plain").evaluate(genomes(of, count)).fitness


# processes ------------------------------------------------------------------------------------------------------------
def started() -> bool:
    """Whether this process has done more than import: threads, kernels."""
    return threading.active_count() > 1 or any(name.startswith("evornn_kernel") for name in sys.modules)


@cache
def ready() -> subprocess.Popen:
    """The interpreter that has imported everything (ready.py); it ends when its standard input is closed: with us."""
    given = os.environ | {"PYTHONPATH": PATHS}
    code = Path(__file__).with_name("ready.py").read_text()
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    return subprocess.Popen([sys.executable, "-c", code], env=given, start_new_session=True, **pipes)


def answer(timeout: float) -> dict[str, Any]:
    """The line that tells how a program ended."""
    told = ready().stdout
    assert told is not None
    if not select.select([told], [], [], timeout)[0]:
        os.killpg(ready().pid, signal.SIGKILL)
        ready().wait()
        ready.cache_clear()
        raise TimeoutError(f"a program did not end within {timeout} s")
    return json.loads(told.readline())


def python(code: str, folder: Path, timeout: float = 300, **environment: str) -> subprocess.CompletedProcess:
    """Run code in an interpreter of its own, with a kernel cache of its own; it may import this module as `work`."""
    from tests import costs

    given = os.environ | {"EVORNN_CACHE": str(folder), "PYTHONPATH": PATHS} | environment
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as errors:
        asked = {"code": code, "environment": dict(given), "out": out.name, "errors": errors.name}
        ready().stdin.write(json.dumps(asked).encode() + b"\n")  # type: ignore[union-attr]
        ended = answer(timeout)
        costs.charge(ended["seconds"])
        texts = (Path(file.name).read_text(errors="replace") for file in (out, errors))
        return subprocess.CompletedProcess(code, ended["code"], *texts)


def fresh_python(code: str, folder: Path, timeout: float = 300, **environment: str) -> subprocess.CompletedProcess:
    """The same in an interpreter that is started for it: for what matters before anything is imported, or at exit."""
    given = os.environ | {"EVORNN_CACHE": str(folder), "PYTHONPATH": PATHS} | environment
    return subprocess.run(
        [sys.executable, "-c", code], env=given, capture_output=True, text=True, timeout=timeout, errors="replace"
    )
