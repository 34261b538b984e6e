"""`evornn bench --seeds N --spec FILE`: how many of N seeds solve a spec's task, and in how many evaluations."""

from __future__ import annotations

import statistics
from typing import Any

import msgspec

from evornn.errors import EvornnError
from evornn.experiment.run import run
from evornn.experiment.spec import Spec


def measure_seeds(paths: list[str], seeds: int) -> list[dict[str, Any]]:
    """One row for each spec; beside it, where the task has one, the published mean of conventional neuroevolution."""
    if not paths:
        raise EvornnError("name the specs to run: evornn bench --seeds 50 --spec runs/double_pole.toml")
    return [_row(path, seeds) for path in paths]


def _row(path: str, seeds: int) -> dict[str, Any]:
    evaluations, balanced, best_generalisation = [], 0, []
    published: dict[str, float] = {}
    for seed in range(1, seeds + 1):
        spec = Spec.load(path, [f"run.seed={seed}"])
        problem, search = spec.build()
        with problem:
            result = run(problem, search, **msgspec.structs.asdict(spec.limits))
            published = dict(problem.task.published)
        if result.solved and result.verified is not None:
            evaluations.append(result.evaluations)
            balanced += all(t.ok for t in result.verified.trials)
            best_generalisation += [t.passed for t in result.verified.trials if t.episodes > 1]
    spread = statistics.stdev(evaluations) if len(evaluations) > 1 else 0.0
    return {
        "spec": path,
        "solved": f"{len(evaluations)} of {seeds}",
        "verified in float64": f"{balanced} of {seeds}",
        "mean evaluations": f"{statistics.mean(evaluations):,.0f} ± {spread:,.0f}" if evaluations else "-",
        "median": f"{statistics.median(evaluations):,.0f}" if evaluations else "-",
        "mean generalisation": f"{statistics.mean(best_generalisation):.0f}" if best_generalisation else "-",
        "published CNE": f"{published['CNE']:,.0f}" if "CNE" in published else "-",
    }
