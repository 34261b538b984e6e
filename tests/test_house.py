"""The house: every folder stands on the map, folders and modules are small, no circle of files, no dead paths."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import evornn

PACKAGE = Path(evornn.__file__).parent
ROOT = PACKAGE.parent
MAP = PACKAGE / "ARCHITECTURE.md"
FOLDERS = sorted({path.parent for path in PACKAGE.rglob("*.py")})
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
MOST_MODULES, MOST_LINES = 15, 300
TOO_LONG: set[str] = set()  # to be divided; nothing may join them, and what has become shorter leaves
PAGES = [MAP, *(p for pattern in ("*.md", ".github/*.md", "docs/**/*.md") for p in sorted(ROOT.glob(pattern)))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+)+/?)`")  # a path in backticks: with a slash in it
MADE = re.compile(r"runs/out/|.*\b[A-Z]{4,}\b(?!\.md)")  # what is made here; names to be filled in


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# folders and modules --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("folder", [f for f in FOLDERS if f != PACKAGE], ids=name_of)
def test_every_folder_stands_on_the_map_and_says_what_is_in_it(folder: Path) -> None:
    entry = f"`{folder.relative_to(PACKAGE).as_posix()}/`"
    assert entry in MAP.read_text(), f"{name_of(MAP)} has no line for {entry}"


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_what_a_folder_says_of_itself_is_there(folder: Path) -> None:
    """Names in backticks of its docstring: modules and folders there or beside it, or what they define."""
    source = (folder / "__init__.py").read_text()
    docstring = ast.get_docstring(ast.parse(source))
    assert docstring
    code = source[source.index('"""', 3) :] + "".join(path.read_text() for path in folder.glob("[!_]*.py"))
    for name in re.findall(r"`([a-z][\w./]*)`", docstring):
        paths = (base / file for base in (folder, folder.parent) for file in (name, f"{name.replace('.', '/')}.py"))
        assert any(path.exists() for path in paths) or re.search(rf"\b(def|class|import) {name}\b|\"{name}\"", code), (
            name
        )


def test_the_map_names_no_folder_that_is_gone() -> None:
    named = re.findall(r"^\| `([\w/]+)/` \|", MAP.read_text(), re.MULTILINE)
    assert sorted(named) == sorted(f.relative_to(PACKAGE).as_posix() for f in FOLDERS if f != PACKAGE)


def test_the_map_has_the_layers_that_are_checked() -> None:
    (checked, *_) = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert "```\n" + "\n".join(checked["layers"]) + "\n```" in MAP.read_text()


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_folders_are_small(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= MOST_MODULES


def test_modules_are_short() -> None:
    long = {name_of(path) for path in MODULES.values() if len(path.read_text().splitlines()) > MOST_LINES}
    assert long - TOO_LONG == set(), f"over {MOST_LINES} lines: divide them"
    assert TOO_LONG - long == set(), "no longer too long: take them out of TOO_LONG"


# imports --------------------------------------------------------------------------------------------------------------
def imports(body: list[ast.stmt]) -> Iterator[str]:
    """Modules that statements import, also inside functions, but not for type checkers alone."""
    for statement in body:
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            yield from imports(statement.orelse)
        elif isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            assert statement.module, "imports are absolute"
            assert not statement.level, "imports are absolute"
            for alias in statement.names:
                submodule = f"{statement.module}.{alias.name}"
                yield submodule if submodule in MODULES else statement.module
        else:
            for name in ("body", "orelse", "finalbody"):
                yield from imports(getattr(statement, name, []))
            for part in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
                yield from imports(part.body)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in graph[name]:
            if other not in order:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == order[name]:
            at = stack.index(name)
            group, stack[at:] = stack[at:], []
            if len(group) > 1 or name in graph[name]:
                found.append(sorted(group))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def test_no_circle_of_files() -> None:
    graph = {
        name: {other for other in imports(ast.parse(path.read_text()).body) if other in MODULES}
        for name, path in MODULES.items()
    }
    assert sum(map(len, graph.values())) > 500, "imports were not read"
    assert circles(graph) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a", "d"}}) == [["a", "b", "c"], ["d"]]


# pages ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_in_pages_exist(page: Path) -> None:
    """Targets of links, relative to the page; paths in backticks, relative to it, the repository or the package."""
    text = page.read_text()
    links = [link.partition("#")[0] for link in LINK.findall(text) if not re.match(r"[a-z]+:|#", link)]
    dead = [link for link in links if not (page.parent / link).exists()]
    named = [path for path in NAMED.findall(text) if not MADE.match(path)]
    dead += [path for path in named if not any((base / path).exists() for base in (page.parent, ROOT, PACKAGE))]
    assert dead == []
