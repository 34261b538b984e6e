"""What stands around the command line: closed pipes, odd terminals and names, two runs at once, files that move."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import evornn
from evornn.errors import EvornnError, EvornnWarning
from evornn.experiment.storage import run_directory, seals
from evornn.spec.parsing import override
from evornn.spec.run import Spec
from tests.cli.test_cli import ROOT, SEARCHES, SMALL, call, process
from tests.guards import HANGS

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
DATA = SMALL.replace('name = "Pendulum"\nsteps = 20', 'name = "Sequence"\ndata = "x.npz"')


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SMALL)
    return "small.toml"


def shell(command, **environment):
    """Exit code, standard output and errors of a command in which `evornn` is ours."""
    mine = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    command = command.replace("evornn ", f"{sys.executable} -m evornn ")
    done = subprocess.run(["bash", "-c", command], env=mine, capture_output=True, timeout=HANGS)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def test_a_closed_pipe_stops_no_run_and_is_no_success_elsewhere(small):
    assert shell(f"set -o pipefail; evornn run {small} --no-figure 2>&1 | head -1")[0] == 0
    assert run_directory.read_json(Path("runs/out/small-1"), run_directory.RESULT)["evaluations"] == 30
    assert shell(f"evornn run {small} --out closed --no-figure >&-")[0] == 0
    assert shell(f"evornn run {small} --out full --no-figure > /dev/full")[0] == 0
    assert (
        run_directory.read_history(Path("closed"))[-1].evaluations
        == run_directory.read_history(Path("full"))[-1].evaluations
        == 30
    )
    code, _, said = shell("set -o pipefail; evornn list | (exec <&-; sleep 3)")
    assert (code, said) == (141, "")
    code, _, said = shell("evornn list > /dev/full")
    assert code == 1
    assert "Traceback" not in said


def test_terminals_without_the_letters(small):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    for command in (
        "evornn list",
        f"evornn run {small} --out 'é b' --no-figure",
        "evornn resume 'é b'",
        "evornn replay 'é b'",
    ):
        code, _, said = shell(command, **plain)
        assert code == 0, said


def test_without_compiling_there_is_the_plain_backend(small):
    code, _, said = shell(f"evornn run {small} --no-figure --set problem.backend=cpu", NUMBA_DISABLE_JIT="1")
    assert code == 2
    assert said.startswith("error: ")
    assert "NUMBA_DISABLE_JIT is set" in said
    assert "Traceback" not in said
    assert shell(f"evornn run {small} --no-figure", NUMBA_DISABLE_JIT="1")[0] == 0


def test_two_runs_of_one_spec_at_once_get_a_directory_each(small):
    both = [process("run", small, "--no-figure", "--seed", "4", **PIPES) for _ in range(2)]
    assert [one.wait(HANGS) for one in both] == [0, 0]
    made = sorted(path.name for path in Path("runs/out").iterdir())
    assert made == ["small-4", "small-4-2"]
    histories = [run_directory.read_history(Path("runs/out") / name) for name in made]
    assert [h[-1].evaluations for h in histories] == [30, 30]
    both = [process("run", small, "--no-figure", "--out", "one", "--seed", str(seed), **PIPES) for seed in (1, 2)]
    codes = sorted(one.wait(HANGS) for one in both)
    assert codes == [0, 2]
    seed = run_directory.read_json(Path("one"), run_directory.ENVIRONMENT)["seed"]
    assert f"seed = {seed}\n" in Path("one", run_directory.SPEC).read_text()
    assert [one.returncode for one in both].index(0) == seed - 1


def test_hints_can_be_pasted_into_a_shell(small):
    call("run", small, "--out", "a b", "--no-figure")
    assert "continue it with: evornn resume 'a b'" in call("run", small, "--out", "a b", code=2)
    assert "too long" in call("run", small, "--out", "x" * 300, code=2)


def test_specs_as_editors_and_shells_leave_them(small):
    for text in ("\ufeff" + SMALL, SMALL.replace("\n", "\r\n")):
        Path("odd.toml").write_bytes(text.encode())
        call("run", "odd.toml", "--no-figure")
    assert shell("evornn run /dev/stdin --out piped --no-figure < small.toml")[0] == 0
    Path("odd.toml").write_bytes(SMALL.encode("utf-16"))
    assert "not text in UTF-8" in call("run", "odd.toml", code=2)
    Path("odd.toml").write_bytes(b"")
    assert "missing" in call("run", "odd.toml", code=2)
    assert "Is a directory" in call("run", ".", code=2)


def test_options_that_mean_nothing_are_refused(small):
    assert "is part of no name" in call("bench", "--only", "nothing", code=2)
    assert "--seconds is -1.0" in call("bench", "--seconds", "-1", code=2)
    assert "LSTM" not in call("list", "--markdown", "tasks")
    assert "did you mean 'tasks'" in call("list", "--markdown", "task", code=2)
    assert "not one value" in call("run", small, "--set", "run.evaluations=5\nseed = 7", code=2)
    with pytest.raises(EvornnError, match="not one value"):
        override("search.name=GeneticAlgorithm\nx", "KEY=VALUE")
    call("run", small, "--out", "r", "--no-figure")
    before = {path.name: path.read_bytes() for path in Path("r").iterdir()}
    said = call("resume", "r", "--set", "run.evaluations=29", code=2)
    assert "evaluations is 29; this run has spent 30 already" in said
    assert {path.name: path.read_bytes() for path in Path("r").iterdir()} == before


def test_data_stand_beside_the_spec_and_are_recognised(tmp_path, monkeypatch):
    arrays = np.random.default_rng(0).uniform(size=(2, 2, 5, 1))
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "s.toml").write_text(DATA)
    np.savez(tmp_path / "specs" / "x.npz", inputs=arrays[0], targets=arrays[1])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    call("run", "../specs/s.toml", "--out", "r", "--no-figure")
    more = ["resume", "r", "--no-figure", "--set", "run.evaluations=40"]
    shutil.move("../specs/x.npz", "y.npz")
    assert "x.npz', which cannot be read: No such file" in call(*more, code=2)
    call(*more, "--set", "task.data=y.npz")
    np.savez("y.npz", inputs=arrays[0], targets=2 * arrays[1])
    assert "the data or the scenarios of the task changed" in call("resume", "r", code=2)


def test_a_task_edited_between_run_and_resume_and_other_versions_are_told(small):
    call("run", small, "--out", "r", "--no-figure")
    spec, text = Path("r", run_directory.SPEC), Path("r", run_directory.SPEC).read_text()
    spec.write_text(text.replace("steps = 20", "steps = 21"))
    assert "spec.toml was changed since the run was begun" in call("resume", "r", code=2)
    assert "spec.toml was changed since the run was begun" in call("replay", "r", code=2)
    spec.write_text(text)
    path = Path("r", run_directory.ENVIRONMENT)
    known = seals.read_json(path)
    known["versions"]["numpy"] = "1.0"
    path.write_bytes(seals.json_bytes(known))
    assert f"numpy 1.0 -> {np.__version__}; it may end otherwise" in call("resume", "r", "--no-figure")
    assert "numpy 1.0" not in call("resume", "r", "--no-figure")  # told once: both are in its environment now


def test_a_run_needs_a_search_that_was_told_nothing(small):
    problem, search = Spec.load(small).build()
    evornn.run(problem, search, evaluations=24)
    with pytest.raises(EvornnError, match="has been told 24 evaluations already"):
        evornn.run(problem, search, evaluations=24)


@pytest.mark.parametrize("name", SEARCHES)
def test_what_no_one_asked_cannot_be_told(name):
    problem = evornn.Problem(evornn.networks.FullyRecurrent(units=1), evornn.tasks.Pendulum(steps=3), backend="plain")
    search = SEARCHES[name](problem.space, seed=1)
    with pytest.raises(EvornnError, match=r"tell\(\) before ask\(\)"):
        search.tell(np.zeros((1, problem.dimension)), np.zeros(1))
    search.prepare(problem)
    genomes = search.ask()
    fine, gradients = np.zeros(len(genomes)), np.zeros_like(genomes)
    for fitness in ([], {}, None, "x", np.zeros(len(genomes) + 1), np.zeros((len(genomes), 1)), ["1.0"] * len(genomes)):
        with pytest.raises(EvornnError, match="fitness"):
            search.tell(genomes, fitness, gradients)
    for others in (genomes + 1e-3, genomes[:0], genomes.T[:, None], [[1.0], [1.0, 2.0]], None, {}):
        with pytest.raises(EvornnError, match="genomes"):
            search.tell(others, fine, gradients)
    with pytest.raises(EvornnError, match="waiting for their fitness"):
        search.ask()
    assert search.evaluations == 0
    search.tell(genomes, fine, gradients)
    assert search.evaluations == len(genomes)


def test_nothing_is_written_or_deleted_through_links_nor_deleted_of_others(small, tmp_path):
    call("run", small, "--out", "r", "--no-figure")
    kept = tmp_path / "kept.txt"
    kept.write_text("dear")
    for name in ("figure.svg", ".x.tmp", ".thesis.evornn-tmp"):
        Path("r", name).symlink_to(kept)
    Path("r", ".other.tmp").write_text("dear")
    abandoned = Path("r", f".{run_directory.write_atomic.__globals__['_host']()}-999999999-ab.evornn-tmp")
    abandoned.write_text("half")
    call("resume", "r", "--set", "run.evaluations=40")
    assert kept.read_text() == Path("r", ".other.tmp").read_text() == "dear"
    assert Path("r", ".x.tmp").is_symlink()
    assert not Path("r", "figure.svg").is_symlink()
    assert not abandoned.exists()


def test_runs_of_before_checksums_go_on(small):
    call("run", small, "--out", "r", "--no-figure")
    for name in (run_directory.ENVIRONMENT, run_directory.RESULT):
        known = seals.read_json(Path("r", name))
        for new in ("checksums", "spec", "data", "noise"):
            known.pop(new, None)
        Path("r", name).write_text(json.dumps(known))
    lines = Path("r", run_directory.HISTORY).read_bytes()
    Path("r", run_directory.HISTORY).write_bytes(re.sub(rb',"crc32":"\w+"', b"", lines))
    np.save(Path("r", run_directory.BEST), np.load(Path("r", run_directory.BEST)))
    assert len(run_directory.read_history(Path("r"))) == 3
    said = call("resume", "r", "--no-figure", "--set", "run.evaluations=40")
    assert "was made before there were checksums" in said
    assert run_directory.read_history(Path("r"))[-1].evaluations == 40
    with pytest.warns(EvornnWarning, match="before there were checksums"):
        evornn.resume("r")
