"""`evornn bench`: the speed table, the cost of searches, and the layouts that the rule chooses between."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evornn.bench.measure import Row, Timing, take_turns
from evornn.bench.workloads import Workload, all_workloads, every_network
from evornn.errors import EvornnError, check_choice, check_range

OURS, THREADS, ONE_LANE, NUMPY, JAX = "evornn", "evornn, 2 threads", "scalar Numba", "NumPy", "JAX"
NETWORKS_TITLE = (
    "CPU milliseconds of 8 sequences of 50 steps, float32, compiling apart; networks as they are by default; (x) is "
    "evornn's speed over it"
)


@dataclass(frozen=True)
class Options:
    """What to measure: workloads, or instead of them one of the others. only: part of a name. seconds: for each row.
    populations: sizes for `backend`. seeds: runs of each method for `functions`. figure: file to draw what `online`
    measures. readme: file in whose block the table goes. json: lines of JSON instead of a table.
    """

    only: str = ""
    seconds: float = 3.0
    searches: bool = False
    functions: bool = False
    backend: str | None = None
    populations: tuple[int, ...] = ()
    layouts: bool = False
    gradients: bool = False
    online: bool = False
    networks: bool = False
    figure: Path | None = None
    seeds: int = 15
    readme: Path | None = None
    json: bool = False

    def check(self) -> None:
        """Raise EvornnError on what cannot be measured."""
        if self.backend is not None:
            check_choice("--backend", self.backend, ["cuda"])
        if self.figure and not self.online:
            raise EvornnError("--figure draws what --online measures; give both")
        if self.populations and not self.backend:
            raise EvornnError("--populations goes with --backend cuda")
        if self.networks and not importlib.util.find_spec("jax"):
            raise EvornnError("--networks measures beside JAX; install it with: pip install 'evornn[jax]'")
        check_range("--seconds", self.seconds, 0, 86_400, open_low=True)
        check_range("--seeds", self.seeds, 1, 100_000, integer=True)
        for population in self.populations:
            check_range("--populations", population, 1, 2**31 - 1, integer=True)


def main(options: Options) -> None:
    """Measure and show."""
    options.check()
    block, rows, title = _measure(options)
    if not rows:
        names = dict.fromkeys(workload.name for workload, _ in all_workloads())
        listed = f"; valid: {'; '.join(names)}" if block in ("bench", "cuda") else ""
        raise EvornnError(f"--only {options.only!r} is part of no name{listed}")
    if options.json:
        for row in rows:
            print(json.dumps(row))
        return
    show(rows, title)
    if options.readme:
        from evornn.bench.readme import replace_block

        replace_block(options.readme, block, markdown(rows, title))


def _measure(options: Options) -> tuple[str, list[Row], str]:
    """The name of its block, rows and title of what was asked for."""
    if options.searches:
        from evornn.bench.search_costs import TITLE as costs_title
        from evornn.bench.search_costs import measure_search_costs

        return "searches", measure_search_costs(options.only), costs_title
    if options.functions:
        from evornn.bench.functions import TITLE as functions_title
        from evornn.bench.functions import measure_functions

        rows = measure_functions(options.only, options.seeds)
        return "functions", rows, functions_title.format(seeds=options.seeds)
    if options.backend:
        from evornn.bench import cuda

        return "cuda", cuda.measure_cuda(options.only, options.seconds, list(options.populations) or None), cuda.title()
    if options.gradients:
        from evornn.bench.gradients import measure_gradients

        threads = "one thread (JAX takes as many as it likes)"
        title = f"Milliseconds a gradient, float32, {threads}; (x) is evornn's speed over it"
        return "gradients", measure_gradients(options.seconds), title
    if options.online:
        from evornn.bench.online_costs import draw_online, measure_online, table

        rows = measure_online(min(options.seconds, 3.0))
        if options.figure:
            draw_online(rows, options.figure)
        return "online", table(rows), "Microseconds a step, gradients only, float32, one core; fully recurrent networks"
    if options.networks:
        return "networks", networks(options.only, options.seconds), NETWORKS_TITLE
    if options.layouts:
        from evornn.bench.layouts import measure_layouts

        rows = measure_layouts(options.seconds)
        return "layouts", rows, "Million individual-steps a second by layout; * is the rule's choice"
    title = "Million individual-steps a second, float32, one core unless said; (x) is evornn's speed over it"
    return "bench", speed(options.only, options.seconds), title


def speed(only: str, seconds: float) -> list[Row]:
    """One row for each workload and population."""
    rows = []
    for workload, populations in all_workloads():
        for population in populations:
            if only.lower() in workload.name.lower():
                rows.append(_speed_row(workload, population, seconds))
    return rows


def _speed_row(workload: Workload, population: int, seconds: float) -> Row:
    genomes = workload.population(population)
    contenders, shares = _contenders(workload, genomes)
    timings = take_turns(contenders, seconds)
    row: Row = {"workload": workload.name, "P": population}
    for name, timing in timings.items():
        rate = population * workload.steps * shares[name] / timing.median / 1e6
        row[name] = _cell(rate, timing, shares[name], name)
    return row


def networks(only: str, seconds: float) -> list[Row]:
    """One row for each network and population, beside JAX, which reads the same formulas."""
    chosen = [workload for workload in every_network() if only.lower() in workload.name.lower()]
    return [_network_row(workload, population, seconds) for workload in chosen for population in (64, 1024)]


def _network_row(workload: Workload, population: int, seconds: float) -> Row:
    from evornn.bench.array_reader import ArrayRollout

    problem, genomes = workload.problem(), workload.population(population)
    values = problem.simulation.genome.values(genomes)
    theirs = ArrayRollout(problem.simulation, problem.scenarios.shape[1], jit=True, chunk=_cache_chunk(workload))
    row: Row = {"network": workload.name, "P": population, OURS: None, JAX: "-"}
    contenders: dict[str, Callable[[], object]] = {OURS: lambda: problem.evaluate(genomes)}
    with contextlib.suppress(TypeError):  # of JAX, where a formula cannot be traced by it
        found = theirs.run(values, problem.scenarios, workload.steps)
        np.testing.assert_allclose(found, problem.evaluate(genomes).fitness, rtol=1e-2, atol=1e-3)
        contenders[JAX] = lambda: theirs.run(values, problem.scenarios, workload.steps)
    timings = take_turns(contenders, seconds, clock=time.process_time)
    row[OURS] = f"{1e3 * timings[OURS].median:.3g}"
    if JAX in timings:
        row[JAX] = f"{1e3 * timings[JAX].median:.3g} ({timings[JAX].ratio:.3g}x)"
    return row


def _cell(rate: float, timing: Timing, share: float, name: str) -> str:
    shown = f"{rate:.3g}"
    return shown if name in (OURS, THREADS) else f"{shown} ({timing.ratio / share:.3g}x)"


def _contenders(workload: Workload, genomes: np.ndarray) -> tuple[dict[str, Callable[[], object]], dict[str, float]]:
    """What runs, and the share of the steps that each runs (slow ones are measured on fewer)."""
    from evornn.backends.cpu import CpuBackend
    from evornn.bench.array_reader import ArrayRollout

    problem = workload.problem(workers=1)
    scenarios, steps = problem.scenarios, workload.steps
    one_lane = CpuBackend(problem.simulation, "float32", 1, layout="individuals", lanes=1)
    two = workload.problem(workers=2)
    few = max(1, steps // 20)
    numpy_rollout = ArrayRollout(problem.simulation, scenarios.shape[1], jit=False)
    values = problem.simulation.genome.values(genomes)
    contenders: dict[str, Callable[[], object]] = {
        OURS: lambda: problem.evaluate(genomes),
        THREADS: lambda: two.evaluate(genomes),
        ONE_LANE: lambda: one_lane.evaluate(values, scenarios, few),
        NUMPY: lambda: numpy_rollout.run(values, scenarios, few),
    }
    shares = {OURS: 1.0, THREADS: 1.0, ONE_LANE: few / steps, NUMPY: few / steps}
    if importlib.util.find_spec("jax"):
        jax_rollout = ArrayRollout(problem.simulation, scenarios.shape[1], jit=True, chunk=_cache_chunk(workload))
        contenders[JAX] = lambda: jax_rollout.run(values, scenarios, steps)
        shares[JAX] = 1.0
    return contenders, shares


def _cache_chunk(workload: Workload) -> int:
    """Individuals that JAX simulates at once: 2,048, fewer where their weights would leave the second-level cache."""
    chunk = 2048
    while chunk > 4 and chunk * workload.problem().dimension * 4 > 512 * 1024:
        chunk //= 2
    return chunk


def show(rows: list[Row], title: str) -> None:
    """Print a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for i, name in enumerate(rows[0]):
        table.add_column(name, justify="left" if i == 0 else "right")
    for row in rows:
        table.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()))
    Console().print(table)


def markdown(rows: list[Row], title: str) -> str:
    """The table as Markdown, with the machine and the versions it was made on."""
    import numba

    from evornn.bench.readme import markdown_table
    from evornn.compiler.host import features

    cells = [[f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()] for row in rows]
    host = features()
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}"
    where = f"{host['cpu']}, {host['vector_bits']}-bit vectors; {versions}"
    return f"{title}.\n\n{markdown_table(list(rows[0]), cells)}\n\nMeasured by `evornn bench` on {where}."
