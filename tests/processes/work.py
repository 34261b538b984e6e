"""What threads and processes are given to do, in modules that a fresh interpreter can import."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import evornn as en

ROOT = Path(__file__).parents[2]


def problem(units: int = 1, steps: int = 8, **options: Any) -> en.Problem:
    """A problem whose kernel compiles in a second."""
    return en.Problem(en.networks.FullyRecurrent(units=units), en.tasks.Pendulum(steps=steps), **options)


def genomes(of: en.Problem, count: int = 5) -> np.ndarray:
    return of.space.sample(np.random.default_rng(1), count)


def oracle(of: en.Problem, count: int = 5) -> np.ndarray:
    """What NumPy says of the same genomes."""
    return en.Problem(of.network, of.task, "plain").evaluate(genomes(of, count)).fitness


def python(code: str, cache: Path, timeout: float = 300, **environment: str) -> subprocess.CompletedProcess:
    """Run code in a fresh interpreter with its own kernel cache; it may import this module as `work`."""
    paths = [str(ROOT), str(Path(__file__).parent)]
    given = os.environ | {"EVORNN_CACHE": str(cache), "PYTHONPATH": os.pathsep.join(paths)} | environment
    return subprocess.run(
        [sys.executable, "-c", code], env=given, capture_output=True, text=True, timeout=timeout, errors="replace"
    )
