"""Run directories: killed, torn, full or locked, they stay readable and continue bit for bit."""

import contextlib
import errno
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import evornn
from evornn.errors import EvornnError, EvornnWarning
from evornn.experiment import run as run_module
from evornn.experiment.storage import checkpoint, run_directory
from tests.experiment.fakes import SEARCHES, make

BUDGET = 1500


def timeless(directory: Path) -> list[dict]:
    """The history without wall time, which no two runs share, and the lines' checksums, which hold it."""
    lines = [json.loads(line) for line in (directory / run_directory.HISTORY).read_text().splitlines()]
    for line in lines:
        del line["seconds"], line["simulating"], line["crc32"]
    return lines


def assert_same_run(one: Path, other: Path) -> None:
    assert timeless(one) == timeless(other)
    for name in (run_directory.FITNESS, run_directory.BEST, run_directory.CHECKPOINT):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def size(directory: Path) -> int:
    history = directory / run_directory.HISTORY
    return history.stat().st_size if history.exists() else 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run."""
    directory = tmp_path_factory.mktemp("whole") / "run"
    problem, search = make()
    evornn.run(problem, search, evaluations=BUDGET, out=directory)
    return directory


def test_killed_at_random_times_and_resumed_is_bit_identical(tmp_path, whole):
    directory, kills, wait = tmp_path / "run", 0, random.Random(0)
    command = [sys.executable, str(Path(__file__).with_name("fakes.py")), str(directory), str(BUDGET)]
    environment = os.environ | {"PYTHONPATH": str(Path(evornn.__file__).parents[1])}
    while kills < 4:
        written = size(directory)
        process = subprocess.Popen(command, env=environment)
        while process.poll() is None and size(directory) == written:
            time.sleep(0.001)  # the interpreter is still starting
        time.sleep(wait.uniform(0.0, 0.05))
        process.kill()
        if process.wait() != -signal.SIGKILL:
            break  # it was faster and has finished
        kills += 1
    subprocess.run(command, env=environment, check=True)
    assert kills >= 2
    assert_same_run(directory, whole)


@pytest.mark.parametrize("without_checkpoint", [False, True])
def test_resume_after_an_interruption_at_every_place(tmp_path, whole, monkeypatch, without_checkpoint):
    """Ctrl-C during an evaluation, a torn last line, torn fitness, a damaged checkpoint: all resume to the same run."""
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", 0.0)
    directory = tmp_path / "run"
    for number in range(4):
        problem, search = make()
        interrupt_after(search, 8 + number)
        power_cut = pytest.warns(EvornnWarning, match="ends early, as after a power cut: generation 1. and later ones")
        with pytest.raises(KeyboardInterrupt), power_cut if number == 2 else contextlib.nullcontext():
            evornn.run(problem, search, evaluations=BUDGET, out=directory, resume=number > 0)
        if number == 0:
            with (directory / run_directory.HISTORY).open("ab") as file:
                file.write(b'{"generation":9,"evalua')
        if number == 1:
            with (directory / run_directory.FITNESS).open(
                "r+b"
            ) as file:  # as after a power cut: the newest page is gone
                file.truncate(file.seek(0, 2) - 60)
        if number == 2:
            (directory / run_directory.CHECKPOINT).write_bytes(b"damaged")
        if without_checkpoint:
            (directory / run_directory.CHECKPOINT).unlink(missing_ok=True)
        assert run_directory.read_history(directory)
    problem, search = make()
    result = evornn.run(problem, search, evaluations=BUDGET, out=directory, resume=True)
    assert result.evaluations == BUDGET > problem.evaluated  # what had been logged was not evaluated again
    assert_same_run(directory, whole)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_killed_while_its_directory_is_made(tmp_path, monkeypatch, written):
    fine, directory, calls = run_directory.write_atomic, tmp_path / "run", []

    def cut_off(path, data):
        if len(calls) == written:
            raise KeyboardInterrupt
        calls.append(path)
        fine(path, data)

    monkeypatch.setattr(run_directory, "write_atomic", cut_off)
    with contextlib.suppress(KeyboardInterrupt), run_directory.Store.create(directory, {"begun": 1}, "[search]"):
        pass
    monkeypatch.undo()
    assert run_directory.is_run(directory) == (written > 0)
    again = run_directory.Store.reopen if written else run_directory.Store.create
    with again(directory, {"begun": 2}, "[search]"):
        pass
    known = run_directory.read_json(directory, run_directory.ENVIRONMENT)
    assert [known["begun"], *(entry["begun"] for entry in known.get("resumed", []))] == [[2], [2], [1, 2]][written]


def interrupt_after(search, generations):
    """Let the consultation after so many be cut off, as Ctrl-C does."""
    calls, fine = [], search.evaluate_with

    def consulted(*arguments):
        calls.append(1)
        if len(calls) > generations:
            raise KeyboardInterrupt
        return fine(*arguments)

    search.evaluate_with = consulted


CASES = [(name, {}) for name in SEARCHES] + [
    ("GeneticAlgorithm", {"reevaluate": True, "restart_after": 3}),
    ("SGD", {"batch": 2, "nesterov": True}),
    ("Online", {"batch": 1}),
    ("Memetic", {"share": 0.3, "steps": 2, "search": {"name": "ParticleSwarm"}}),
]


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("checkpoint_seconds", [0.0, 1e9])
def test_every_search_resumes_bit_for_bit(tmp_path, monkeypatch, name, options, checkpoint_seconds):
    """By its newest checkpoint, and by replaying the fitness log, gradients taken anew."""
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", checkpoint_seconds)
    problem, search = make(solves=-1.0, name=name, **options)
    whole = evornn.run(problem, search, evaluations=333, out=tmp_path / "whole")
    done = 0
    for generations in (3, 5):  # those that are replayed are consulted as well, if they want gradients
        problem, search = make(solves=-1.0, name=name, **options)
        interrupt_after(search, generations + (0 if checkpoint_seconds == 0.0 else done))
        with pytest.raises(KeyboardInterrupt):
            evornn.run(problem, search, evaluations=333, out=tmp_path / "cut", resume=done > 0)
        done = len(run_directory.read_history(tmp_path / "cut"))
        assert done >= generations
    problem, search = make(solves=-1.0, name=name, **options)
    cut = evornn.run(problem, search, evaluations=333, out=tmp_path / "cut", resume=True)
    assert_same_run(tmp_path / "cut", tmp_path / "whole")
    assert cut.gradients == whole.gradients


def test_gradients_that_come_out_otherwise_are_noticed(tmp_path):
    problem, search = make(name="Adam")
    interrupt_after(search, 4)
    with pytest.raises(KeyboardInterrupt):
        evornn.run(problem, search, evaluations=BUDGET, out=tmp_path / "run")
    problem, search = make(name="Adam")
    fine, problem.gradient = problem.gradient, lambda genomes, episodes: changed(fine(genomes, episodes))
    with pytest.raises(EvornnError, match=r"in generation 1 gradients taken again come with other fitness"):
        evornn.run(problem, search, evaluations=BUDGET, out=tmp_path / "run", resume=True)
    assert len(run_directory.read_history(tmp_path / "run")) == 4


def changed(told):
    told.fitness[3] = np.nextafter(told.fitness[3], 1.0)
    return told


def test_a_larger_budget_continues_as_if_it_had_been_larger_from_the_start(tmp_path, whole):
    directory = tmp_path / "run"
    for budget in (333, BUDGET):
        problem, search = make()
        evornn.run(problem, search, evaluations=budget, out=directory, resume=directory.exists())
    np.testing.assert_array_equal(
        np.fromfile(directory / run_directory.FITNESS), np.fromfile(whole / run_directory.FITNESS)
    )
    np.testing.assert_array_equal(np.load(directory / run_directory.BEST), np.load(whole / run_directory.BEST))


def test_a_solved_run_resumes_to_the_same_verified_champion(tmp_path):
    problem, search = make(solves=0.001)
    first = evornn.run(problem, search, evaluations=20_000, out=tmp_path / "run")
    problem, search = make(solves=0.001)
    again = evornn.run(problem, search, evaluations=20_000, out=tmp_path / "run", resume=True)
    assert first.solved
    assert again.solved
    assert problem.evaluated == 0
    assert again.verified == first.verified
    np.testing.assert_array_equal(again.best.genome, first.best.genome)
    assert again.best[1:] == first.best[1:]
    assert run_directory.read_json(tmp_path / "run", run_directory.CHAMPION)["summary"] == "passed"
    with pytest.raises(EvornnError, match="solved under another target"):
        evornn.run(problem, make()[1], evaluations=20_000, target=0.0, out=tmp_path / "run", resume=True)


def test_a_changed_search_is_noticed(tmp_path, whole):
    problem, search = make(seed=4)
    (tmp_path / "run").mkdir()
    for file in whole.iterdir():
        (tmp_path / "run" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(EvornnError, match="the search's seed changed since the run was begun: 3 then, 4 now"):
        evornn.run(problem, search, evaluations=BUDGET, out=tmp_path / "run", resume=True)
    (tmp_path / "run" / run_directory.CHECKPOINT).unlink()
    (tmp_path / "run" / run_directory.ENVIRONMENT).rename(
        tmp_path / "run" / run_directory.SPEC
    )  # a run needs one of them
    with (
        pytest.warns(EvornnWarning, match=r"environment.json is missing"),
        pytest.raises(EvornnError, match="generation 1 the search asks other genomes"),
    ):
        evornn.run(problem, search, evaluations=BUDGET, out=tmp_path / "run", resume=True)


def test_existing_directories_are_never_overwritten(tmp_path, whole):
    problem, search = make()
    with pytest.raises(EvornnError, match=r"already holds a run; continue it with: evornn resume"):
        evornn.run(problem, search, evaluations=10, out=whole)
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(EvornnError, match="not an empty directory"):
        evornn.run(problem, search, evaluations=10, out=tmp_path)
    with pytest.raises(EvornnError, match="holds no run"):
        evornn.run(problem, search, evaluations=10, out=tmp_path, resume=True)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_history_of_another_version_is_refused_and_left_alone(tmp_path, whole):
    for file in whole.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    lines = (whole / run_directory.HISTORY).read_bytes().replace(b'"median"', b'"middle"')
    changed = re.sub(rb',"crc32":"\w+"', b"", lines)
    known = run_directory.read_json(tmp_path, run_directory.ENVIRONMENT)
    del known["checksums"]
    (tmp_path / run_directory.ENVIRONMENT).write_text(json.dumps(known))
    (tmp_path / run_directory.HISTORY).write_bytes(changed)
    problem, search = make()
    with pytest.raises(EvornnError, match=r"another version of evornn: .*median"):
        evornn.run(problem, search, evaluations=BUDGET, out=tmp_path, resume=True)
    assert (tmp_path / run_directory.HISTORY).read_bytes() == changed


def test_two_processes_cannot_write_one_run(tmp_path):
    directory = tmp_path / "run"
    with run_directory.Store.create(directory, {}), pytest.raises(EvornnError, match="another process"):
        run_directory.Store(directory)


def test_a_full_disk_stops_the_run_with_a_clear_message(tmp_path, monkeypatch):
    directory, (problem, search) = tmp_path / "run", make()
    real, calls = run_directory._write_all, []

    def full(file, data):
        calls.append(1)
        if len(calls) > 9:
            file.write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file, data)

    monkeypatch.setattr(run_directory, "_write_all", full)
    with pytest.raises(EvornnError, match=r"the disk is full .* evornn resume"):
        evornn.run(problem, search, evaluations=BUDGET, out=directory)
    monkeypatch.undo()
    assert len(run_directory.read_history(directory)) == 4  # nine appends: four pairs and a fitness without its line
    problem, search = make()
    assert evornn.run(problem, search, evaluations=BUDGET, out=directory, resume=True).evaluations == BUDGET


def test_checkpoint_round_trip_and_damage():
    state = {
        "a": [1, 2**127, -0.5, float("inf"), None, True, "é\n"],
        "b": {"x": np.arange(6.0).reshape(2, 3)},
        "c": b"\0\1",
    }
    state["empty"], state["bits"] = np.empty((0, 4)), np.array([True, False])
    data = checkpoint.pack(state)
    back = checkpoint.unpack(data)
    assert back["a"] == state["a"]
    assert back["c"] == state["c"]
    for name in ("empty", "bits"):
        assert back[name].dtype == state[name].dtype
        np.testing.assert_array_equal(back[name], state[name])
    np.testing.assert_array_equal(back["b"]["x"], state["b"]["x"])
    for damaged in (data[:-1], data[:40], b"", data.replace(b"\0\1", b"\0\2")):
        with pytest.raises(ValueError, match="damaged"):
            checkpoint.unpack(damaged)
    with pytest.raises(TypeError, match=r"state\['f'\]\[0\] is a function"):
        checkpoint.pack({"f": [make]})
