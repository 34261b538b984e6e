"""Starting a run from a spec, and continuing one from its directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from evornn.errors import EvornnError
from evornn.experiment.run import Result, run
from evornn.experiment.spec import Spec
from evornn.experiment.store import SPEC, check_is_run

if TYPE_CHECKING:
    from evornn.experiment.history import Record
    from evornn.experiment.prediction import Prediction
    from evornn.problem import Problem
    from evornn.search.base import Search

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
    limits = msgspec.structs.asdict(spec.limits) | spec.noise.table()
    return run(
        problem,
        search,
        out=out,
        spec=spec.text(),
        resume=resume,
        on_generation=on_generation,
        on_prediction=on_prediction,
        **limits,
    )


def stored_spec(directory: str | Path, overrides: list[str] | None = None) -> Spec:
    """The spec of the run in `directory`, with `overrides` such as "run.evaluations=400000" applied."""
    path = Path(directory) / SPEC
    if not path.is_file():
        check_is_run(Path(directory))
        raise EvornnError(
            f"{directory} was not started from a spec; continue it where it was started: run(..., out=..., resume=True)"
        )
    spec, before = Spec.load(path, overrides), Spec.load(path)
    for name in ("network", "task", "search", "seed", "noise"):
        if getattr(spec, name) != getattr(before, name):
            raise EvornnError(f"{name} cannot change when a run is resumed; only the limits in [run] and workers can")
    if spec.problem | {"workers": None} != before.problem | {"workers": None}:
        raise EvornnError("of [problem], only workers can change when a run is resumed")
    return spec


def resume(directory: str | Path, overrides: list[str] | None = None, on_generation: Watcher | None = None) -> Result:
    """Continue the run in `directory`; it ends bit-identical to one that was never interrupted.

    `overrides` may change limits ("run.evaluations=400000") and problem.workers, nothing else.
    """
    return start(stored_spec(directory, overrides), Path(directory), on_generation, resume=True)


def free_directory(base: Path, stem: str, seed: int) -> Path:
    """The first of base/stem-seed, base/stem-seed-2, ... that does not exist yet."""
    number, directory = 1, base / f"{stem}-{seed}"
    while directory.exists():
        number += 1
        directory = base / f"{stem}-{seed}-{number}"
    return directory
