"""Notebooks: their code runs, in a short form, and what is stored of them was executed without errors and is light."""

import json
from pathlib import Path

import pytest

import evornn

ROOT = Path(evornn.__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells(notebook: Path) -> list[dict]:
    return [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_code_runs_in_a_short_form(notebook, monkeypatch, capsys):
    monkeypatch.chdir(notebook.parent)
    monkeypatch.setenv("EVORNN_SHORT", "1")
    monkeypatch.setenv("MPLBACKEND", "agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    drawn: list = []
    monkeypatch.setattr(pyplot, "show", lambda: drawn.append(len(pyplot.gcf().axes)))
    names: dict = {}
    try:
        for number, cell in enumerate(cells(notebook)):
            exec(compile("".join(cell["source"]), f"{notebook.name}, code cell {number + 1}", "exec"), names)
    finally:
        pyplot.close("all")
    assert drawn
    assert min(drawn) > 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_stored_was_executed_in_order(notebook):
    assert notebook.stat().st_size < 1_000_000
    stored = cells(notebook)
    assert [cell["execution_count"] for cell in stored] == list(range(1, len(stored) + 1))
    kinds = [output["output_type"] for cell in stored for output in cell["outputs"]]
    assert "error" not in kinds
    assert {"stream", "display_data"} <= set(kinds)


def test_there_are_notebooks():
    assert NOTEBOOKS
