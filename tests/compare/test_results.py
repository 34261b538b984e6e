"""Tables of results: CSV there and back, results from elsewhere, and their mistakes by line and column."""

import numpy as np
import pytest

import evornn
from evornn import EvornnError
from evornn.compare.table import COLUMNS, Row, as_csv, read_csv
from tests.compare.grids import written

FOREIGN = """problem,method,seed,solved,evaluations,best
short,theirs,1,yes,30,-3.5
short,theirs,2,0,40,

swing up,theirs,1,FALSE,40,-1e-3
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("done")
    results = evornn.compare.run(written(folder / "s.toml", evaluations=12, steps=2), folder / "out")
    return folder / "out", results


def test_csv_there_and_back(tmp_path, done):
    out, results = done
    assert (out / "results.csv").read_text() == results.csv()
    assert read_csv(out / "results.csv") == results.rows == evornn.compare.load(out).rows
    sparse = Row(problem='a "b", c', method="é", seed=4, solved=False, evaluations=7, best=-0.1 - 1e-17)
    (tmp_path / "t.csv").write_text(as_csv([sparse]))
    assert read_csv(tmp_path / "t.csv") == [sparse]
    assert evornn.compare.from_csv(tmp_path / "t.csv").rows == [sparse]


def test_results_from_elsewhere_stand_beside_ours(tmp_path, done):
    out, before = done
    (tmp_path / "theirs.csv").write_text(FOREIGN)
    assert evornn.compare.import_csv(out, tmp_path / "theirs.csv") == 3
    results = evornn.compare.load(out)
    assert results.methods == ["GA", "guess", "theirs"]
    assert results.foreign == ["theirs"]
    assert len(results.rows) == len(before.rows) + 3
    assert results.unfinished == []
    spent, solved = results.runs("short", "theirs")
    assert (spent.tolist(), solved.tolist()) == ([30, 40], [True, False])
    assert results.curves("short", "theirs") == []
    np.testing.assert_array_equal(results.column("best", "short", "theirs"), [-3.5, np.nan])
    assert np.isnan(results.column("steps", method="theirs")).all()
    for text, words in [
        (
            FOREIGN.replace("up,theirs", "op,other").replace("theirs", "two"),
            "line 5: problem is 'swing op'; valid",
        ),
        (FOREIGN.replace("theirs", "GA"), "line 2: method is 'GA', one of the comparison's own"),
        (FOREIGN.replace(",theirs", ",../x"), r"line 2: method is '\.\./x'; use up to 60 letters"),
        (FOREIGN, "line 2: theirs on short with seed 1 is in another file"),
    ]:
        (tmp_path / "more.csv").write_text(text)
        with pytest.raises(EvornnError, match=words):
            evornn.compare.import_csv(out, tmp_path / "more.csv")
    (tmp_path / "theirs.csv").write_text(FOREIGN.replace("-3.5", "-2.5"))
    evornn.compare.import_csv(out, tmp_path / ".." / tmp_path.name / "theirs.csv")  # the same file again: replaces
    assert len(evornn.compare.load(out).rows) == len(results.rows)
    assert evornn.compare.load(out).column("best", "short", "theirs")[0] == -2.5


def test_files_of_one_name_stand_side_by_side(tmp_path):
    """Whether they are given together or one after the other; nothing is replaced but by the same file."""
    spec, out = written(tmp_path / "s.toml", seeds=1, evaluations=10, steps=2), tmp_path / "out"
    paths = []
    for lab, name in (("labA", "results.csv"), ("labB", "results.csv"), ("labB", "results.txt"), ("lab B", "r.csv")):
        (tmp_path / lab).mkdir(exist_ok=True)
        paths.append(tmp_path / lab / name)
        paths[-1].write_text(FOREIGN.replace("theirs", f"{lab} {name[8:] or 'r'}"))
    methods = ["GA", "guess", "labA csv", "labB csv", "labB txt", "lab B r"]
    results = evornn.compare.run(spec, out, workers=1, foreign=[*paths[:3], paths[0]])
    assert sorted(results.methods) == sorted(methods[:-1])
    evornn.compare.import_csv(out, paths[3])
    for path in paths:
        evornn.compare.import_csv(out, path)
    found = evornn.compare.load(out)
    assert sorted(found.methods) == sorted(methods)
    assert len(found.rows) == 2 * 2 + 4 * 3
    assert len(list((out / "foreign").iterdir())) == 4
    (tmp_path / "copy.csv").write_bytes(paths[0].read_bytes())
    with pytest.raises(
        EvornnError, match=r"copy\.csv, line 2: labA csv on short with seed 1 is in another file too: .*r"
    ):
        evornn.compare.run(spec, out, workers=1, foreign=[tmp_path / "copy.csv"])
    (tmp_path / "copy.csv").write_bytes(b"problem,method\n\xff")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(EvornnError, match=r"cannot read .*copy\.csv"):
        evornn.compare.run(spec, out, workers=1, foreign=[paths[0], tmp_path / "copy.csv"])
    spec.write_text(spec.read_text().replace('name = "guess"', 'name = "labA csv"'))
    with pytest.raises(
        EvornnError, match=r"there is a method 'labA csv', and .*results\..*csv holds results from else"
    ):
        evornn.compare.run(spec, out, workers=1)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    (tmp_path / "copy2.csv").write_bytes(paths[0].read_bytes())
    with pytest.raises(EvornnError, match=r"in more than one file: .*labA/results\.csv, .*copy2\.csv"):
        evornn.compare.from_csv(paths[0], tmp_path / "copy2.csv")
    assert len(evornn.compare.from_csv(paths[0], paths[0]).rows) == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("evaluations", "evals", r"line 1: there is no column 'evals'; valid: .*"),
        (",best", ",solved", "line 1: given twice: solved"),
        ("seed,", "best,", "line 1: given twice: best|line 1: missing: seed"),
        ("1,yes", "1.5,yes", r"line 2: seed is '1\.5'; it must be a whole number of at least 0"),
        ("yes", "maybe", r"line 2: solved is 'maybe'; valid: true"),
        (",30,", ",,", "line 2: evaluations is empty"),
        (",30,", ",0,", "line 2: evaluations is '0'; it must be a whole number of at least 1"),
        ("-3.5", "inf", "line 2: best is 'inf'; it must be a number"),
        ("2,0,40,", "2,0,40", "line 3: 5 values for 6 columns"),
        ("2,0,40,", "1,0,40,", "line 3: theirs on short with seed 1 is in line 2 too"),
        ("FALSE,40", 'FALSE,"40', "line 5: unexpected end"),
        (FOREIGN[FOREIGN.index("short") :], "", "holds no runs"),
        (FOREIGN, "", "line 1: missing: problem, method, seed, solved, evaluations"),
    ],
)
def test_mistakes_in_a_csv_are_named_by_line(tmp_path, old, new, words):
    assert old in FOREIGN
    (tmp_path / "f.csv").write_text(FOREIGN.replace(old, new, 1))
    with pytest.raises(EvornnError, match=rf"f\.csv.*({words})"):
        read_csv(tmp_path / "f.csv")


def test_an_evaluation_that_solved_belongs_to_a_solved_run(tmp_path):
    for line in ("p,m,1,no,30,20", "p,m,1,yes,30,31"):
        (tmp_path / "f.csv").write_text(f"problem,method,seed,solved,evaluations,solved_at\n{line}\n")
        with pytest.raises(EvornnError, match=r"line 2: solved_at is"):
            read_csv(tmp_path / "f.csv")


def test_names_that_are_not_there(done):
    out, results = done
    with pytest.raises(EvornnError, match=r"problem is 'shrt'; .*did you mean 'short'"):
        results.select("shrt")
    with pytest.raises(EvornnError, match=r"column is 'step'; .*did you mean 'steps'"):
        results.column("step")
    with pytest.raises(EvornnError, match="holds no comparison"):
        evornn.compare.load(out / "cells")
    assert set(COLUMNS) >= {"problem", "method", "seed", "solved", "restarts", "reevaluations", "verified"}
