"""Every file of a run, damaged in every way: an error that names it, or the right results; no file is lost."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from evornn.cli import app, runs
from evornn.experiment import launch
from evornn.experiment.storage import run_directory
from evornn.spec.run import Spec
from tests.damage import KINDS, damage
from tests.pairs import turn

SPEC = """
[network]
name = "FullyRecurrent"
units = 1
[task]
name = "Sequence"
data = "data.npz"
[search]
name = "GeneticAlgorithm"
population = 12
[problem]
backend = "plain"
[run]
seed = 1
evaluations = 60
"""
STATES = {  # of a run -> what its spec says otherwise, at which generation it is cut off, how it is resumed
    "cut": ([], 3, []),
    "finished": ([], None, ["--set", "run.evaluations=100"]),
    "solved": (["run.target=-10"], None, []),
}
FILES = (
    run_directory.SPEC,
    run_directory.ENVIRONMENT,
    run_directory.HISTORY,
    run_directory.FITNESS,
    run_directory.CHECKPOINT,
    run_directory.BEST,
    run_directory.RESULT,
)
CASES = [  # half of them by default, taking turns
    pytest.param(state, file, kind, marks=() if turn((i, j, k), every=2) else pytest.mark.slow)
    for i, state in enumerate(STATES)
    for j, file in enumerate((*FILES, run_directory.CHAMPION, "data.npz"))
    for k, kind in enumerate(KINDS)
    if not (state == "cut" and file in (run_directory.BEST, run_directory.RESULT))
    and (state == "solved" or file != run_directory.CHAMPION)
]


def call(*arguments):
    """Exit code and output; anything but 0, 1 and 2 is a traceback."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code in (0, 1, 2), result.output + repr(result.exception)
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def outcome(directory: Path) -> tuple:
    """What a run came to: everything but times, environments and files of no one else's business."""
    lines = [json.loads(line) for line in (directory / run_directory.HISTORY).read_text().splitlines()]
    result = json.loads((directory / run_directory.RESULT).read_text())
    for entry in (*lines, result):
        for name in ("seconds", "simulating", "crc32"):
            entry.pop(name, None)
    fitness = (directory / run_directory.FITNESS).read_bytes()
    return (
        lines,
        result,
        fitness,
        (directory / run_directory.BEST).read_bytes(),
        (directory / run_directory.CHECKPOINT).read_bytes(),
    )


def contents(folder: Path) -> dict:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stop_at(generation):
    def watch(record):
        if record.generation == generation:
            raise KeyboardInterrupt

    return watch


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """state -> (a folder that holds such a run and its data, what it comes to, its best network)."""
    found = {}
    draw = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 6, 1))
    for state, (overrides, cut, more) in STATES.items():
        folder = tmp_path_factory.mktemp(state)
        (folder / "spec.toml").write_text(SPEC)
        np.savez(folder / "data.npz", inputs=draw, targets=draw[::-1])
        spec = Spec.load(folder / "spec.toml", overrides)
        try:
            launch.start(spec, folder / "run", stop_at(cut))
        except KeyboardInterrupt:
            assert cut
        shutil.copytree(folder / "run", folder / "whole")
        assert call("resume", folder / "whole", "--no-figure", *more)[0] == 0
        expected, best = outcome(folder / "whole"), run_directory.read_best(folder / "run")
        shutil.rmtree(folder / "whole")
        found[state] = (folder, expected, best)
    return found


@pytest.fixture
def run(made, request, tmp_path):
    """A copy of the run in a state, beside the data that it reads; `damaged(name, kind)` damages a file of either."""
    folder, expected, best = made[request.param]
    directory = tmp_path / "f" / "run"
    shutil.copytree(folder / "run", directory)
    data = (folder / "data.npz").read_bytes()
    yield directory, folder / "data.npz", expected, best
    path = folder / "data.npz"
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.write_bytes(data)


@pytest.mark.parametrize(("run", "file", "kind"), CASES, indirect=["run"])
def test_a_damaged_file_is_named_or_what_it_held_is_known(run, file, kind, monkeypatch, request):
    """`resume` and `replay`: exit code 2 and the file's name, nothing changed; or the right results."""
    monkeypatch.setattr(runs, "_draw", lambda *arguments: [])
    directory, data, expected, (best, solved_at) = run
    path = data if file == "data.npz" else directory / file
    elsewhere = damage(
        path, kind, seed=[one.values for one in CASES].index((request.node.callspec.params["run"], file, kind))
    )
    kept = elsewhere and elsewhere.read_bytes()
    before = contents(directory)

    code, said = call("replay", directory)
    assert code == 0 or file in said or (code == 1 and best is None), said
    if code == 0:
        found, at = run_directory.read_best(directory)
        np.testing.assert_array_equal(found, best)
        assert at == solved_at
    assert contents(directory) == before

    code, said = call("resume", directory, "--no-figure", *STATES[request.node.callspec.params["run"]][2])
    if code == 0:
        assert outcome(directory) == expected
    else:
        assert code == 2
        assert file in said, said
        assert len(said.split("error: ")[1].splitlines()) == 1
        assert contents(directory) == before
    if kind == "directory":
        assert (path / "kept.txt").read_text() == "somebody's"
    if elsewhere:
        assert elsewhere.read_bytes() == kept
        elsewhere.unlink()
