"""Comparisons carried out: killed, interrupted, extended or refused; what they leave behind is that of a quiet one."""

import contextlib
import errno
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

import evornn
from evornn import EvornnError, atomic_files, memory
from evornn.compare import cells, tasks
from evornn.compare.cells import Cell
from evornn.executors import processes, worker
from evornn.executors.base import Task
from evornn.experiment.storage import run_directory
from tests.compare.grids import assert_same, logged, process, written
from tests.guards import HANGS

run = evornn.compare.run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A comparison that nothing disturbed: its file, its directory, its results."""
    folder = tmp_path_factory.mktemp("whole")
    spec = written(folder / "s.toml")
    return spec, folder / "out", run(spec, folder / "out")


def killed(spec: Path, out: Path, kills: int, seed: int, whole_group: bool) -> int:
    """Kill a comparison at random times; gives how often, if it had not finished before."""
    wait = random.Random(seed)
    for number in range(kills):
        before = logged(out)
        running = process(spec, "--out", out)
        while running.poll() is None and logged(out) == before:
            time.sleep(0.002)  # interpreters are still starting
        time.sleep(wait.uniform(0.0, 0.15))
        with contextlib.suppress(ProcessLookupError):  # it was quicker
            if whole_group:
                os.killpg(running.pid, signal.SIGKILL)
            else:
                running.kill()  # its workers are left behind
        running.communicate()
        if running.returncode != -signal.SIGKILL:
            return number
    return kills


def test_killed_at_random_times_and_resumed_is_the_same(tmp_path):
    spec = written(tmp_path / "s.toml", seeds=2, evaluations=300)
    run(spec, tmp_path / "quiet")
    assert killed(spec, tmp_path / "out", 2, seed=1, whole_group=True) >= 1  # or it was too quick
    results = run(spec, tmp_path / "out")
    assert not results.unfinished
    assert_same(tmp_path / "quiet", tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [True, False])
def test_killed_many_times(tmp_path, whole_group):
    spec = written(tmp_path / "s.toml", seeds=4, evaluations=300)
    run(spec, tmp_path / "quiet")
    assert killed(spec, tmp_path / "out", 20, seed=2, whole_group=whole_group) == 20
    run(spec, tmp_path / "out")
    assert_same(tmp_path / "quiet", tmp_path / "out")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_it_at_once_with_words_on_how_to_go_on(tmp_path, interruptible, number, code):
    spec = written(tmp_path / "s.toml", evaluations=100_000)
    running = process(spec, "--out", tmp_path / "out")
    while not logged(tmp_path / "out"):
        assert running.poll() is None
        time.sleep(0.01)
    os.killpg(running.pid, number)  # as a terminal does
    _, said = running.communicate(timeout=HANGS)
    assert running.returncode == code
    assert b"nothing evaluated so far is lost. Continue with: evornn compare" in said
    assert b"Traceback" not in said
    for cell in (tmp_path / "out").glob("cells/*/*/*"):
        assert run_directory.read_history(cell) or not (cell / run_directory.HISTORY).stat().st_size
    assert len(evornn.compare.load(tmp_path / "out").unfinished) == 8


def test_a_killed_worker_is_replaced(tmp_path, whole, monkeypatch):
    workers, started = [], processes._started
    monkeypatch.setattr(processes, "_started", lambda: workers.append(started()) or workers[-1])
    spec, quiet, _ = whole

    def watch(tally):
        if len(workers) == 2 and len(tally.at) == 2:
            workers[0].kill()

    results = run(spec, tmp_path / "out", watch=watch)
    assert len(workers) == 3
    assert not results.failed
    assert_same(quiet, tmp_path / "out")


def test_a_job_that_kills_every_worker_is_given_up(whole, monkeypatch):
    monkeypatch.setattr(processes, "CODE", "import os; os._exit(7)")
    heard = []
    with processes.WorkerPool(2) as workers:
        workers.carry_out(
            [(name, Task("nowhere:nothing", {})) for name in "ab"],
            lambda name, message: heard.append((name, message["failed"])),
        )
    assert sorted(heard) == [(name, "its worker process died 3 times: it ended with code 7") for name in "ab"]


def test_what_breaks_off_is_told_and_the_rest_goes_on(tmp_path, whole):
    """A run that cannot go on (here: its history was tampered with) is no reason to stop the others."""
    spec, quiet, _ = whole
    run(spec, tmp_path / "out", only=["guess", "short"])
    cell = Cell("short", "guess", 1)
    history = cell.directory(tmp_path / "out") / run_directory.HISTORY
    history.write_bytes(history.read_bytes().replace(b'"median"', b'"middle"'))
    (cell.directory(tmp_path / "out") / run_directory.RESULT).unlink()
    results = run(spec, tmp_path / "out")
    assert list(results.failed) == results.unfinished == [cell]
    assert "history.jsonl is damaged: line 1 is not what was written" in results.failed[cell]
    assert "line 1" in cell.error_file(tmp_path / "out").read_text()
    history.write_bytes(history.read_bytes().replace(b'"middle"', b'"median"'))
    assert not run(spec, tmp_path / "out").failed
    assert not cell.error_file(tmp_path / "out").exists()
    assert_same(quiet, tmp_path / "out")


def test_errors_of_a_library_are_told_with_a_traceback(tmp_path, monkeypatch):
    def broken(*arguments, **named):
        raise ZeroDivisionError("in a library")

    said = []
    monkeypatch.setattr(tasks, "carry_out_run", broken)
    spec = evornn.compare.Comparison.load(written(tmp_path / "s.toml")).run_spec("short", "GA", 1)
    worker.carry_out(tasks.running(spec, tmp_path / "run"), said.append)
    assert said[0]["failed"] == "ZeroDivisionError: in a library"
    assert "Traceback" in said[0]["traceback"]


def test_a_full_disk_ends_it_with_a_clear_message(tmp_path, monkeypatch):
    spec, said = written(tmp_path / "s.toml"), []

    def full(file, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_directory, "_write_all", full)
    one = evornn.compare.Comparison.load(spec).run_spec("short", "GA", 1)
    worker.carry_out(tasks.running(one, tmp_path / "run"), said.append)
    reason = said[-1]["fatal"]
    assert "the disk is full while writing to" in reason
    assert "Free some space; then give the same command again" in reason
    message = f'import sys; [print(\'{{"fatal": "{reason}"}}\', flush=True) for line in sys.stdin]'
    monkeypatch.setattr(processes, "CODE", message.replace("{", "{{").replace("}", "}}"))
    with pytest.raises(EvornnError, match=r"the disk is full .* the same command again"):
        run(spec, tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setattr(atomic_files.os, "fsync", lambda handle: full(None, None))
    with pytest.raises(EvornnError, match="the disk is full while writing to"):
        run(spec, tmp_path / "other")


def test_noise_aware_runs_keep_training_and_validated_best_apart(tmp_path):
    comparison = evornn.compare.Comparison.load(
        written(tmp_path / "s.toml"), ["compare.fresh_episodes=true", "compare.validation=3", "problem.episodes=2"]
    )
    results = run(comparison, tmp_path / "out", only=["short"])
    for row in results.rows:
        problem, search = comparison.run_spec(row.problem, row.method, row.seed).build()
        found = evornn.run(problem, search, evaluations=40, target=-20.0, fresh_episodes=True, validation=3).validated
        assert (row.validation, row.test) == (found.validation, found.test)
        stored = np.load(Cell(row.problem, row.method, row.seed).directory(tmp_path / "out") / run_directory.VALIDATED)
        np.testing.assert_array_equal(stored, found.genome)
    assert not np.isnan(evornn.compare.load(tmp_path / "out").column("test")).any()
    with pytest.raises(EvornnError, match=r"short: validation was 3 and is 4"):
        run(
            evornn.compare.Comparison.load(
                tmp_path / "s.toml", ["compare.fresh_episodes=true", "compare.validation=4", "problem.episodes=2"]
            ),
            tmp_path / "out",
        )


def test_only_what_is_new_is_run(tmp_path):
    out, workers = tmp_path / "out", []
    text = written(tmp_path / "s.toml").read_text()
    run(tmp_path / "s.toml", out, only=["short", "guess"])
    one = {path: path.stat().st_mtime_ns for path in out.glob("cells/*/*/*/*")}
    assert {path.relative_to(out / "cells").parts[:-1] for path in one} == {("short", "guess", seed) for seed in "12"}
    more = '[[methods]]\nname = "swarm"\nsearch = { name = "ParticleSwarm", population = 5 }\n'
    (tmp_path / "s.toml").write_text(text.replace("seeds = 2", "seeds = 3") + more)
    results = run(tmp_path / "s.toml", out, watch=lambda tally: workers.append(tally.total - len(tally.pending)))
    assert (workers[0], workers[-1]) == (2, 18)
    assert len(results.rows) == 2 * 3 * 3
    assert {path: path.stat().st_mtime_ns for path in one} == one
    written(tmp_path / "s.toml", seeds=1)  # what has been run stays in the results
    assert len(run(tmp_path / "s.toml", out).rows) == 18
    assert "swarm" in (out / "compare.toml").read_text()


def test_a_changed_spec_is_refused_with_what_differs(tmp_path, whole):
    spec, out, _ = whole
    Comparison = evornn.compare.Comparison
    for change, words in [
        ("compare.evaluations=50", r"swing up: evaluations was 40 and is 50; short: evaluations was 40 and is 50"),
        ("methods.GA.search.population=12", r"GA: search\.population was 10 and is 12\. More seeds"),
        ("problems.short.task.steps=6", r"short: task\.steps was 4 and is 6"),
        ("problems.short.target=-1", r"short: target was -20\.0 and is -1"),
        ("methods.guess.network.name=Elman", r"guess: network was not given and is \{'name': 'Elman'\}"),
    ]:
        with pytest.raises(EvornnError, match=rf"s\.toml is not the comparison that was begun: {words}"):
            run(Comparison.load(spec, [change]), out)
    copy = tmp_path / "copy" / "cells" / "short" / "GA" / "1"
    copy.mkdir(parents=True)
    (tmp_path / "copy" / "compare.toml").write_bytes((out / "compare.toml").read_bytes())
    begun = (Cell("short", "GA", 1).directory(out) / run_directory.SPEC).read_text()
    (copy / run_directory.SPEC).write_text(begun.replace("population = 6", "population = 7"))
    with pytest.raises(EvornnError, match=r"GA on short, seed 1: search\.population was 7 and is 6"):
        run(spec, tmp_path / "copy")
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(EvornnError, match="holds no comparison; choose another directory"):
        run(spec, tmp_path)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("methods.GA.search.population=0", "GA on swing up, .*population is 0"),
        ("methods.GA.search.populaton=9", "populaton"),
        ("methods.GA.search.population=5000000", "needs .* bytes of memory"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(tmp_path, whole, monkeypatch, mistake, words):
    """So that the mistake can be mended and the command given again; in a directory that was begun, too."""
    spec, quiet, _ = whole
    monkeypatch.setattr(memory, "physical_memory", lambda: 10**9)
    load = evornn.compare.Comparison.load
    with pytest.raises(EvornnError, match=words):
        run(load(spec, [mistake]), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    before = (quiet / "compare.toml").read_bytes()
    with pytest.raises(EvornnError, match=words):
        run(load(spec, [mistake, "compare.seeds=3"]), quiet)
    assert (quiet / "compare.toml").read_bytes() == before


def test_two_processes_cannot_work_on_one_comparison(tmp_path, whole):
    spec, out, _ = whole
    with cells.opened(evornn.compare.Comparison.load(spec), out):
        done = process(spec, "--out", out)
        _, said = done.communicate(timeout=HANGS)
    assert done.returncode == 2
    assert b"being written by another process" in said


def test_rows_say_what_the_runs_say(whole):
    spec, out, results = whole
    assert [len(results.rows), results.unfinished, results.failed] == [8, [], {}]
    for row in results.rows:
        problem, search = evornn.compare.Comparison.load(spec).run_spec(row.problem, row.method, row.seed).build()
        limits = {"target": -20.0} if row.problem == "short" else {}
        result = evornn.run(problem, search, evaluations=40, **limits)
        for name in ("solved", "evaluations", "steps", "tests", "reevaluations", "gradients", "stopped_by"):
            assert getattr(row, name) == getattr(result, name), name
        assert row.best == result.best.fitness
        assert row.solved_at == (result.best.evaluation if result.solved else None)
        assert row.spent == (result.best.evaluation if result.solved else 40)
        assert row.verified == bool(result.verified and result.verified.solved)
        told = np.fromfile(Cell(row.problem, row.method, row.seed).directory(out) / run_directory.FITNESS)
        at, best = results.curve(row)
        stairs = np.array([best[at <= number].max() for number in range(1, 1 + told.size)])
        np.testing.assert_array_equal(stairs, np.maximum.accumulate(told))
        assert (np.diff(best) > 0).all()
    assert results.column("solved", "short").any()
    assert results.column("reevaluations", method="GA").max() > 0
    assert {found["python"] for found in results.environments()} == {__import__("platform").python_version()}
