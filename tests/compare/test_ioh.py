"""IOHprofiler data of a comparison, as the format's own reader reads it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import evornn
from evornn import EvornnError
from evornn.cli import app
from evornn.compare.cells import Cell
from evornn.compare.export.ioh import _lines, export
from evornn.compare.results import Results
from evornn.compare.table import Row
from tests.compare.grids import written


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ioh")
    spec = written(folder / "s.toml", seeds="[3, 70000]", evaluations=30, steps=3)
    arguments = ["compare", str(spec), "--out", str(folder / "out"), "--ioh", str(folder / "data")]
    said = CliRunner().invoke(app, arguments)
    assert said.exit_code == 0, said.output
    return evornn.compare.load(folder / "out"), folder / "data"


def test_files_hold_the_runs(exported):
    results, folder = exported
    for method in ("GA", "guess"):
        for number, problem in enumerate(("swing up", "short"), 1):
            file = folder / method / f"IOHprofiler_f{number}_{problem.replace(' ', '_')}.json"
            found = json.loads(file.read_text())
            assert (found["function_name"], found["algorithm"]["name"]) == (problem, method)
            (scenario,) = found["scenarios"]
            rows = results.select(problem, method)
            assert [run["instance"] for run in scenario["runs"]] == [1, 2]  # a seed is beyond 16 bits
            for row, run in zip(rows, scenario["runs"], strict=True):
                genome = np.load(Cell(problem, method, row.seed).directory(results.out) / "best.npy")
                np.testing.assert_array_equal(run["best"]["x"], genome)
                assert scenario["dimension"] == genome.size
                assert (run["evals"], run["best"]["y"]) == (row.spent, row.best)
            parts = (file.parent / scenario["path"]).read_text().split("evaluations raw_y\n")[1:]
            assert len(parts) == len(rows)
            for row, part in zip(rows, parts, strict=True):
                table = np.loadtxt(part.splitlines(), ndmin=2)
                assert table[0, 0] == 1
                assert tuple(table[-1]) == (row.spent, row.best)


@pytest.mark.needs("iohinspector")
def test_read_back_by_iohinspector(exported):
    import iohinspector as reader

    results, folder = exported
    manager = reader.DataManager()
    manager.add_folder(str(folder))
    overview = manager.overview.to_dicts()
    assert len(overview) == len(results.rows)
    for row in results.rows:
        place = 1 + [r.seed for r in results.select(row.problem, row.method)].index(row.seed)
        (line,) = [
            line
            for line in overview
            if (line["function_name"], line["algorithm_name"], line["instance"]) == (row.problem, row.method, place)
        ]
        assert (line["evals"], line["best_y"]) == (row.spent, row.best)
        loaded = manager.select(data_ids=[line["data_id"]]).load(monotonic=True, include_meta_data=False)
        evaluations, best = results.curve(row)
        shown = evaluations <= row.spent
        assert loaded["evaluations"].to_list()[: shown.sum()] == evaluations[shown].tolist()
        np.testing.assert_allclose(loaded["raw_y"].to_list()[: shown.sum()], best[shown], rtol=1e-12)


def test_a_late_first_fitness_and_a_run_that_ends_later():
    text = _lines(np.array([3, 5]), np.array([-1.5, 2.0]), spent=9)
    assert text == "evaluations raw_y\n1 -inf\n3 -1.5\n5 2.0\n9 2.0\n"
    assert _lines(np.array([1]), np.array([0.1]), spent=1) == "evaluations raw_y\n1 0.1\n"


def test_results_from_elsewhere_have_no_curves(tmp_path):
    with pytest.raises(EvornnError, match="no run with a curve"):
        export(Results([Row(problem="p", method="m", seed=1, solved=True, evaluations=3)]), tmp_path)
