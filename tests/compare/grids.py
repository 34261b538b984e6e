"""A small comparison for tests, and what two directories of one must have in common."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import evornn
from evornn.experiment.storage import run_directory

ROOT = Path(evornn.__file__).parents[1]
SPEC = """
[compare]
seeds = {seeds}
evaluations = {evaluations}
workers = 2
[problem]
backend = "plain"
[[problems]]
name = "swing up"
network = {{ name = "Elman", units = 2 }}
task = {{ name = "Pendulum", steps = {steps} }}
[[problems]]
name = "short"
network = {{ name = "FullyRecurrent", units = 2 }}
task = {{ name = "Pendulum", steps = 4 }}
target = -20.0
[[methods]]
name = "GA"
search = {{ name = "GeneticAlgorithm", population = 10, reevaluate = true }}
on = {{ short = {{ search = {{ population = 6 }} }} }}
[[methods]]
name = "guess"
search = {{ name = "RandomGuessing", population = 10 }}
"""


def written(path: Path, seeds: object = 2, evaluations: int = 40, steps: int = 5) -> Path:
    """The comparison's file."""
    path.write_text(SPEC.format(seeds=seeds, evaluations=evaluations, steps=steps))
    return path


def process(*arguments: object, **options: object) -> subprocess.Popen:
    """`evornn compare` in a process group of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "evornn", "compare", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.PIPE, **options)


def logged(out: Path) -> int:
    """Bytes of history written so far."""
    return sum(path.stat().st_size for path in out.glob(f"cells/*/*/*/{run_directory.HISTORY}"))


def timeless(directory: Path) -> dict[str, object]:
    """Everything that a run's directory says, but for wall time, checksums of it, and what it was made with."""
    lines = [json.loads(line) for line in (directory / run_directory.HISTORY).read_text().splitlines()]
    for line in lines:
        del line["seconds"], line["simulating"], line["crc32"]
    result = json.loads((directory / run_directory.RESULT).read_text())
    del result["seconds"], result["crc32"]
    names = (
        run_directory.SPEC,
        run_directory.FITNESS,
        run_directory.BEST,
        run_directory.CHECKPOINT,
        run_directory.CHAMPION,
    )
    files = {name: (directory / name).read_bytes() for name in names if (directory / name).exists()}
    return {"history": lines, "result": result, **files}


def assert_same(one: Path, other: Path) -> None:
    """Both directories hold the same runs with the same results, and nothing half-written."""
    runs = sorted(path.relative_to(one) for path in one.glob("cells/*/*/*"))
    assert runs == sorted(path.relative_to(other) for path in other.glob("cells/*/*/*"))
    for run in runs:
        assert timeless(one / run) == timeless(other / run), run
    assert (one / "compare.toml").read_text() == (other / "compare.toml").read_text()
    assert table(one) == table(other)
    assert not list(other.rglob("*tmp"))


def table(out: Path) -> list[list[str]]:
    """results.csv without the column of seconds."""
    lines = [line.split(",") for line in (out / "results.csv").read_text().splitlines()]
    place = lines[0].index("seconds")
    return [line[:place] + line[place + 1 :] for line in lines]
