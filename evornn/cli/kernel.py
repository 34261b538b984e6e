"""evornn kernel: what is compiled for a spec, and what a GPU's compiler makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evornn.backends.cuda import CudaKernel

POPULATION = 1024
TARGETS = ("cpu", "cuda")
DEFAULT_CC = "9.0"  # of --ptx alone


def kernel(
    spec: Annotated[Path, typer.Argument(help="TOML file of a run.")],
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override an entry.")] = None,
    backend: Annotated[str | None, typer.Option(help="cpu or cuda; the spec's unless told.")] = None,
    cc: Annotated[
        str | None, typer.Option(metavar="9.0", help="Compile for this compute capability (no GPU needed) and report.")
    ] = None,
    population: Annotated[int, typer.Option(help="Individuals at once: the layout depends on it.")] = POPULATION,
    ptx: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the PTX of --cc into this file.")] = None,
) -> None:
    """Print the source that is compiled for a spec.

    With --cc: registers, spills and occupancy of the CUDA kernel instead.
    """
    from evornn.errors import EvornnError, check_choice, check_range
    from evornn.spec.run import Spec

    check_range("--population", population, 1, integer=True)
    known = Spec.load(spec, set_)
    own = known.problem.get("backend", "cpu")
    if backend is None and own not in TARGETS:
        raise EvornnError(f"the backend of this spec, {own!r}, has no kernel of its own: add --backend cpu or cuda")
    name = check_choice("--backend", backend or own, TARGETS)
    if name != "cuda" and (cc or ptx):
        raise EvornnError("--cc and --ptx are about GPUs: add --backend cuda")
    problem, _ = Spec.load(spec, [*(set_ or []), "problem.backend=cpu"]).build()
    shape = (population, *problem.scenarios.shape)
    if name == "cpu":
        typer.echo(problem.backend.kernel(*shape).text)
        return
    from evornn.backends.cuda import CudaBackend

    made = CudaBackend(problem.simulation, problem.precision, compiling=True).kernel(*shape)
    typer.echo(_report(made, cc or DEFAULT_CC, ptx) if cc or ptx else made.text)


def _report(kernel: CudaKernel, cc: str, file: Path | None) -> str:
    """Compile for a compute capability, and say what came of it."""
    from evornn.bench.ptx.report import describe
    from evornn.compiler.cuda import device as device
    from evornn.errors import EvornnError

    capability, shape, examples = device.capability(cc), kernel.shape, kernel.examples()
    text = device.compile_for(kernel.function, examples, capability, shape.lanes, "ptx")
    linked = device.compile_for(kernel.function, examples, capability, shape.lanes, "ltoir")
    if file is not None:
        try:
            file.write_text(text)
        except OSError as error:
            raise EvornnError(f"cannot write {file}: {error}") from error
    about = f"layout {shape.layout!r}, {shape.precision}, {shape.lanes} threads a block"
    return f"{about}\n{describe(text, capability, shape.lanes, linked)}"
