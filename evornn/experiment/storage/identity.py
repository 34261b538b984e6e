"""Identity of a run that goes on: the same spec, problem and data as when it was begun; and what else has changed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evornn.errors import EvornnError, EvornnWarning
from evornn.experiment.storage import seals
from evornn.experiment.storage.environment import text_digest
from evornn.experiment.storage.log import ENVIRONMENT, SEALED

SPEC = "spec.toml"
_SAME = {  # entry of the environment -> what it says
    "problem": "the problem",
    "search": "the search",
    "seed": "the search's seed",
    "noise": "fresh_episodes and validation",
    "data": "the data or the scenarios of the task",
}


def begun_with(directory: Path) -> dict[str, Any]:
    """The environment that a run was begun in; empty if none was written."""
    return seals.read_json(directory / ENVIRONMENT) or {}


def check_spec(directory: Path) -> None:
    """Raise EvornnError if the run's spec is another one than it was begun or resumed with."""
    stored = seals.read_bytes(directory / SPEC)
    known = begun_with(directory)
    digests = [entry["spec"] for entry in _entries(known) if entry.get("spec")]
    if not digests:  # made before there were digests, or not from a spec
        return
    if stored is None:
        raise EvornnError(f"{directory / SPEC} is missing; restore it from a copy, or start a new run")
    if text_digest(stored.decode("utf-8", "replace")) not in digests:
        raise EvornnError(
            f"{directory / SPEC} was changed since the run was begun; undo that, or start a new run with it. "
            "The limits of a run are changed by resuming it with --set"
        )


def check_same(directory: Path, known: Mapping[str, object], now: Mapping[str, object], by_spec: bool = False) -> None:
    """Raise EvornnError if the run was begun with another problem, search or data; warn of other versions.

    by_spec: the problem is what the run's spec says; only files of its data may lie elsewhere.
    """
    versions = list(_changes(list(_entries(known))[-1], now)) if known else []
    for name, what in _SAME.items():
        if name == "problem" and (by_spec or SEALED not in known):
            continue  # of runs of before, described in other words
        if name in known and name in now and known[name] != now[name]:
            shown = "" if name == "data" else f": {known[name]} then, {now[name]} now"
            because = f" (besides, {', '.join(versions)})" if versions else ""
            raise EvornnError(f"{directory}: {what} changed since the run was begun{shown}{because}")
    if versions:
        warnings.warn(
            f"{directory} goes on under other conditions than before: {', '.join(versions)}; it may end otherwise than "
            "without a break",
            EvornnWarning,
            stacklevel=2,
        )


def _entries(known: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    yield dict(known)
    resumed = known.get("resumed", [])
    yield from (entry for entry in (resumed if isinstance(resumed, list) else []) if isinstance(entry, dict))


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = then.get("versions") or {}, now.get("versions") or {}
    pairs = [(name, before.get(name), after.get(name)) for name in before if name in after]
    pairs += [(name, then.get(name), now.get(name)) for name in ("commit", "python", "processor")]
    for name, old, new in pairs:
        if old and new and old != new:
            yield f"{name} {str(old)[:40]} -> {str(new)[:40]}"


def joined(directory: Path, known: dict[str, Any], now: dict[str, Any], stored: bytes | None) -> dict[str, Any]:
    """The environment of a run that is gone on with: what it was begun in, and every one since."""
    if not known:
        return now
    if known.get("spec") is None and stored is not None:  # made before there were digests
        known = known | {"spec": text_digest(stored.decode("utf-8", "replace"))}
    if SEALED not in known:
        warnings.warn(
            f"{directory} was made before there were checksums: what was changed in it cannot be told",
            EvornnWarning,
            stacklevel=2,
        )
    return known | {"resumed": [*(entry for entry in list(_entries(known))[1:]), now]}
