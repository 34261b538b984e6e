"""Damage to any file of a comparison: what cannot be read is left out by name, and spoils nothing else."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import pytest

import evornn
from evornn.compare import runner
from evornn.compare.cells import CELLS, COMPARE, FOREIGN, LOCK, RESULTS, Cell
from evornn.compare.report.data import gather
from evornn.compare.report.page import REPORT, write_report
from evornn.errors import EvornnError, EvornnWarning
from evornn.executors import worker
from evornn.executors.base import Executor
from evornn.experiment.storage import run_directory
from tests.compare.grids import table, written
from tests.damage import KINDS, damage
from tests.pairs import by_turns

CELL = Cell("short", "GA", 1)  # solved
FOREIGN_CSV = "problem,method,seed,solved,evaluations\nshort,theirs,1,yes,30\nshort,theirs,2,no,40\n"
TOP = (COMPARE, RESULTS, LOCK)
ALL = (*TOP, FOREIGN, *run_directory.FILES)


class Inline(Executor):
    """An executor without processes."""

    def __init__(self, count: int) -> None:
        pass

    def __exit__(self, *_):
        pass

    def carry_out(self, tasks, note):
        for name, task in tasks:
            worker.carry_out(task, lambda message, name=name: note(name, message))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A comparison that has ended, with results from elsewhere, and its spec."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "theirs.csv").write_text(FOREIGN_CSV)
    spec = written(folder / "s.toml", evaluations=20, steps=2)
    text = spec.read_text().replace("target = -20.0", "target = -30.0")
    spec.write_text(text.replace("[problem]", "validation = 1\n[problem]", 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "WorkerPool", Inline)
        evornn.compare.run(spec, folder / "out", workers=1, foreign=[folder / "theirs.csv"])
    return spec, folder / "out"


def place(out: Path, name: str) -> Path:
    """The file called so: of the comparison, or of one of its runs."""
    if name == FOREIGN:
        return next((out / FOREIGN).iterdir())
    return out / name if name in TOP else CELL.directory(out) / name


def rows_without(rows, cell):
    return [row for row in rows if (row.problem, row.method, row.seed) != cell]


def test_every_file_of_a_run_is_there_to_be_damaged(whole):
    _, out = whole
    assert {path.name for path in CELL.directory(out).iterdir()} == set(run_directory.FILES)
    assert {path.name for path in out.iterdir()} == {*TOP, CELLS, FOREIGN}


@pytest.mark.parametrize(("name", "kind"), by_turns(ALL, KINDS, every=2))
def test_damage_is_named_and_spoils_nothing_else(tmp_path, monkeypatch, whole, name, kind):
    spec, quiet = whole
    out = tmp_path / "out"
    shutil.copytree(quiet, out)
    before = evornn.compare.load(quiet)
    path = place(out, name)
    if not path.stat().st_size and kind in ("truncated", "altered"):
        pytest.skip("there is nothing in it to damage so")
    kept = damage(path, kind, seed=3)
    there = kept.read_bytes() if kept else b""

    results = outcome(lambda: evornn.compare.load(out), (COMPARE,), name)
    if results is not None:
        check_read(results, before, name, kind)
        gather(results)
    monkeypatch.setattr(runner, "WorkerPool", Inline)
    again = outcome(lambda: evornn.compare.run(spec, out, workers=1), TOP, name)
    if again is not None:
        check_again(again, before, name, out, quiet)
    if kept:
        assert kept.read_bytes() == there
    if kind == "directory":
        assert (path / "kept.txt").read_text() == "somebody's"


def outcome(act, fatal, name):
    """The results; None if all of it is refused, by an error that names the file, which must be a `fatal` one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvornnWarning)
        try:
            return act()
        except EvornnError as error:
            said = str(error)
    assert name in fatal, said
    assert name in said
    return None


def check_read(results, before, name, kind) -> None:
    """All is there, or all but what is said to be left out."""
    ours = [row for row in before.rows if row.method != "theirs"]
    if results.damaged:
        ((what, why),) = results.damaged.items()
        assert name in why
        assert what == CELL or (name == FOREIGN and what.startswith(f"{FOREIGN}/theirs."))
        assert results.rows == (ours if name == FOREIGN else rows_without(before.rows, CELL))
        assert not results.unfinished
    elif kind == "missing" and name == FOREIGN:  # as if it had not been imported
        assert results.rows == ours
    elif kind == "missing" and name == run_directory.RESULT:  # as if the run had not ended
        assert results.unfinished == [CELL]
        assert results.rows == rows_without(before.rows, CELL)
    else:
        assert kind == "symlink" or name in (
            *TOP,
            run_directory.CHECKPOINT,
            run_directory.BEST,
            run_directory.VALIDATED,
        )  # not read
        assert results.rows == before.rows


def check_again(again, before, name, out, quiet) -> None:
    """The rerun has mended it, or says which run cannot go on, and why."""
    if again.failed:
        assert list(again.failed) == [CELL]
        assert name in again.failed[CELL]
        assert name in CELL.error_file(out).read_text()
        assert rows_without(before.rows, CELL) == rows_without(again.rows, CELL)
    elif name == FOREIGN:
        assert [row for row in again.rows if row.method != "theirs"] == [r for r in before.rows if r.method != "theirs"]
    else:
        assert not again.damaged
        assert not again.unfinished
        assert table(out) == table(quiet)


def test_the_page_says_what_is_left_out_and_why(tmp_path, whole):
    _, quiet = whole
    shutil.copytree(quiet, tmp_path / "out")
    damage(place(tmp_path / "out", run_directory.HISTORY), "altered")
    damage(place(tmp_path / "out", FOREIGN), "truncated")
    other = Cell("swing up", "guess", 2)
    (other.directory(tmp_path / "out") / run_directory.RESULT).unlink()
    other.error_file(tmp_path / "out").parent.mkdir()
    other.error_file(tmp_path / "out").write_bytes(b"\xff\xfe\x00\n")
    write_report(evornn.compare.load(tmp_path / "out"))
    page = (tmp_path / "out" / REPORT).read_text()
    assert "Left out, since it cannot be read" in page
    assert "GA on short, seed 1: " in page
    assert "history.jsonl is damaged: line" in page
    assert "foreign/theirs." in page
    assert "guess on swing up, seed 2 broke off: " in page
