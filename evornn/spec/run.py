"""A run as a TOML file: which network, which task, which search, how it is computed and when it stops.

    [network]                       # class name in evornn.networks, and its options
    name = "FullyRecurrent"
    units = 5
    [task]                          # the same for evornn.tasks
    name = "DoublePole"
    velocities = false
    [search]                        # and for evornn.search and evornn.training
    name = "GeneticAlgorithm"
    population = 100
    [problem]                       # optional: backend, precision, workers, episodes, gradient_memory (MB)
    workers = 2
    [run]                           # seed and the fields of `Limits` and of `Noise`
    seed = 1
    evaluations = 200_000

An option of a network whose value is a table with a `name`, or a list of such tables, is a network of its own
(`Stacked`). Options of searches that are tables (`schedule`, the `search` of `Memetic`) are left to the search.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from evornn.errors import EvornnError, check_choice, check_range, nearest, shown
from evornn.spec import toml
from evornn.spec.budget import Limits, Noise
from evornn.spec.parsing import known, located, override, read

if TYPE_CHECKING:
    from evornn.problem import Problem
    from evornn.search.core.search import Search

FAMILIES = {"network": ("networks",), "task": ("tasks",), "search": ("search", "training")}  # section -> registries
PROBLEM_DEFAULTS = {
    "backend": "cpu",
    "precision": "float32",
    "workers": None,
    "episodes": 1,
    "gradient_memory": 1024.0,
}
RESERVED = {"search": ("space", "seed")}  # constructor arguments that the spec itself fills in
LIMITS, NOISE = Limits.__struct_fields__, Noise.__struct_fields__
MAX_SEED = 2**32 - 1


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A checked spec; `network`, `task` and `search` are tables with a `name`; `origin` is shown in messages."""

    network: dict[str, Any]
    task: dict[str, Any]
    search: dict[str, Any]
    problem: dict[str, Any]
    seed: int
    limits: Limits
    noise: Noise = Noise()
    origin: str = "spec"

    @classmethod
    def load(cls, path: str | Path, overrides: list[str] | None = None, base: Path | None = None) -> Spec:
        """Read and check a spec file; `overrides` are texts like "search.population=64".

        Files that it names are relative to the folder that it is in, or to `base`; those in `overrides` to the current
        one.
        """
        tables = read(path)
        if isinstance(tables.get("task"), dict):
            tables["task"] = with_files(tables["task"], base or folder_of(path))
        return cls.of(tables, str(path), overrides)

    @classmethod
    def of(cls, tables: Mapping[str, Any], origin: str = "spec", overrides: list[str] | None = None) -> Spec:
        """Check a spec given as tables. Raises EvornnError naming the file, the section and the nearest valid name."""
        sections = [*FAMILIES, "problem", "run"]
        tables = {name: dict(table) if isinstance(table, Mapping) else table for name, table in tables.items()}
        for text in overrides or []:
            (section, *option), value = override(text, "section.key=value, for example search.population=64")
            check_choice(f"--set {shown(text)}: the section", section, sections)
            if not isinstance(tables.setdefault(section, {}), dict):
                raise EvornnError(f"{origin}: {section} is {shown(tables[section])}; it must be a section [{section}]")
            tables[section][".".join(option)] = value
        for name, table in tables.items():
            if name not in sections:
                other = "; this is a comparison: evornn compare" if "methods" in tables else ""
                raise EvornnError(f"{origin}: there is no section [{name}]; {nearest(name, sections)}{other}")
            if not isinstance(table, dict):
                raise EvornnError(f"{origin}: {name} is {shown(table)}; it must be a section [{name}]")
        if "task" in tables:
            tables["task"] = with_files(tables["task"], Path.cwd())
        missing = [f"[{name}]" for name in FAMILIES if name not in tables]
        if missing:
            raise EvornnError(f"{origin}: {' and '.join(missing)} missing; a spec needs [network], [task] and [search]")
        run = tables.get("run", {})
        known(run, ["seed", *LIMITS, *NOISE], f"{origin}, [run]")
        spec = cls(
            **{name: tables[name] for name in FAMILIES},
            problem=PROBLEM_DEFAULTS | tables.get("problem", {}),
            seed=located(
                f"{origin}, [run]", lambda: check_range("seed", run.get("seed", 0), 0, MAX_SEED, integer=True)
            ),
            limits=located(f"{origin}, [run]", lambda: Limits(**{k: v for k, v in run.items() if k in LIMITS})),
            noise=located(f"{origin}, [run]", lambda: Noise(**{k: v for k, v in run.items() if k in NOISE})),
            origin=origin,
        )
        known(spec.problem, list(PROBLEM_DEFAULTS), f"{origin}, [problem]")
        for family in FAMILIES:
            checked_class(family, getattr(spec, family), f"{origin}, [{family}]")
        return spec

    def text(self) -> str:
        """The spec as TOML, the defaults of [problem] spelt out; `Spec.of(tomllib.loads(text))` gives it back."""
        tables = {name: getattr(self, name) for name in (*FAMILIES, "problem")}
        run = {"seed": self.seed} | msgspec.structs.asdict(self.limits) | self.noise.table()
        return toml.dumps(tables | {"run": run})

    def build(self) -> tuple[Problem, Search]:
        """The problem and a fresh search on it."""
        problem = build_problem(self.network, self.task, self.problem, self.seed, self.origin)
        search = build_part("search", self.search, f"{self.origin}, [search]", space=problem.space, seed=self.seed)
        return problem, search


def build_problem(
    network: Mapping[str, Any], task: Mapping[str, Any], options: Mapping[str, Any], seed: int, origin: str
) -> Problem:
    """The problem that the tables [network], [task] and [problem] of a spec make."""
    from evornn.problem import Problem

    parts = {"network": network, "task": task}
    built = {name: build_part(name, table, f"{origin}, [{name}]") for name, table in parts.items()}
    return located(f"{origin}, [problem]", lambda: Problem(**built, seed=seed, **options))


def registry(family: str) -> dict[str, type]:
    """The classes a section can name."""
    import importlib

    packages = [importlib.import_module(f"evornn.{name}") for name in FAMILIES[family]]
    return {name: cls for package in packages for name, cls in package.REGISTRY.items()}


def checked_class(family: str, table: Mapping[str, object], where: str) -> type:
    """The class a table names, once every option in the table is one that its constructor takes."""
    classes = registry(family)
    if "name" not in table:
        raise EvornnError(f"{where}: name is missing; {nearest('', classes)}")
    cls = classes[located(where, lambda: check_choice("name", table["name"], classes))]
    reserved = RESERVED.get(family, ())
    for name in reserved:
        if name in table:
            raise EvornnError(f"{where}: {name} does not belong here; a run's seed stands in [run]")
    parameters = inspect.signature(cls).parameters.values()
    if not any(
        p.kind is p.VAR_KEYWORD for p in parameters
    ):  # a constructor with such a parameter checks options itself
        names = [p.name for p in parameters if p.name not in reserved]
        known({k: v for k, v in table.items() if k != "name"}, names, f"{where} {cls.__name__}")
    return cls


def file_options(task: Mapping[str, Any]) -> list[str]:
    """The options of a task's table that name files."""
    cls = registry("task").get(task["name"]) if isinstance(task.get("name"), str) else None
    if cls is None:
        return []
    parameters = inspect.signature(cls).parameters.values()
    return [p.name for p in parameters if "Path" in str(p.annotation) and isinstance(task.get(p.name), str)]


def with_files(task: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """A task's table with the files that it names relative to `base` made absolute."""
    return {**task, **{name: str((base / task[name]).absolute()) for name in file_options(task)}}


def without_files(task: Mapping[str, object]) -> dict[str, Any]:
    """A task's table but for where its files are."""
    return {**task, **dict.fromkeys(file_options(task))}


def folder_of(path: str | Path) -> Path:
    """The folder that files named in a spec are relative to: its own, or the current one if it is no file (a pipe)."""
    return Path(path).parent if Path(path).is_file() else Path.cwd()


def build_part(family: str, table: Mapping[str, Any], where: str, **given: Any) -> Any:
    """The network, task or search that a table names, its options checked; `where` begins the message of an error."""
    cls = checked_class(family, table, where)
    options = {k: v if family == "search" else _nested(family, v, where) for k, v in table.items() if k != "name"}
    signature = inspect.signature(cls)
    spread = [p.name for p in signature.parameters.values() if p.kind is p.VAR_POSITIONAL and p.name in options]
    try:
        bound = signature.bind(*(part for name in spread for part in options.pop(name)), **given, **options)
    except TypeError as error:
        raise EvornnError(f"{where} {cls.__name__}: {error}") from None
    return located(where, lambda: cls(*bound.args, **bound.kwargs))


def _nested(family: str, value: object, where: str) -> Any:
    if isinstance(value, dict) and "name" in value:
        return build_part(family, value, where)
    if isinstance(value, list):
        return [_nested(family, part, where) for part in value]
    return value
