"""A worker process of a comparison: takes jobs as lines of JSON on its standard input, tells how they go on its output.

Jobs: {"compile": [spec texts]}, compile what these runs need and tell how many seconds each takes; {"run": spec text,
"directory": path}, carry out or resume a run. Messages: {"begun": true}, {"at": {evaluations, ...}} now and then, then
one of {"ended": {...}}, {"failed": reason, "traceback": text} if this job cannot be done, {"fatal": reason} if no other
one can either.

A worker ends when its input does: as soon as its parent is gone, however that died. What it has evaluated is on the
disk by then.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import tomllib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from evornn.experiment.storage.records import Record
    from evornn.problem import Problem
    from evornn.search.core.search import Search
    from evornn.spec.run import Spec

TELL_SECONDS = 0.5  # between two messages on how a run goes
Times = tuple[float, float] | None
Tell = Callable[[dict[str, Any]], None]


def serve() -> None:
    """Carry out jobs until there are no more."""
    channel = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print goes where errors go, not among the messages
    jobs: queue.Queue[bytes | None] = queue.Queue()
    idle = threading.Event()
    idle.set()

    def listen() -> None:
        for line in sys.stdin.buffer:
            idle.clear()
            jobs.put(line)
        jobs.put(None)
        if not idle.is_set():
            os._exit(1)

    def tell(message: dict[str, Any]) -> None:
        if {"ended", "failed", "fatal"} & message.keys():
            idle.set()
        channel.write(msgspec.json.encode(message) + b"\n")

    threading.Thread(target=listen, daemon=True).start()
    while (job := jobs.get()) is not None:
        carry_out(msgspec.json.decode(job), tell)


def carry_out(job: dict[str, Any], tell: Tell) -> None:
    """Do one job; tells how it ends, whatever happens."""
    from evornn.atomic_files import DiskError
    from evornn.errors import EvornnError

    try:
        if "compile" in job:
            tell({"ended": {"seconds": [compiled(_spec(text), foretold) for text in job["compile"]]}})
        else:
            carry_out_run(_spec(job["run"]), Path(job["directory"]), tell)
    except DiskError as error:
        tell({"fatal": f"{error.what}; then give the same command again"})
    except EvornnError as error:
        tell({"failed": str(error)})
    except Exception as error:  # of a search or a library: other cells may be fine
        tell({"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})


def carry_out_run(spec: Spec, directory: Path, tell: Tell) -> None:
    """Begin or resume the run in `directory`, and bring it to its end."""
    from evornn.experiment.launch import start
    from evornn.experiment.storage.run_directory import is_run

    compiled(spec)
    told = time.monotonic()
    tell({"begun": True})

    def watch(record: Record) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            tell({"at": {"evaluations": record.evaluations, "best": record.best}})

    result = start(spec, directory, watch, resume=is_run(directory))
    tell({"ended": {"solved": result.solved, "evaluations": result.evaluations, "seconds": result.seconds}})


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
            search.consult(problem, genomes)
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
    from evornn.spec.run import Spec

    return Spec.of(tomllib.loads(text), "comparison")
