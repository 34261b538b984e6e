"""Every search and trainer, killed again and again at random moments: the run ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evornn
from evornn.experiment import run as run_module
from evornn.experiment.storage import run_directory
from evornn.networks import FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import Sequence
from tests.experiment.fakes import SEARCHES, FakeProblem

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that start in a millisecond")

KILLS, BUDGET, PATIENCE = 6, 400, 60.0  # kills of a run; evaluations; seconds, against hanging
QUICK = ("GeneticAlgorithm", "Memetic")
REAL = "Online"  # learns step by step only where there are steps
CASES = [
    *((name, {}) for name in SEARCHES),
    ("Online", {"method": "tbptt", "k1": 1, "k2": 2, "batch": 1}),
    ("DualAnnealing", {"no_local_search": False}),
    ("Adam", {"batch": 2}),
    ("Memetic", {"search": "CMAES", "share": 0.5}),
    ("IslandModel", {"search": ["MicrobialGA", "DualAnnealing"], "islands": 2, "every": 0}),
]


def made(name: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """A problem that takes its time, and a search."""
    if name != REAL:
        problem: Any = FakeProblem(delay=0.001)
    else:
        draws = np.random.default_rng(0).uniform(-1, 1, (2, 3, 1))
        problem = Problem(FullyRecurrent(2), Sequence(draws, draws[:, ::-1].copy()), backend="plain", seed=1)
    return problem, SEARCHES[name](problem.space, population=10, seed=3, **options)


def carried_out(directory: Path, name: str, options: dict[str, Any], checkpoints: float) -> None:
    run_module.CHECKPOINT_SECONDS = checkpoints
    problem, search = made(name, options)
    evornn.run(problem, search, evaluations=BUDGET, target=1e9, out=directory, resume=run_directory.is_run(directory))


def forked(*arguments: Any) -> int:
    """The number of a process that carries a run out."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        carried_out(*arguments)
        code = 0
    finally:
        os._exit(code)  # nothing of the tests' process is to be wound up


def ended(child: int, seconds: float) -> int | None:
    """How a process ended within so many seconds; None if it goes on."""
    until = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(0.0005)


def logged(directory: Path) -> int:
    history = directory / run_directory.HISTORY
    return history.stat().st_size if history.exists() else 0


def killed(directory: Path, name: str, options: dict[str, Any], wait: random.Random, checkpoints: float) -> bool:
    """Kill a run at a random moment after it has come further; False if it was quicker."""
    before, child = logged(directory), forked(directory, name, options, checkpoints)
    until = time.monotonic() + PATIENCE
    code = None
    while code is None and logged(directory) == before:
        assert time.monotonic() < until, "the run does not go on"
        code = ended(child, 0.0005)
    if code is None:
        code = ended(child, wait.uniform(0.0, 0.03))
    if code is None:
        os.kill(child, signal.SIGKILL)
        code = ended(child, PATIENCE)
    assert code in (0, -signal.SIGKILL)
    return code == -signal.SIGKILL


def everything(directory: Path) -> dict[str, Any]:
    """All that a run's directory says, but for wall time and its checksums."""
    lines = [json.loads(line) for line in (directory / run_directory.HISTORY).read_text().splitlines()]
    result = json.loads((directory / run_directory.RESULT).read_text())
    for one in (*lines, result):
        for name in ("seconds", "simulating", "crc32"):
            one.pop(name, None)
    names = (run_directory.FITNESS, run_directory.BEST, run_directory.CHECKPOINT)
    return {"history": lines, "result": result, **{name: (directory / name).read_bytes() for name in names}}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param(
            name, options, marks=() if name in QUICK and not options else pytest.mark.slow, id=f"{name}-{options}"
        )
        for name, options in CASES
    ],
)
def test_killed_at_random_moments_ends_the_same(tmp_path, monkeypatch, name, options):
    """With a checkpoint in every generation, or none but the first, by turns."""
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", 1e9)
    carried_out(tmp_path / "quiet", name, options, 1e9)
    wait = random.Random(zlib.crc32(f"{name}{options}".encode()))
    kills = 0
    for number in range(KILLS):
        kills += killed(tmp_path / "run", name, options, wait, (0.0, 1e9)[number % 2])
    child = forked(tmp_path / "run", name, options, 1e9)
    assert ended(child, PATIENCE) == 0
    assert kills >= 2
    assert everything(tmp_path / "run") == everything(tmp_path / "quiet")
    assert not list((tmp_path / "run").glob(".*"))
