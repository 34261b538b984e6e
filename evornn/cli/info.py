"""evornn list, kernel, bench, cache, doctor: what there is, what is emitted, how fast it is, and whether this machine is fine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HEADINGS = {"network": "Networks", "task": "Tasks", "search": "Searches"}
KINDS = {"networks": "network", "tasks": "task", "searches": "search"}


def catalogue() -> dict[str, dict[str, str]]:
    """Heading -> {name: first line of its docstring}, from the registries."""
    from evornn.experiment.spec import registry

    return {
        heading: {name: (cls.__doc__ or "").strip().partition("\n")[0] for name, cls in registry(family).items()}
        for family, heading in HEADINGS.items()
    }


def markdown() -> str:
    """The catalogue as Markdown tables, as it stands in the README."""
    blocks = []
    for heading, entries in catalogue().items():
        rows = [f"| `{name}` | {line} |" for name, line in entries.items()]
        blocks.append("\n".join([f"| {heading} | |", "|---|---|", *rows]))
    return "\n\n".join(blocks)


def list_(
    kind: Annotated[str | None, typer.Argument(help="networks, tasks or searches; all unless told.")] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown tables.")] = False,
) -> None:
    """List networks, tasks and searches, one line each."""
    from evornn.errors import check_choice

    if as_markdown:
        typer.echo(markdown())
        return
    wanted = {HEADINGS[KINDS[check_choice("the kind", kind, KINDS)]]} if kind else set(HEADINGS.values())
    for heading, entries in catalogue().items():
        if heading in wanted:
            typer.secho(heading, bold=True)
            width = max(map(len, entries))
            for name, line in entries.items():
                typer.echo(f"  {name:{width}}  {line}")


def kernel(
    spec: Annotated[Path, typer.Argument(help="TOML file of a run.")],
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override an entry.")] = None,
) -> None:
    """Print the source that is emitted and compiled for a spec's network and task."""
    from evornn.experiment.spec import Spec

    problem, _ = Spec.load(spec, set_).build()
    typer.echo(problem.kernel_source())


def bench() -> None:
    """Measure the simulator."""


def cache() -> None:
    """Cache."""


def doctor() -> None:
    """Doctor."""
