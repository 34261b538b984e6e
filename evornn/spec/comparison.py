"""A comparison as a TOML file: methods x problems x seeds, every one of them a run under the same limits.

    [compare]
    seeds = 50                      # 1 to 50, or a list
    evaluations = 100_000           # and the other fields of `Limits` and of `Noise`: of every run
    workers = 2                     # processes; as many as cores unless told
    [problem]                       # optional: backend, precision, episodes, gradient_memory of all problems
    precision = "float64"
    [[problems]]
    name = "two poles"
    network = { name = "FullyRecurrent", units = 5 }
    task = { name = "DoublePole", velocities = false }
    problem = { episodes = 3 }      # optional, and limits of its own
    evaluations = 1_000_000
    [[problems]]
    suite = "poles"                 # of `evornn.suites`; network, problem and limits come before the suite's own
    only = ["double_pole"]          # optional
    [[methods]]
    name = "GA"
    search = { name = "GeneticAlgorithm", population = 100 }
    network = { name = "Elman", units = 3 }                        # optional: in place of the problems' networks
    on = { "two poles" = { search = { population = 50 } } }        # optional: options that differ on a problem

In `on`, a table with a `name` replaces the one it is for, another one is added to it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

import msgspec

from evornn.errors import EvornnError, check_range, nearest, shown
from evornn.spec import toml
from evornn.spec.budget import Limits, Noise
from evornn.spec.parsing import known, located, read
from evornn.spec.run import (
    FAMILIES,
    LIMITS,
    MAX_SEED,
    NOISE,
    PROBLEM_DEFAULTS,
    Spec,
    checked_class,
    folder_of,
    with_files,
)
from evornn.spec.sections import differences, effective, expanded, overridden, sections

OPTIONS = {name: value for name, value in PROBLEM_DEFAULTS.items() if name != "workers"}  # a run has one thread
NAME = re.compile(r"\w[\w +-]{0,59}")
MAX_SEEDS = 100_000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A problem of a comparison: tables of a run's spec, all defaults of [problem] and the limits spelt out."""

    name: str
    network: dict[str, Any]
    task: dict[str, Any]
    problem: dict[str, Any]
    limits: Limits
    noise: Noise

    def table(self) -> dict[str, Any]:
        """As in the file."""
        own = {"name": self.name, "network": self.network, "task": self.task, "problem": self.problem}
        return own | self.run()

    def run(self) -> dict[str, Any]:
        """What holds for every run on it: limits, and how it deals with noise."""
        limits = {name: value for name, value in msgspec.structs.asdict(self.limits).items() if value is not None}
        return limits | self.noise.table()


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A method of a comparison: its [search], a network of its own if any, and what differs by problem."""

    name: str
    search: dict[str, Any]
    network: dict[str, Any] | None = None
    on: dict[str, Any] = {}

    def table(self, problems: Container[str]) -> dict[str, Any]:
        """As in the file; of `on`, what is about these problems."""
        on = {name: changes for name, changes in self.on.items() if name in problems}
        return {"name": self.name, "search": self.search, "network": self.network, "on": on or None}


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A checked comparison; `origin` is shown in messages, `workers` no part of what is compared."""

    problems: dict[str, Entry]
    methods: dict[str, Method]
    seeds: tuple[int, ...]
    workers: int | None = None
    origin: str = "comparison"

    @classmethod
    def load(cls, path: str | Path, overrides: list[str] | None = None, seeds: int | None = None) -> Comparison:
        """Read and check a file; `overrides` are texts like "methods.GA.search.population=64"; `seeds`: 1 to `seeds`,
        in place of the file's.
        """
        tables = read(path)
        entries = tables.get("problems")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("task"), dict):  # files that it names stand beside it
                entry["task"] = with_files(entry["task"], folder_of(path))
        return cls.of(tables, str(path), overrides, seeds)

    @classmethod
    def of(
        cls,
        tables: Mapping[str, object],
        origin: str = "comparison",
        overrides: list[str] | None = None,
        seeds: int | None = None,
    ) -> Comparison:
        """Check a comparison given as tables. Raises EvornnError naming the file, the place and the nearest name."""
        content = sections(tables, origin)
        content["problems"] = expanded(content["problems"], origin)
        shared, common = overridden(content, overrides or [])
        where = f"{origin}, [compare]"
        known(common, ["seeds", "workers", *LIMITS, *NOISE], where)
        workers = common.get("workers")
        if workers is not None:
            located(where, lambda: check_range("workers", workers, 1, 1024, integer=True))
        asked = common.get("seeds", 1) if seeds is None else seeds
        every = {name: value for name, value in common.items() if name in (*LIMITS, *NOISE)}
        problems = {name: _problem(name, t, shared, every, origin) for name, t in content["problems"].items()}
        methods = {name: _method(name, t, problems, origin) for name, t in content["methods"].items()}
        for names in (problems, methods):
            _distinct(names, origin)
        seeds_ = located(where, lambda: _seeds(asked))
        return cls(problems=problems, methods=methods, seeds=seeds_, workers=workers, origin=origin)

    def text(self) -> str:
        """The comparison as TOML, without workers and with nothing left to defaults; `of` gives it back."""
        seeds = list(self.seeds)
        problems = [problem.table() for problem in self.problems.values()]
        methods = [method.table(self.problems) for method in self.methods.values()]
        compare = {"seeds": len(seeds) if seeds == list(range(1, len(seeds) + 1)) else seeds}
        return toml.dumps({"compare": compare, "problems": problems, "methods": methods})

    def run_spec(self, problem: str, method: str, seed: int) -> Spec:
        """The spec of one run, single-threaded."""
        entry, way = self.problems[problem], self.methods[method]
        tables = {"network": way.network or entry.network, "search": way.search, "problem": entry.problem}
        for section, changes in way.on.get(problem, {}).items():
            tables[section] = effective(tables[section], changes)
        tables["problem"] = tables["problem"] | {"workers": 1}
        tables |= {"task": entry.task, "run": entry.run() | {"seed": seed}}
        return Spec.of(tables, f"{self.origin}, {method} on {problem}")

    def joined(self, earlier: Comparison) -> Comparison:
        """This comparison and an `earlier` one in the same directory: all seeds, problems and methods of both.

        Raises EvornnError, saying what differs, if a problem or a method of one name is not the same in both.
        """
        shared = earlier.problems.keys() & self.problems.keys()
        found, methods = [], earlier.methods | self.methods
        for name, then in earlier.problems.items():
            if name in shared:
                found += differences(name, then.table(), self.problems[name].table())
        for name, way in earlier.methods.items():
            if name in self.methods:
                now = self.methods[name]
                found += differences(name, way.table(shared), now.table(shared))
                methods[name] = msgspec.structs.replace(now, on=way.on | now.on)
        if found:
            raise EvornnError(
                f"{self.origin} is not the comparison that was begun: {'; '.join(found)}. More seeds, problems and "
                "methods can be added; for other options give them new names, or choose another directory with --out"
            )
        return Comparison(
            problems=earlier.problems | self.problems,
            methods=methods,
            seeds=tuple(dict.fromkeys((*earlier.seeds, *self.seeds))),
            workers=self.workers,
            origin=self.origin,
        )


def _problem(name: str, table: dict[str, Any], shared: dict[str, Any], every: dict[str, Any], origin: str) -> Entry:
    where = f"{origin}, [[problems]] {name}"
    known(table, ["name", "network", "task", "problem", *LIMITS, *NOISE], where)
    options = table.get("problem", {})
    for place, part in ((f"{origin}, [problem]", shared), (f"{where}, problem", options)):
        if "workers" in part:
            raise EvornnError(f"{place}: workers does not belong here; a run has one thread, see workers in [compare]")
        known(part, OPTIONS, place)
    for family in ("network", "task"):
        if not isinstance(table.get(family), Mapping):
            raise EvornnError(
                f"{where}: {family} is {shown(table.get(family))}; it must be a table with a name and options"
            )
        checked_class(family, table[family], f"{where}, {family}")
    run = every | {key: value for key, value in table.items() if key in (*LIMITS, *NOISE)}
    limits = located(where, lambda: Limits(**{key: value for key, value in run.items() if key in LIMITS}))
    noise = located(where, lambda: Noise(**{key: value for key, value in run.items() if key in NOISE}))
    located(where, limits.check_bounded)
    return Entry(
        name=name,
        network=table["network"],
        task=table["task"],
        problem=OPTIONS | shared | options,
        limits=limits,
        noise=noise,
    )


def _method(name: str, table: Mapping[str, Any], problems: Mapping[str, Any], origin: str) -> Method:
    where = f"{origin}, [[methods]] {name}"
    known(table, Method.__struct_fields__, where)
    for family in ("search", "network"):
        part = table.get(family)
        if family == "network" and part is None:
            continue
        if not isinstance(part, Mapping):
            raise EvornnError(f"{where}: {family} is {shown(part)}; it must be a table with a name and options")
        checked_class(family, part, f"{where}, {family}")
    on = table.get("on", {})
    known(on, problems, f"{where}, on")
    for problem, changes in on.items():
        known(changes, [*(f for f in FAMILIES if f != "task"), "problem"], f"{where}, on {problem}")
        known(changes.get("problem", {}), OPTIONS, f"{where}, on {problem}, problem")
    return Method(**{"name": name, **table})


def _seeds(asked: Any) -> tuple[int, ...]:
    if not isinstance(asked, list):
        return tuple(range(1, 1 + check_range("seeds", asked, 1, MAX_SEEDS, integer=True)))
    found = tuple(check_range("a seed", seed, 0, MAX_SEED, integer=True) for seed in asked)
    if not found or len(set(found)) < len(found):
        raise EvornnError(f"seeds is {shown(asked)}; it must be a whole number, or a list of different ones")
    return found


def folder(name: str) -> str:
    """The folder that a problem or a method of this name has."""
    return name.replace(" ", "_")


def _distinct(names: Mapping[str, object], origin: str) -> None:
    """Raise unless every name can be a folder of its own, on file systems without capitals too."""
    folders: dict[str, str] = {}
    for name in names:
        other = folders.setdefault(folder(name).casefold(), name)
        if not NAME.fullmatch(name):
            raise EvornnError(
                f"{origin}: the name {shown(name)} cannot name a folder; use up to 60 letters, digits, "
                "spaces, '_', '-', '+'"
            )
        if other != name:
            raise EvornnError(f"{origin}: the names {other!r} and {name!r} are too much alike")


def chosen(comparison: Comparison, only: list[str]) -> tuple[list[str], list[str]]:
    """The problems and the methods that `only` names; all where it names none of a kind."""
    for name in only:
        if name not in comparison.problems and name not in comparison.methods:
            names = [*comparison.problems, *comparison.methods]
            raise EvornnError(f"--only {name!r} is neither a problem nor a method; {nearest(name, names)}")
    problems = [name for name in comparison.problems if name in only]
    methods = [name for name in comparison.methods if name in only]
    return problems or list(comparison.problems), methods or list(comparison.methods)
