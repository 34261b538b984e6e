"""`evornn bench --backend cuda`: the GPU beside all cores of the CPU and JAX, and from which size on it is faster.

Needs a GPU. The crossover that it finds is kept for backend="auto".
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial

import numpy as np

from evornn.backends import usable
from evornn.backends.select import record_crossover
from evornn.bench.array_reader import ArrayRollout
from evornn.bench.measure import Row, take_turns
from evornn.bench.workloads import Workload, ctrnn, double_pole, lstm

POPULATIONS = [4**k for k in range(3, 11)]  # 64 to 1,048,576
LONGEST = 4.0  # seconds that one evaluation may be expected to take; beyond that the rate at the last size is quoted
GENOMES = 2e9  # bytes of genomes at most
CPU, CUDA, JAX = "CPU, all cores", "CUDA", "JAX"


def workloads() -> list[Workload]:
    """W1 to W3."""
    return [double_pole(), *(ctrnn(n) for n in (8, 32, 128)), *(lstm(n) for n in (16, 64))]


def measure_cuda(only: str, seconds: float, populations: list[int] | None = None) -> list[Row]:
    """One row for each workload and population, the last of each with the crossover, which is recorded."""
    usable("cuda")
    from evornn.compiler.cuda.device import facts

    rows: list[Row] = []
    borders = []
    for workload in workloads():
        if only.lower() in workload.name.lower():
            found, border = measure_workload(workload, seconds, populations or POPULATIONS)
            rows += found
            borders += [border] if border else []
    if borders:
        record_crossover(facts().name, max(borders))
    return rows


def measure_workload(workload: Workload, seconds: float, populations: list[int]) -> tuple[list[Row], int]:
    """Rows of one workload, and the episodes at once from which CUDA is the faster one; 0 if it never is."""
    on_cpu, on_gpu = workload.problem(None), workload.problem(None, "cuda")
    rates: dict[str, float] = {}
    rows, border = [], 0
    for population in sorted(populations):
        if population * on_cpu.dimension * 8 > GENOMES:
            break
        genomes = workload.population(population)
        contenders: dict[str, Callable[[], object]] = {
            CUDA: partial(on_gpu.evaluate, genomes),
            CPU: partial(on_cpu.evaluate, genomes),
            **_jax(workload, genomes),
        }
        work = population * workload.steps
        quick = {n: run for n, run in contenders.items() if n not in rates or work / rates[n] < LONGEST}
        timings = take_turns(quick, seconds) if quick else {}
        rates |= {name: work / timing.median for name, timing in timings.items()}
        rows.append(_row(workload, population, {n: rates[n] for n in contenders}, set(quick)))
        if rates[CUDA] <= rates[CPU]:
            border = 0
        elif not border:
            border = population * len(on_cpu.scenarios)
    on_cpu.close()
    on_gpu.close()
    if rows:
        rows[-1]["CUDA is faster"] = f"from {border:,} episodes" if border else "at no size"
    return rows, border


def _jax(workload: Workload, genomes: np.ndarray) -> dict[str, Callable[[], object]]:
    """Our graph read by jax.numpy (jit, scan, chunks), on the device that JAX takes."""
    if not importlib.util.find_spec("jax"):
        return {}
    problem = workload.problem()
    values, scenarios = problem.simulation.genome.values(genomes), problem.scenarios
    rollout = ArrayRollout(problem.simulation, scenarios.shape[1], jit=True, chunk=1 << 14)
    return {JAX: partial(rollout.run, values, scenarios, workload.steps)}


def _row(workload: Workload, population: int, rates: dict[str, float], measured: set[str]) -> Row:
    """Million individual-steps a second; "~" before a rate of a smaller population."""
    row: Row = {"workload": workload.name, "P": population}
    for name, rate in rates.items():
        times = "" if name == CUDA else f" ({rates[CUDA] / rate:.3g}x)"
        row[name] = f"{'' if name in measured else '~'}{rate / 1e6:.3g}{times}"
    return row | {"CUDA is faster": ""}


def title() -> str:
    """What the table is, and where JAX ran."""
    from evornn.compiler.cuda.device import facts

    where = ""
    if importlib.util.find_spec("jax"):
        import jax

        where = f", JAX on {jax.devices()[0].device_kind}"
    return f"Million individual-steps a second, float32, {facts().name}{where}; (x) is CUDA's speed over it"
