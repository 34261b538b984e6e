"""evornn list, cache, doctor: what there is, how fast, and on what machine."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

HEADINGS = {"networks": "Networks", "tasks": "Tasks", "search": "Searches", "training": "Trainers"}  # by package
USABLE = "usable: "
KINDS = {"networks": "networks", "tasks": "tasks", "searches": "search", "trainers": "training"}


def catalogue() -> dict[str, dict[str, dict[str, str]]]:
    """Heading -> group -> {name: first line of its docstring}, from the registries.

    A group is the `TITLE` of the package that a class stands in; "" is that of those without.
    """
    import importlib

    found: dict[str, dict[str, dict[str, str]]] = {}
    for package, heading in HEADINGS.items():
        groups = found[heading] = {}
        for name, cls in importlib.import_module(f"evornn.{package}").REGISTRY.items():
            title = getattr(importlib.import_module(cls.__module__.rpartition(".")[0]), "TITLE", "")
            groups.setdefault(title, {})[name] = (cls.__doc__ or "").strip().partition("\n")[0]
    return found


def markdown(wanted: Collection[str] = ()) -> str:
    """The catalogue as Markdown tables, as it stands in docs/catalogue.md; of these headings, or of all."""
    blocks = []
    for heading, groups in catalogue().items():
        if wanted and heading not in wanted:
            continue
        lines = [f"| {heading} | |", "|---|---|"]
        for title, entries in groups.items():
            lines += [f"| *{title}* | |"] if title else []
            lines += [f"| `{name}` | {line} |" for name, line in entries.items()]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def options(name: str, columns: int = 80) -> list[str]:
    """Lines on a registered class: what it is, then each option with its default, meaning and range."""
    import textwrap

    from evornn.options import rows

    cls = registered()[name]
    summary = (cls.__doc__ or "").strip().partition("\n")[0]
    found = [
        (option + (f" = {default}" if default else ""), ": ".join(filter(None, (allowed, meaning))))
        for option, default, allowed, meaning in rows(cls)
    ]
    width = min(30, max((len(given) for given, _ in found), default=0))
    lines = textwrap.wrap(f"{name}: {summary}", columns)
    for given, told in found:
        first, *further = textwrap.wrap(told, columns - width - 4) or [""]
        lines += [f"  {given}"] if len(given) > width else []
        lines.append(f"  {'' if len(given) > width else given:{width}}  {first}".rstrip())
        lines += [f"  {'':{width}}  {line}" for line in further]
    return lines


def registered() -> dict[str, type]:
    """All registered networks, tasks, searches and trainers by name."""
    import importlib

    packages = [importlib.import_module(f"evornn.{package}") for package in HEADINGS]
    return {name: cls for package in packages for name, cls in package.REGISTRY.items()}


def names() -> str:
    """The catalogue's names alone, as they stand in the README."""
    rows = ["| | |", "|---|---|"]
    for heading, groups in catalogue().items():
        parts = [
            (f"*{title}*: " if title else "") + ", ".join(f"`{name}`" for name in entries)
            for title, entries in groups.items()
        ]
        rows.append(f"| {heading} | {'; '.join(parts)} |")
    return "\n".join(rows)


def write_lists(page: Path) -> None:
    """Write the catalogue into the blocks that a Markdown file has for it: `list` or `names`, or both."""
    from evornn.bench.readme import has_block, replace_block

    brief = has_block(page, "names")
    if brief:
        replace_block(page, "names", names())
    if not brief or has_block(page, "list"):
        replace_block(page, "list", markdown())


def list_(
    kind: Annotated[
        str | None,
        typer.Argument(help="networks, tasks, searches or trainers; all unless told. Or the name of one: its options."),
    ] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown tables.")] = False,
    readme: Annotated[Path | None, typer.Option(help="Write the tables into this file's block.")] = None,
) -> None:
    """List networks, tasks, searches and trainers, one line each; or the options of one."""
    from evornn.errors import EvornnError, check_choice

    if kind is not None and kind not in KINDS:
        name = check_choice("the kind or name", kind, [*KINDS, *registered()])
        if as_markdown or readme is not None:
            raise EvornnError(f"--markdown and --readme list whole kinds; leave out {name!r}")
        typer.echo("\n".join(options(name)))
        return
    wanted = {HEADINGS[KINDS[kind]]} if kind is not None else set(HEADINGS.values())
    if readme is not None:
        if kind is not None:
            raise EvornnError(f"the block lists every kind; leave out {kind!r}")
        write_lists(readme)
        return
    if as_markdown:
        typer.echo(markdown(wanted))
        return
    for heading, groups in catalogue().items():
        if heading in wanted:
            show(heading, groups)


def show(heading: str, groups: dict[str, dict[str, str]]) -> None:
    """Print the names of one kind with their lines, group after group."""
    width = max(len(name) for entries in groups.values() for name in entries)
    for title, entries in groups.items():
        typer.secho(f"{heading}: {title}" if title else heading, bold=True)
        for name, line in entries.items():
            typer.echo(f"  {name:{width}}  {line}")


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove every cached kernel.")] = False,
) -> None:
    """Show the kernel cache: path, size and limit; or clear it."""
    from evornn.compiler import cache_folder

    if clear:
        typer.echo(f"removed {cache_folder.clear():,} kernels from {cache_folder.cache_folder()}")
        return
    typer.echo(_cache_line())


def _cache_line() -> str:
    """The cache's path, size, limit and state."""
    import os

    from evornn.compiler import cache_folder

    folder, asked = cache_folder.cache_folder(), cache_folder.asked_folder()
    held = cache_folder.contents()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    state = "writable" if os.access(existing, os.W_OK) else "NOT writable: every process compiles anew"
    if why := cache_folder.refusal(asked):
        state = f"{'NOT used: ' if folder == asked else 'instead of '}{why}"
    size = f"{held['bytes'] / 1e6:.1f} of at most {cache_folder.limit() / 1e6:,.0f} MB (EVORNN_CACHE_MB)"
    return f"{folder}: {held['kernels']:,} kernels, {size}, {state}"


def doctor() -> None:
    """Show versions, processor and cache; check a kernel.

    The check compares a compiled float64 kernel with NumPy.
    """
    import os
    import platform

    from evornn.compiler import host
    from evornn.experiment.storage.environment import LIBRARIES, OPTIONAL, commit, processor, version

    machine = host.features()
    lanes = ", ".join(f"{host.native_lanes(precision)} x {precision}" for precision in ("float32", "float64"))
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    rows = {
        "python": f"{platform.python_version()} on {platform.platform()}",
        **{name: version(name) or "not installed" for name in LIBRARIES},
        **{name: version(name) or f"not installed ({purpose})" for name, purpose in OPTIONAL.items()},
        "commit": commit() or "not a git checkout",
        "processor": f"{processor()} ({machine['cpu']})",
        "vectors": f"{machine['vector_bits']} bits: {lanes}; fused multiply-add: {'yes' if machine['fma'] else 'no'}",
        "threads": f"{usable} of {os.cpu_count()} cores usable",
        "kernel cache": _cache_line(),
    }
    rows["cuda"] = _gpu()
    for name, text in rows.items():
        typer.echo(f"{name:13} {text}")
    wrong = False
    for backend in ("cpu", "cuda") if rows["cuda"].startswith(USABLE) else ("cpu",):
        error = _self_check(backend)
        wrong |= error >= 1e-9
        verdict = "fine" if error < 1e-9 else "WRONG: please report this with the lines above"
        typer.echo(f"{'self-check':13} {verdict}: a {backend} kernel differs from NumPy by {error:.1e}")
    if wrong:
        raise typer.Exit(1)


def _gpu() -> str:
    """The device, and the rule of backend="auto"."""
    from evornn.backends.select import WithGpu, crossover

    if why := WithGpu.why_not():
        return f"not usable here. {why}"
    from evornn.compiler.cuda.device import facts

    device, (episodes, source) = facts(), crossover()
    return USABLE + (
        f"{device.name}, compute capability {device.capability[0]}.{device.capability[1]}, "
        f"{device.free / 1e9:.1f} of {device.memory / 1e9:.1f} GB free; "
        f"backend='auto' takes it from {episodes:,} episodes at once ({source})"
    )


def _self_check(name: str) -> float:
    """Largest relative difference in fitness between a backend's float64 kernel and NumPy, over 20 steps."""
    import numpy as np

    import evornn

    fitness = []
    for backend in (name, "plain"):
        task = evornn.tasks.Pendulum(steps=20)
        network = evornn.networks.FullyRecurrent(units=2)
        with evornn.Problem(network, task, backend=backend, precision="float64") as problem:
            genomes = problem.space.sample(np.random.default_rng(0), 8)
            fitness.append(problem.evaluate(genomes).fitness)
    compiled, oracle = fitness
    return float(np.max(np.abs(compiled - oracle) / np.maximum(1.0, np.abs(oracle))))
