"""evornn compare as a person meets it; every spec of a comparison in runs in a short form."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import evornn
from evornn.cli import app
from tests.compare.grids import written

ROOT = Path(evornn.__file__).parents[1]
SPECS = sorted(path for name in ("compare", "reproduce") for path in (ROOT / "runs" / name).glob("*.toml"))


def call(*arguments, code=0):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["part", "whole"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_every_comparison_runs(spec, whole, tmp_path):
    """Each in a short form: one seed and 120 evaluations, its own methods on the compiled kernels of its last problem
    (whole: of all its problems).
    """
    *_, last = tomllib.loads(spec.read_text())["problems"]
    only = [] if whole or "name" not in last else ["--only", last["name"]]
    short = ["--seeds", 1, "--set", "compare.evaluations=120", "--workers", 2 if whole else 1, *only]
    output = call("compare", spec, "--out", tmp_path, *short)
    results = evornn.compare.load(tmp_path)
    assert not [cell for cell in results.unfinished if not only or cell.problem in only]
    assert results.rows
    assert all(row.evaluations == 120 or row.solved for row in results.rows)
    for row in results.rows:
        line = rf"^{re.escape(row.problem)} +{re.escape(row.method)} +1 +{int(row.solved)} "
        assert re.search(line, output, re.MULTILINE)


def test_published_means_for_a_readme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "s.toml")
    shutil.copy(ROOT / "runs" / "reproduce" / "gomez2008.toml", tmp_path)
    (tmp_path / "r.md").write_text("<!-- gomez2008:begin -->\nold\n<!-- gomez2008:end -->\n")
    small = ["--seeds", 1, "--set", "compare.evaluations=50", "--only", "Markov", "--only", "CoSyNE", "--workers", 1]
    call("compare", "gomez2008.toml", *small, "--readme", "r.md")
    text = (tmp_path / "r.md").read_text()
    assert "| Markov | CoSyNE | 954 |" in text
    assert "Seeds 1; made by `evornn compare gomez2008.toml`; Python" in text
    assert "old" not in text
    output = call("compare", "s.toml", "--seeds", 1, "--only", "short", "--readme", "r.md", code=2)
    assert "no block between <!-- s:begin --> and <!-- s:end -->" in " ".join(output.split())
    (tmp_path / "r.md").write_text("<!-- s:begin -->\n<!-- s:end -->\n")
    output = call("compare", "s.toml", "--seeds", 1, "--only", "short", "--readme", "r.md", code=2)
    assert "no problem of s.toml has published means to stand beside" in " ".join(output.split())
    output = call("compare", "s.toml", "--seeds", 1, "--readme", "absent.md", code=2)
    assert "cannot read absent.md" in " ".join(output.split())
    assert not (tmp_path / "runs" / "out" / "s").exists()  # all of this is said before anything runs


def test_a_comparison_from_start_to_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "s.toml", evaluations=12, steps=2)
    (tmp_path / "theirs.csv").write_text("problem,method,seed,solved,evaluations\nshort,theirs,1,true,9\n")
    output = call("compare", "s.toml", "--seeds", 1, "--only", "short", "--import", "theirs.csv", "--workers", 1)
    assert re.search(r"short +GA +1 ", output)
    assert re.search(r"short +theirs +1 +1 +9 +- +-", output)
    assert "2 runs of the comparison in runs/out/s have not ended yet" in output
    assert "3 runs: runs/out/s/results.csv" in output
    assert "5 runs: runs/out/s/results.csv" in call("compare", "s.toml", "--seeds", 1, "--workers", 2)


def test_it_says_what_it_will_take_or_that_there_is_too_little(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "s.toml", evaluations=12, steps=2)
    output = call("compare", "s.toml", "--seeds", 1, "--workers", 2)
    assert re.match(
        r"needs about 500 MB for 2 workers\n[\d.]+ s( to [\d.]+ s)? for 4 runs if none ends earlier\n", output
    )
    assert "needs about" not in call("compare", "s.toml", "--seeds", 1, "--workers", 2)  # nothing is left to do
    monkeypatch.setattr("evornn.memory.physical_memory", lambda: 2**30)
    output = call("compare", "s.toml", "--seeds", 9, "--workers", 7, code=2)
    assert re.search(r"7 workers, its 7 largest runs at once, needs 1,75\d,\d+,\d+ bytes.*use --workers 4", output)
    assert not list((tmp_path / "runs" / "out" / "s" / "cells").rglob("9"))
    big = ["--set", "methods.GA.search.population=3000000"]
    output = call("compare", "s.toml", "--out", "big", *big, code=2)
    assert "GA on swing up: GeneticAlgorithm with D =" in " ".join(output.split())


def test_mistakes_end_in_one_line_and_exit_code_2(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "s.toml")
    (tmp_path / "run.toml").write_text("[search]\nname = 'GeneticAlgorithm'\n")
    (tmp_path / "bad.csv").write_text("problem,method,seed,solved,evaluations\nshort,theirs,1,true,many\n")
    for arguments, words in [
        (["compare", "t.toml"], "did you mean 's.toml'"),
        (["compare", "run.toml"], "this is the spec of a single run: evornn run"),
        (["run", "s.toml"], "this is a comparison: evornn compare"),
        (["compare", "s.toml", "--only", "GB"], "did you mean 'GA'"),
        (["compare", "s.toml", "--import", "bad.csv"], "bad.csv, line 2: evaluations is 'many'"),
        (["compare", "s.toml", "--out", "."], "holds no comparison"),
    ]:
        output = call(*arguments, code=2)
        assert words in " ".join(output.split())
        assert "Traceback" not in output
