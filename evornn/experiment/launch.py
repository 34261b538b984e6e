"""Starting a run from a spec, and continuing one from its directory."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from evornn.errors import EvornnError
from evornn.experiment.run import Result, conduct
from evornn.experiment.storage.identity import check_spec
from evornn.experiment.storage.run_directory import SPEC, check_is_run
from evornn.spec.run import Spec, without_files

if TYPE_CHECKING:
    from evornn.experiment.estimate import Prediction
    from evornn.experiment.storage.records import Record
    from evornn.problem import Problem
    from evornn.search.core.search import Search

LONGEST_STEM = 220  # bytes; file systems take 255 for a whole name
Watcher = Callable[["Record"], None]


def start(
    spec: Spec,
    out: Path,
    on_generation: Watcher | None = None,
    built: tuple[Problem, Search] | None = None,
    resume: bool = False,
    on_prediction: Callable[[Prediction], None] | None = None,
) -> Result:
    """Run a spec in the directory `out`. `built` is what `spec.build()` gave, if the caller has called it already."""
    problem, search = built or spec.build()
    return conduct(problem, search, spec.limits, spec.noise, out, resume, spec.text(), on_generation, on_prediction)


def stored_spec(directory: str | Path, overrides: list[str] | None = None) -> Spec:
    """The spec of the run in `directory`, with `overrides` such as "run.evaluations=400000" applied."""
    path = Path(directory) / SPEC
    check_is_run(Path(directory))
    check_spec(Path(directory))
    if not path.is_file():
        raise EvornnError(
            f"{directory} was not started from a spec; continue it where it was started: run(..., out=..., resume=True)"
        )
    spec, before = (Spec.load(path, texts, Path.cwd()) for texts in (overrides, None))
    for name in ("network", "task", "search", "seed", "noise"):
        was, now = getattr(before, name), getattr(spec, name)
        if name == "task":  # its files may have moved: a digest tells whether they are the same
            was, now = without_files(was), without_files(now)
        if was != now:
            raise EvornnError(f"{name} cannot change when a run is resumed; only the limits in [run] and workers can")
    if spec.problem | {"workers": None} != before.problem | {"workers": None}:
        raise EvornnError("of [problem], only workers can change when a run is resumed")
    return spec


def resume(directory: str | Path, overrides: list[str] | None = None, on_generation: Watcher | None = None) -> Result:
    """Continue the run in `directory`; it ends bit-identical to one that was never interrupted.

    `overrides` may change limits ("run.evaluations=400000") and problem.workers, nothing else.
    """
    return start(stored_spec(directory, overrides), Path(directory), on_generation, resume=True)


def directories(base: Path, stem: str, seed: int) -> Iterator[Path]:
    """base/stem-seed, base/stem-seed-2, ...: names for a run, `stem` cut to what file systems take."""
    name = f"{os.fsencode(stem)[:LONGEST_STEM].decode('utf-8', 'ignore')}-{seed}"
    yield base / name
    for number in itertools.count(2):
        yield base / f"{name}-{number}"
