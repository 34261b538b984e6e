"""The command line. Modules of a command are imported when it runs, so that `evornn --help` answers at once.

`runs` has run, resume and replay; `compare`, `kernel` and `bench` the commands of their names; `info` has list, cache
and doctor; `progress`, `summary` and `output` are what people see, `interrupts` is Ctrl-C. COMMANDS names them all.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import typer

from evornn.cli import bench, compare, info, kernel, output, runs

LONG = ("run", "resume", "replay", "compare")  # commands that go on when nobody reads any more what they print

app = typer.Typer(
    name="evornn",
    help="Evolve recurrent neural networks: a network, a task and a search, named in a spec file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help in half the time
)


def _told(command: Callable[..., None]) -> Callable[..., None]:
    """The command with a user's mistake told in a line (exit code 2) instead of a traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        from evornn.errors import EvornnError

        try:
            with output.going_on(command.__name__ in LONG), output.notes():
                command(*args, **kwargs)
        except EvornnError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None
        except BrokenPipeError:  # `evornn list | head`
            raise typer.Exit(output.CLOSED_PIPE) from None
        except OSError as error:
            if not output.failed():
                raise
            typer.echo(f"error: cannot write the output: {error.strerror}", err=True)
            raise typer.Exit(1) from None

    return wrapped


COMMANDS: dict[str, Callable[..., None]] = {
    "run": runs.run,
    "resume": runs.resume,
    "replay": runs.replay,
    "compare": compare.compare,
    "list": info.list_,
    "kernel": kernel.kernel,
    "bench": bench.bench,
    "cache": info.cache,
    "doctor": info.doctor,
}
for _name, _command in COMMANDS.items():
    app.command(_name)(_told(_command))


def main() -> None:
    """Run the command line.

    NumPy's BLAS gets one thread unless the environment says otherwise: the matrices of searches are small, and its
    threads, waiting busily beside the simulator's, make a decomposition ten times slower where cores are shared.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    outlets = output.install()
    try:
        app(prog_name="evornn")
    except SystemExit as end:
        raise SystemExit(output.finish(outlets, end.code if isinstance(end.code, int) else 1)) from None
