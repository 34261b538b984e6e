"""`evornn bench --layouts`: the measurement behind the rule in compiler/layout.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from evornn.backends.cpu import CpuBackend
from evornn.bench.measure import Row, take_turns
from evornn.bench.workloads import Workload, ctrnn, double_pole, lstm
from evornn.compiler.emit.values import LayoutUnsupported
from evornn.compiler.host import native_lanes


def measure_layouts(seconds: float) -> list[Row]:
    """One row for each size, one column for each layout."""
    cases = [
        (double_pole(), 1024),
        *((ctrnn(n), 256) for n in (8, 16, 24, 32, 48, 64)),
        (ctrnn(128), 32),
        (lstm(16), 64),
        (lstm(64), 32),
    ]
    return [_row(workload, population, seconds) for workload, population in cases]


def _row(workload: Workload, population: int, seconds: float) -> Row:
    problem = workload.problem()
    values, scenarios = problem.simulation.genome.values(workload.population(population)), problem.scenarios
    native = native_lanes("float32")
    chosen = problem.backend.kernel(population, len(scenarios), scenarios.shape[1]).shape
    forms = [
        ("individuals", native, 1),
        ("individuals", 2 * native, 1),
        ("episodes", native, 1),
        *(("units", native * j, j) for j in (1, 2, 4)),
    ]
    contenders: dict[str, Callable[[], object]] = {}
    names = {}
    for layout, lanes, jobs in forms:
        if layout == "episodes" and len(scenarios) < native:
            continue
        backend = CpuBackend(problem.simulation, "float32", 1, layout, lanes, jobs)
        name = f"{layout} x{jobs if layout == 'units' else lanes // native}"
        names[name] = (chosen.layout, chosen.lanes, chosen.jobs) == (layout, lanes, jobs)
        try:
            backend.kernel(population, len(scenarios), scenarios.shape[1])
        except LayoutUnsupported:
            continue
        contenders[name] = partial(backend.evaluate, values, scenarios, workload.steps)
    timings = take_turns(contenders, seconds)
    row: Row = {"workload": workload.name, "P": population}
    for layout, lanes, jobs in forms:
        name = f"{layout} x{jobs if layout == 'units' else lanes // native}"
        rate = population * workload.steps / timings[name].median / 1e6 if name in timings else None
        row[name] = "-" if rate is None else f"{rate:.3g}{'*' if names[name] else ''}"
    return row
