"""The tables of a comparison's file before they are checked: sections, suites, overrides; and how two sets differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evornn.errors import EvornnError, check_choice, nearest, shown
from evornn.spec.parsing import known, override
from evornn.spec.suites import SUITES

TABLES, LISTS = ("compare", "problem"), ("problems", "methods")
FORM = "compare.evaluations=5000, methods.NAME.search.population=64 or problems.NAME.network.units=3"


def sections(tables: Mapping[str, object], origin: str) -> dict[str, Any]:
    """A copy of the file's sections, each there and of its kind, the lists not empty."""
    for name in tables:
        if name not in (*TABLES, *LISTS):
            run = "; this is the spec of a single run: evornn run" if "search" in tables else ""
            raise EvornnError(f"{origin}: there is no section [{name}]; {nearest(name, (*TABLES, *LISTS))}{run}")
    found: dict[str, Any] = {}
    for name in TABLES:
        found[name] = tables.get(name, {})
        if not isinstance(found[name], Mapping):
            raise EvornnError(f"{origin}: {name} is {found[name]!r}; it must be a section [{name}]")
    for name in LISTS:
        found[name] = tables.get(name, [])
        if not isinstance(found[name], list) or not all(isinstance(t, Mapping) for t in found[name]) or not found[name]:
            raise EvornnError(f"{origin}: a comparison needs at least one section [[{name}]]")
    found["methods"] = _named([dict(table) for table in found["methods"]], "methods", origin)
    return found


def expanded(tables: list[Mapping[str, object]], origin: str) -> dict[str, dict[str, Any]]:
    """Name -> table of the problems, those of suites one by one."""
    return _named([one for table in tables for one in _from_suite(table, origin)], "problems", origin)


def _from_suite(table: Mapping[str, Any], origin: str) -> list[dict[str, Any]]:
    if "suite" not in table:
        return [dict(table)]
    where = f"{origin}, [[problems]]"
    check_choice(f"{where}: suite", table["suite"], SUITES)
    for key in ("name", "task"):
        if key in table:
            raise EvornnError(f"{where}: {key} does not belong beside suite")
    entries = {entry.name: entry for entry in SUITES[table["suite"]]}
    wanted = table.get("only", list(entries))
    if not isinstance(wanted, list):
        raise EvornnError(f"{where}: only is {wanted!r}; it must be a list of names")
    known(dict.fromkeys(wanted), entries, f"{where}, suite {table['suite']}, only")
    own = {key: value for key, value in table.items() if key not in ("suite", "only", "problem")}
    return [
        {"name": e.name, "network": e.network, "task": e.task, "problem": {**e.options, **table.get("problem", {})}}
        | e.limits
        | own
        for e in entries.values()
        if e.name in wanted
    ]


def _named(tables: list[dict[str, Any]], section: str, origin: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number, table in enumerate(tables, 1):
        name = table.get("name")
        if not isinstance(name, str):
            raise EvornnError(f"{origin}, [[{section}]] number {number}: name is {name!r}; it must be text")
        if name in found:
            raise EvornnError(f"{origin}: there are two [[{section}]] called {name!r}")
        found[name] = table
    return found


def overridden(content: dict[str, Any], overrides: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Apply overrides like "methods.GA.search.population=64" to named problems and methods, in place; gives [problem]
    and [compare].
    """
    tables = {name: dict(content[name]) for name in TABLES}
    for text in overrides:
        (section, *path), value = override(text, FORM)
        check_choice(f"--set {shown(text)}: the section", section, (*TABLES, *LISTS))
        target: Any = tables.get(section, content.get(section))
        if section in LISTS:
            check_choice(f"--set {shown(text)}: the name", path[0], target)
            if len(path) < 2:
                raise EvornnError(f"--set {shown(text)} is not understood; write {FORM}")
        *above, last = path
        for key in above:
            inner = target.get(key, {})
            if not isinstance(inner, Mapping):
                raise EvornnError(f"--set {shown(text)}: {key} is {shown(inner)}, no table")
            target[key] = target = dict(inner)
        target[last] = value
    return tables["problem"], tables["compare"]


def effective(table: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, Any]:
    """`changes` alone if they name a class of their own, else added to the table."""
    return dict(changes) if "name" in changes else {**table, **changes}


def differences(where: str, then: Any, now: Any) -> list[str]:
    """What differs between two tables, a phrase each: "GA: search.population was 100 and is 64"."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        return [
            phrase
            for key in dict.fromkeys([*then, *now])
            for phrase in differences(_inner(where, key), then.get(key), now.get(key))
        ]
    return [] if then == now else [f"{where} was {_shown(then)} and is {_shown(now)}"]


def _inner(where: str, key: str) -> str:
    return f"{where}.{key}" if ": " in where else f"{where}: {key}"


def _shown(value: object) -> str:
    return "not given" if value is None else repr(value)
