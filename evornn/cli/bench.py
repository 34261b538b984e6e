"""evornn bench: speed on this machine, everything in turns on one core."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evornn.errors import EvornnError


def bench(
    only: Annotated[str, typer.Option(help="Measure workloads whose name contains this, for example W1.")] = "",
    seconds: Annotated[float, typer.Option(help="Time for each row.")] = 3.0,
    searches: Annotated[
        bool, typer.Option("--searches", help="Instead: what a generation of each search costs, fitness excluded.")
    ] = False,
    functions: Annotated[
        bool, typer.Option("--functions", help="Instead: searches beside pycma, nevergrad, evosax on test functions.")
    ] = False,
    backend: Annotated[
        str | None, typer.Option(help="Instead: cuda, the GPU beside the CPU and JAX, and where it overtakes.")
    ] = None,
    populations: Annotated[
        str, typer.Option(metavar="P,P", help="Sizes for --backend; 64 to 1,048,576 unless told.", show_default=False)
    ] = "",
    layouts: Annotated[
        bool, typer.Option("--layouts", help="Instead: each layout at sizes around the rule's borders.")
    ] = False,
    gradients: Annotated[
        bool, typer.Option("--gradients", help="Instead: what backpropagation through time costs.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Instead: what a step of RTRL, TBPTT and their hybrid costs against N.")
    ] = False,
    networks: Annotated[
        bool, typer.Option("--networks", help="Instead: each network beside JAX, on the same formulas.")
    ] = False,
    figure: Annotated[Path | None, typer.Option(help="Draw what --online measures.")] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each method for --functions.")] = 15,
    readme: Annotated[Path | None, typer.Option(help="Write the table into this file's block for it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print lines of JSON instead of a table.")] = False,
) -> None:
    """Measure speed beside NumPy, scalar Numba and JAX."""
    from evornn.bench.command import Options, main

    main(
        Options(
            only=only,
            seconds=seconds,
            searches=searches,
            functions=functions,
            backend=backend,
            populations=_sizes(populations),
            layouts=layouts,
            gradients=gradients,
            online=online,
            networks=networks,
            figure=figure,
            seeds=seeds,
            readme=readme,
            json=as_json,
        )
    )


def _sizes(text: str) -> tuple[int, ...]:
    """Populations from "1024,4096"."""
    try:
        return tuple(int(part.replace("_", "")) for part in text.split(",")) if text else ()
    except ValueError:
        raise EvornnError(f"--populations is {text!r}; it must be whole numbers, such as 1024,4096") from None
