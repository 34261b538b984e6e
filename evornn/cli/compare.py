"""evornn compare: methods on problems over seeds, carried out in parallel and gone on with after an interruption."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evornn.cli.runs import RUNS
from evornn.errors import EvornnError

if TYPE_CHECKING:
    from evornn.cli.progress import Display
    from evornn.compare.results import Results
    from evornn.compare.runner import Tally
    from evornn.spec.comparison import Comparison

UNPUBLISHED = "no problem of {} has published means to stand beside"
BROKEN = 1  # the exit code if some runs broke off


def compare(
    spec: Annotated[Path, typer.Argument(help="TOML file that names methods and problems.")],
    out: Annotated[Path | None, typer.Option(help="Directory of the comparison; else runs/out/SPEC.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Seeds 1 to N, in place of the spec's.", min=1)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; all cores unless told.", min=1)] = None,
    only: Annotated[list[str] | None, typer.Option(help="A problem or method to confine it to. Repeatable.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Override an entry of the spec: compare.evaluations=5000, methods.NAME.search.population=64.",
        ),
    ] = None,
    import_: Annotated[
        list[Path] | None,
        typer.Option("--import", metavar="FILE", help="CSV of results from elsewhere, kept in the directory."),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Only write the report of the runs that have ended.")
    ] = False,
    ioh: Annotated[
        Path | None, typer.Option(help="Directory to write the runs into as IOHprofiler data, for IOHanalyzer.")
    ] = None,
    readme: Annotated[
        Path | None,
        typer.Option(help="Markdown file; its block named as the spec gets our means beside the published ones."),
    ] = None,
) -> None:
    """Compare methods on problems over seeds; the same command goes on where one was interrupted."""
    from evornn.cli.interrupts import Interrupts
    from evornn.cli.progress import Display
    from evornn.compare import runner
    from evornn.compare.results import load
    from evornn.spec.comparison import Comparison

    out = out or RUNS / spec.stem
    if report:
        for name, given in (("--seeds", seeds), ("--only", only), ("--set", set_), ("--import", import_)):
            if given:
                raise EvornnError(f"{name} does not go with --report, which runs nothing and tells all there is")
        tell(load(out), spec, ioh, readme)
        return
    comparison = Comparison.load(spec, set_, seeds)
    if readme is not None:
        check_readme(readme, comparison, spec)
    display, interrupts = Display("compiling networks and tasks"), Interrupts()

    told: set[str] = set()

    def watch(tally: Tally) -> None:
        foretell(tally, told)
        show(display, tally)
        interrupts.check()

    try:
        with interrupts, display:
            results = runner.run(comparison, out, workers=workers, only=only or (), foreign=import_ or (), watch=watch)
        conclude(results, out)
        if results.rows:
            tell(results, spec, ioh, readme)
    except KeyboardInterrupt:
        again = shlex.join(["evornn", *sys.argv[1:]])
        typer.echo(f"\ninterrupted; nothing evaluated so far is lost. Continue with: {again}", err=True)
        raise typer.Exit(interrupts.code) from None
    if results.failed:
        raise typer.Exit(BROKEN)


def check_readme(readme: Path, comparison: Comparison, spec: Path) -> None:
    """Raise EvornnError, before any run, if there will be nothing to write into the Markdown file, or no place."""
    from evornn.bench.readme import check_block
    from evornn.compare.report.published import published_means

    check_block(readme, spec.stem)
    if not any(published_means(entry) for entry in comparison.problems.values()):
        raise EvornnError(UNPUBLISHED.format(spec))


def tell(results: Results, spec: Path, ioh: Path | None = None, readme: Path | None = None) -> None:
    """Write the report, and what else is asked for (IOHprofiler data, the block of a Markdown file); say where."""
    from evornn.bench.readme import replace_block
    from evornn.compare.export.ioh import export
    from evornn.compare.report.page import write_report

    for what, why in results.damaged.items():
        typer.echo(f"left out: {what}: {why}", err=True)
    typer.echo(f"report: {write_report(results)[0]}")
    if ioh is not None:
        typer.echo(f"IOHprofiler data: {len(export(results, ioh)):,} files of runs in {ioh}")
    if readme is not None:
        replace_block(readme, spec.stem, published_block(results, spec))
        typer.echo(f"our means beside the published ones: {readme}, block {spec.stem}")


def published_block(results: Results, spec: Path) -> str:
    """Our means beside the published ones as Markdown; EvornnError if no problem of the comparison has such."""
    from evornn.bench.readme import markdown_table
    from evornn.compare.report.data import gather
    from evornn.compare.report.page import spans
    from evornn.compare.report.published import published

    tables = published(gather(results))
    if not tables:
        raise EvornnError(UNPUBLISHED.format(spec))
    rows = [
        [table.title, *(f"{cell.main} ({cell.note})" if cell.note else cell.main for cell in row)]
        for table in tables
        for row in table.rows
    ]
    versions = dict.fromkeys(
        f"Python {made['python']}, NumPy {made['versions']['numpy']}, Numba {made['versions']['numba']}"
        for made in results.environments()
    )
    seeds = spans(row.seed for row in results.rows)
    made = f"Seeds {seeds}; made by `evornn compare {spec}`; {' and '.join(versions)}."
    return f"{markdown_table(['problem', *tables[0].columns], rows)}\n\n{made}"


def foretell(tally: Tally, told: set[str]) -> None:
    """Say once what memory the workers need and, when it is known, how long the runs take."""
    from evornn.compare.statistics.conclusions import counted
    from evornn.experiment.estimate import in_bytes, in_time

    if not tally.pending and not told:
        return
    if "memory" not in told:
        told.add("memory")
        typer.echo(f"needs about {in_bytes(tally.memory)} for {counted(tally.workers, 'worker')}")
    times = tally.seconds_foretold
    if times is not None and "time" not in told:
        told.add("time")
        typer.echo(f"{in_time(*times)} for {counted(len(tally.pending), 'run')} if none ends earlier")


def show(display: Display, tally: Tally) -> None:
    """Show runs that have ended and those going on, how many were solved, and the time left."""
    from evornn.cli.progress import in_clock
    from evornn.compare.statistics.conclusions import counted

    if tally.compiling:
        display.show(f"compiling networks and tasks for {counted(len(tally.pending), 'run')}", None)
        return
    done = tally.total - len(tally.pending)
    parts = [f"{done:,} / {tally.total:,} runs"]
    if tally.ended:
        parts.append(f"{tally.solved:,} of {len(tally.ended):,} solved")
    if tally.failed:
        parts.append(f"{len(tally.failed):,} broke off")
    left = tally.seconds_left()
    if left is not None:
        parts.append(f"{in_clock(left)} left")
    for cell, at in list(tally.at.items())[:1] if display.console.width >= 100 else []:
        parts.append(f"{cell}" + (f": {at['evaluations']:,} evaluations" if at else ""))
    display.show("  ".join(parts), done / tally.total)


def conclude(results: Results, out: Path) -> None:
    """Say what came out, a line for each problem and method, and what did not."""
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    from evornn.compare.cells import RESULTS
    from evornn.compare.statistics.conclusions import counted

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("problem", "method"):
        table.add_column(name, no_wrap=True)
    for name in ("runs", "solved", "evaluations", "best", "seconds"):
        table.add_column(name, justify="right")
    for problem in results.problems:
        for method in results.methods:
            spent, solved = results.runs(problem, method)
            if not len(solved):
                continue
            at = np.median(np.where(solved, spent, np.inf))
            seconds, best = (results.column(name, problem, method) for name in ("seconds", "best"))
            shown = [(at, ",.0f"), (np.median(best), ",.6g"), (seconds.sum(), ",.1f")]
            numbers = [format(number, form) if np.isfinite(number) else "-" for number, form in shown]
            table.add_row(problem, method, f"{len(solved):,}", f"{solved.sum():,}", *numbers)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120  # whole columns in a file
    console.print(table)
    console.print("evaluations: median to solve; best: median fitness; seconds: of all runs")
    for cell, reason in results.failed.items():
        typer.echo(f"broke off: {cell}: {reason} (see {cell.error_file(out)})", err=True)
    if results.unfinished:
        left = len(results.unfinished)
        typer.echo(f"{counted(left, 'run')} of the comparison in {out} {'has' if left == 1 else 'have'} not ended yet")
    typer.echo(f"{counted(len(results.rows), 'run')}: {out / RESULTS}")
