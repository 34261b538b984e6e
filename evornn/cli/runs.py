"""evornn run, resume, replay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np

    from evornn.experiment.run import Result
    from evornn.experiment.storage.records import Record
    from evornn.problem import Problem
    from evornn.results import Trajectory
    from evornn.spec.run import Spec

RUNS = Path("runs/out")
SHOWN_STEPS = 1000  # of the champion, in the figure

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override an entry of the spec: search.population=64. Repeatable."),
]
WorkersOption = Annotated[int | None, typer.Option(help="Threads; all cores unless told.", min=1)]


def run(
    spec: Annotated[Path, typer.Argument(help="TOML file that names network, task and search.")],
    out: Annotated[Path | None, typer.Option(help="Directory of the run; else runs/out/SPEC-SEED.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, in place of the spec's.", min=0)] = None,
    workers: WorkersOption = None,
    set_: SetOption = None,
    figure: Annotated[bool, typer.Option(help="Draw the figure of the run at its end.")] = True,
) -> None:
    """Run a spec: evolve until solved or until a budget is spent."""
    from evornn.atomic_files import new_directory
    from evornn.experiment.launch import directories
    from evornn.spec.run import Spec

    overrides = [*(set_ or []), *([] if seed is None else [f"run.seed={seed}"]), *_workers(workers)]
    loaded = Spec.load(spec, overrides)
    if out is not None:
        _carry_out(loaded, out, resume=False, figure=figure)
        return
    with new_directory(directories(RUNS, spec.stem, loaded.seed)) as directory:
        _carry_out(loaded, directory, resume=False, figure=figure)


def resume(
    directory: Annotated[Path, typer.Argument(help="Directory of the run.")],
    workers: WorkersOption = None,
    set_: SetOption = None,
    figure: Annotated[bool, typer.Option(help="Draw the figure of the run at its end.")] = True,
) -> None:
    """Continue an interrupted run, bit for bit.

    --set run.evaluations=N gives it a new budget.
    """
    from evornn.experiment.launch import stored_spec

    spec = stored_spec(directory, [*(set_ or []), *_workers(workers)])
    _carry_out(spec, directory, resume=True, figure=figure)


def replay(
    directory: Annotated[Path, typer.Argument(help="Directory of the run.")],
) -> None:
    """Test a run's best network again; redraw its figure."""
    from evornn.cli.summary import verification
    from evornn.experiment.launch import stored_spec
    from evornn.experiment.storage import run_directory
    from evornn.experiment.storage.records import as_array

    spec = stored_spec(directory)
    problem, _ = spec.build()
    genome, solved_at = run_directory.read_best(directory)
    if genome is None:
        typer.echo("this run has no best network yet")
        raise typer.Exit(1)
    report = problem.test_champion(genome)
    typer.echo(verification(report) if report.trials else "the task has no champion test")
    history = as_array(run_directory.read_history(directory))
    for file in _draw(directory, _title(spec), problem, genome, history, solved_at):
        typer.echo(file)


def _workers(workers: int | None) -> list[str]:
    return [] if workers is None else [f"problem.workers={workers}"]


def _carry_out(spec: Spec, out: Path, resume: bool, figure: bool) -> None:
    """Run or resume `spec` in `out` under a progress display, then say how it ended."""
    from evornn.atomic_files import resume_command
    from evornn.cli.interrupts import Interrupts
    from evornn.cli.progress import Progress
    from evornn.experiment.launch import start
    from evornn.experiment.storage.run_directory import HISTORY

    typer.echo(f"{out}: {'resuming' if resume else 'running'} {spec.origin}")
    progress, interrupts = Progress(spec.limits), Interrupts()

    def watch(record: Record) -> None:
        progress.update(record)
        interrupts.check()

    try:
        with interrupts, progress:
            built = spec.build()
            result = start(spec, out, watch, built, resume, lambda found: typer.echo(found.describe()))
    except KeyboardInterrupt:
        if (out / HISTORY).exists():
            typer.echo(
                f"\ninterrupted; nothing evaluated so far is lost. Continue with: {resume_command(out)}", err=True
            )
        else:
            typer.echo("\ninterrupted before the run began", err=True)
        raise typer.Exit(interrupts.code) from None
    _conclude(result, built[0], out, _title(spec) if figure else None)


def _conclude(result: Result, problem: Problem, out: Path, title: str | None) -> None:
    """Draw the run's figure under `title`, if there is one, and print the summary."""
    from rich.console import Console
    from rich.table import Table

    from evornn.cli.summary import summarise

    files = [str(out)]
    if title is not None and result.best is not None:
        solved_at = result.best.evaluation if result.solved else None
        files += [f.name for f in _draw(out, title, problem, result.best.genome, result.history, solved_at)]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    for heading, sentence in [*summarise(result, problem), ("Files", ", ".join(files))]:
        table.add_row(heading, sentence)
    Console(highlight=False).print(table)


def _draw(
    out: Path, title: str, problem: Problem, genome: np.ndarray, history: np.ndarray, solved_at: int | None
) -> list[Path]:
    """The figure of a run."""
    from evornn.plots.run_figure import draw

    task, targets = problem.task, problem.task.series.get("targets")
    return draw(
        out / "figure",
        history,
        title,
        solved_at,
        trajectory=_rollout(problem, genome),
        panels=getattr(task, "panels", None),
        targets=None if targets is None else targets[0],
    )


def _title(spec: Spec) -> str:
    return f"{spec.network['name']} in {spec.task['name']}, {spec.search['name']}, seed {spec.seed}"


def _rollout(problem: Problem, genome: np.ndarray) -> Trajectory:
    """The first steps of an episode: all that a figure can show of one of 100,000."""
    import copy

    from evornn.problem import Problem

    task = copy.copy(problem.task)
    task.steps = min(task.steps, SHOWN_STEPS)
    return Problem(problem.network, task, "plain", seed=problem.seed).rollout(genome)
