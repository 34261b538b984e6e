"""Pages: their Python runs, their tables stand where the commands in their markers write, the README stays short."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
import typer.main

import evornn
from evornn.cli import app

ROOT = Path(evornn.__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob(".github/*.md"))]
WITH_PYTHON = [page for page in PAGES if "```python" in page.read_text()]
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MARKER = re.compile(r"<!-- (\w+):begin \((.*?)\) -->\n.*?<!-- \1:end -->", re.DOTALL)


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, block in enumerate(PYTHON.findall(page.read_text()), 1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), names)
    if page.name == "README.md":
        told = capsys.readouterr().out
        assert re.fullmatch(r"True \d+\n.*\nTrue \d+\n", told, re.DOTALL), "the tour solves its tasks"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_stand_where_their_commands_write(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text, commands = page.read_text(), vars(typer.main.get_command(app))["commands"]
    markers = MARKER.findall(text)
    assert len(markers) == text.count(":begin") == text.count(":end -->")
    for _, line in markers:
        program, verb, *arguments = shlex.split(line)
        assert program == "evornn"
        given = commands[verb].make_context(verb, arguments).params
        assert given["readme"] == page.relative_to(ROOT)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 180


def test_the_picture_is_drawn_in_a_short_form(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("picture", ROOT / "docs" / "picture.py")
    assert spec is not None
    assert spec.loader is not None
    picture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(picture)
    picture.main(tmp_path / "picture.png", range(1, 2), evaluations=300)
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
