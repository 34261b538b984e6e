"""Pages: their Python runs, their tables stand where the commands in their markers write, the README stays short."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

import evornn
from evornn.bench.command import _options
from evornn.bench.readme import page_with
from evornn.errors import EvornnError

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
def test_tables_are_where_their_commands_write(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = page.read_text()
    markers = MARKER.findall(text)
    assert len(markers) == text.count(":begin") == text.count(":end -->")
    for name, command in markers:
        program, verb, *arguments = shlex.split(command)
        assert program == "evornn"
        if verb == "bench":
            assert _options().parse_args(arguments).readme, "it writes"
            assert page_with(name) == page.relative_to(ROOT)
        else:
            assert arguments[-2:] == ["--readme", page.relative_to(ROOT).as_posix()]


def test_elsewhere_a_table_has_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EvornnError, match=r"no page here has a block bench: README.md or docs/benchmarks.md"):
        page_with("bench")


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
