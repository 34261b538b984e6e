"""Tasks of a comparison's workers: compile what runs need, and carry out a run; pure but for the run's directory.

Both are called by name in worker processes, see `evornn.executors`. A run that was broken off goes on where it was.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from evornn.executors.base import Task
from evornn.spec.run import Spec

if TYPE_CHECKING:
    from evornn.experiment.storage.records import Record
    from evornn.problem import Problem
    from evornn.search.core.search import Search

SAY_SECONDS = 0.5  # between two messages on how a run goes
Times = tuple[float, float] | None
Say = Callable[[dict[str, object]], None]


def compiling(texts: Sequence[str]) -> Task:
    """Compile what the runs of these specs need; it returns how many seconds each takes (`foretold`)."""
    return Task("evornn.compare.tasks:compile_all", {"texts": list(texts)})


def running(spec: Spec, directory: Path) -> Task:
    """Begin or resume the run in `directory`, and bring it to its end."""
    return Task("evornn.compare.tasks:carry_out_run", {"text": spec.text(), "directory": str(directory)})


def compile_all(say: Say, texts: list[str]) -> list[Times]:
    """See `compiling`."""
    return [compiled(_spec(text), foretold) for text in texts]


def carry_out_run(say: Say, text: str, directory: str) -> dict[str, object]:
    """See `running`. Says `begun`, and now and then `evaluations` and `best`."""
    from evornn.experiment.launch import start
    from evornn.experiment.storage.run_directory import is_run

    spec = _spec(text)
    compiled(spec)
    said = time.monotonic()
    say({"begun": True})

    def watch(record: Record) -> None:
        nonlocal said
        if time.monotonic() - said >= SAY_SECONDS:
            said = time.monotonic()
            say({"at": {"evaluations": record.evaluations, "best": record.best}})

    result = start(spec, Path(directory), watch, resume=is_run(Path(directory)))
    return {"solved": result.solved, "evaluations": result.evaluations, "seconds": result.seconds}


_COMPILED: set[str] = set()


def compiled(spec: Spec, look: Callable[[Spec, Problem, Search], Times] | None = None) -> Times:
    """Have this process compile, or load, what the runs of `spec` need, whatever their seed; what `look` says of it."""
    text = msgspec.structs.replace(spec, seed=0).text()
    if text in _COMPILED and look is None:
        return None
    problem, search = spec.build()
    with problem:
        search.prepare(problem)
        genomes = search.ask()
        problem.compile(len(genomes))
        if search.wants_gradients:
            search.evaluate_with(problem, genomes)
        _COMPILED.add(text)
        return None if look is None else look(spec, problem, search)


def foretold(spec: Spec, problem: Problem, search: Search) -> Times:
    """Seconds that a run takes, at least and at most, if it is not solved earlier."""
    from evornn.experiment.estimate import foretell

    try:
        return foretell(problem, search, spec.limits, spec.noise).seconds
    except Exception:  # of a search or a library: the run itself will say so, and others may be fine
        return None


def _spec(text: str) -> Spec:
    return Spec.of(tomllib.loads(text), "comparison")
