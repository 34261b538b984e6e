"""Summary of a run, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from evornn.experiment.run import Result
    from evornn.experiment.validation import Validated
    from evornn.problem import Problem
    from evornn.results import ChampionReport

REASONS = {
    "evaluations": "the budget of evaluations is spent",
    "steps": "the budget of simulated steps is spent",
    "seconds": "the time is up",
    "generations": "the number of generations is reached",
    "reevaluations": "the budget of re-evaluations is spent",
    "restarts": "the search has started afresh as often as it may",
    "error_threshold": "the error is below its threshold",
    "share_learned": "the share of the training data that was asked for is learned",
    "search": "the search has nothing more to try",
}


def summarise(result: Result, problem: Problem) -> list[tuple[str, str]]:
    """(heading, sentence) pairs: outcome, champion, literature, effort, and files if there are any."""
    rows = [("Outcome", _outcome(result)), ("Problem", problem.describe())]
    if result.verified is not None:
        rows.append(("Champion", verification(result.verified)))
    if result.validated is not None:
        rows.append(("Validated", _validated(result.validated)))
    published = problem.task.published
    if published and result.solved:
        figures = ", ".join(f"{name} {mean:,.0f}" for name, mean in published.items())
        rows.append(("Published", f"mean evaluations to solve this task: {figures} (this is one run, those are means)"))
    rows.append(("Effort", _effort(result)))
    return rows


def _outcome(result: Result) -> str:
    if not len(result.history):
        return "nothing was evaluated"
    at = f"after {result.evaluations:,} evaluations in {len(result.history):,} generations"
    if result.solved and result.best is not None:
        return f"solved {at}; the champion was evaluation {result.best.evaluation:,}, fitness {result.best.fitness:.6g}"
    best = f"best fitness {result.best.fitness:.6g}" if result.best else "no fitness"
    failed = f"; champions tested and failed: {result.tests:,}" if result.tests else ""
    return f"not called solved: {REASONS[result.stopped_by]} {at}; {best}{failed}"


def verification(report: ChampionReport) -> str:
    """What the champion's test found, and by which kernel and precision."""
    word = "verified" if report.solved else "refuted"
    found = [
        f"{t.name}: {'yes' if t.ok else 'no'}" if t.episodes == 1 else f"{t.name}: {t.passed:,} ({t.required:,} needed)"
        for t in report.trials
    ]
    return f"{word} in {report.precision} by the {report.backend} backend; " + (
        "; ".join(found) or f"fitness {report.fitness:.6g}"
    )


def _validated(found: Validated) -> str:
    """What unseen episodes say of the best, and of the one with the highest training fitness."""
    return (
        f"the best on {found.episodes:,} unseen episodes has fitness {found.test:.6g} on as many others; "
        f"the training best has {found.flattered:.6g} there ({found.evaluations:,} evaluations apart)"
    )


def _effort(result: Result) -> str:
    counts = {
        "evaluations that were gradients": result.gradients,
        "evaluations of genomes evaluated before": result.reevaluations,
        "restarts": result.restarts,
        "champion tests apart": result.tests,
    }
    told = "".join(f"; {name}: {count:,}" for name, count in counts.items() if count)
    return f"{result.seconds:.1f} s; {result.steps:,} simulated steps{_speed(result.history)}{told}"


def _speed(history: np.ndarray) -> str:
    """Simulated steps a second of evaluation; the first generation is left out, because it compiles."""
    spent = float(history["simulating"][1:].sum())
    return f" ({in_words((history['steps'][-1] - history['steps'][0]) / spent)} a second)" if spent else ""


def in_words(number: float) -> str:
    """A number with three digits and k or M: 912, 52.6 k, 3.41 M."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"
