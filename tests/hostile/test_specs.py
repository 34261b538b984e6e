"""Specs that nobody meant: `evornn run` and `evornn compare` say in one line what is wrong, exit with 2 and write
nothing, or would begin to work.
"""

import inspect
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

import evornn
import evornn.memory
from evornn.cli import app
from evornn.compare import cells
from evornn.experiment.run import _Run
from evornn.spec import toml
from evornn.spec.parsing import read
from evornn.spec.run import FAMILIES, LIMITS, NOISE, PROBLEM_DEFAULTS, registry
from tests.hostile.values import Hangs, guarded

ROOT = Path(evornn.__file__).parents[1] / "runs"
RUNS = sorted(p for p in ROOT.rglob("*.toml") if "[[methods]]" not in p.read_text())
COMPARISONS = sorted(p for p in ROOT.rglob("*.toml") if "[[methods]]" in p.read_text())
WORKS = 130  # as if Ctrl-C had been pressed when the first generation is due
VALUES = [
    "true", "false", "nan", "inf", "-inf", "0", "1", "-1", "2.5", "3.0", "1e-320", "1e19", "1e308", "1" + "0" * 9,
    "9223372036854775807", "9223372036854775808", "1" + "0" * 30, "-1" + "0" * 30, "1" + "0" * 400, "1" + "0" * 5000,
    '""', '"abc"', '"CMAES"', '"x\\u0000y\\n"', f'"{"x" * 10_000}"', '"\u0394\u2603"', "[]", "[1]", '["x"]', "[[]]",
    f"[{'1, ' * 3000}]", "[" * 1000 + "]" * 1000, "[" * 50 + "]" * 50, "{}", '{name = "LSTM"}', "{name = 1}",
    '{name = "Adam", rate = []}', '[{name = "GRU", units = 1e9}]', "2024-02-29", "2024-02-29T12:00:00", "12:30:00",
    "", "nonsense", "=", "'''", "0x", "1_", "{a.b = 1}", '{name = "Stacked", layers = 5}',
]  # fmt: skip


def keys(section: str, table: dict) -> list[str]:
    """What a section may hold, by its class's own signature."""
    if section == "problem":
        return [*PROBLEM_DEFAULTS, "seed"]
    if section == "run":
        return ["seed", *LIMITS, *NOISE]
    made = registry(section).get(table.get("name"))
    return ["name", *(inspect.signature(made).parameters if made else ()), "nothing"]


def spoilt(draw: random.Random, path: Path) -> tuple[str, list[str]]:
    """The text of a spec with one to three things wrong, and overrides."""
    tables = read(path)
    for family in ("network", "task", "search"):
        if draw.random() < 0.5:
            tables[family] = {"name": draw.choice(list(registry(family)))}
    tables.setdefault("problem", {})
    lines = toml.dumps(tables).splitlines()
    overrides: list[str] = []
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        section = draw.choice([*FAMILIES, "problem", "run"])
        key, value = draw.choice(keys(section, tables.get(section, {}))), draw.choice(VALUES)
        way = draw.random()
        if way < 0.6 and f"[{section}]" in lines:
            at = lines.index(f"[{section}]")
            lines = [line for line in lines if not (line.startswith(f"{key} =") and lines.index(line) > at)]
            lines.insert(at + 1, f"{key} = {value}")
        elif way < 0.8:
            overrides.append(f"{section}.{key}={value}")
        elif way < 0.9:
            lines[draw.randrange(len(lines))] = draw.choice(["", f"{section} = {value}", f"[[{section}]]", value])
        else:
            overrides.append(draw.choice([f"{section}={value}", f"{section}.{key}.{key}={value}", value, f".{key}=1"]))
    return "\n".join(lines), overrides


def outcome(command: list[str], here: Path) -> str | None:
    """What is wrong with how the command line takes it."""
    try:
        with guarded():
            result = CliRunner().invoke(app, command)
    except Hangs:
        return "does not come to an end"
    if result.exit_code == WORKS:
        return None
    said = result.output.strip()
    if result.exit_code != 2 or not isinstance(result.exception, SystemExit):
        return f"exit code {result.exit_code}, {result.exception!r}: {said[-300:]}"
    lines = [line for line in said.splitlines() if "running" not in line]
    if len(lines) != 1 or not lines[0].startswith("error: ") or len(lines[0]) > 1500:
        return f"not one readable line: {said[:300]}"
    left = sorted(str(p) for p in here.rglob("*") if p.suffix != ".toml")
    return f"left behind {left}" if left else None


@pytest.fixture
def here(tmp_path, monkeypatch):
    def begin(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(evornn.memory, "physical_memory", lambda: 2**31)
    monkeypatch.setattr(_Run, "go", begin)
    monkeypatch.setattr(cells, "opened", begin)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hostile(here: Path, first: int, last: int) -> list[str]:
    found = []
    for seed in range(first, last):
        draw = random.Random(seed)
        path = draw.choice(RUNS)
        folder = here / str(seed)
        folder.mkdir()
        text, overrides = spoilt(draw, path)
        (folder / "s.toml").write_text(text, encoding="utf-8")
        options = [part for text in overrides for part in ("--set", text)]
        told = outcome(["run", str(folder / "s.toml"), "--out", str(folder / "r"), "--no-figure", *options], folder)
        if told:
            found.append(f"spec {seed} of {path.stem} with {overrides!r:.200}: {told}")
    return found


def test_hostile_specs(here):
    assert not hostile(here, 0, 60)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(6))
def test_many_hostile_specs(here, part):
    assert not hostile(here, 1000 + 250 * part, 1250 + 250 * part)


@pytest.mark.parametrize("path", COMPARISONS, ids=lambda path: path.stem)
def test_hostile_comparisons(here, path):
    found = []
    for seed in range(12):
        draw = random.Random(f"{path.stem} {seed}")
        folder = here / str(seed)
        folder.mkdir()
        lines = path.read_text().splitlines()
        places = [i for i, line in enumerate(lines) if "=" in line and not line.startswith("#")]
        at = draw.choice(places)
        lines[at] = f"{lines[at].partition('=')[0]}= {draw.choice(VALUES)}"
        (folder / "c.toml").write_text("\n".join(lines), encoding="utf-8")
        told = outcome(["compare", str(folder / "c.toml"), "--out", str(folder / "r")], folder)
        if told:
            found.append(f"comparison {seed}, line {at + 1}, {lines[at]:.100}: {told}")
    assert not found
