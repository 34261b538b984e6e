"""`evornn bench --gradients`: what a gradient costs, beside its forward pass, JAX and PyTorch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from evornn.bench.measure import Row, take_turns
from evornn.bench.workloads import Workload, lstm
from evornn.networks import FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import DoublePole

OURS, FORWARD, JAX, TORCH = "evornn", "forward", "JAX", "PyTorch"
Other = Callable[[Problem, np.ndarray], dict[str, Callable[[], Any]]]  # gradients by another library, if it is there


def measure_gradients(seconds: float) -> list[Row]:
    """One row for each size; JAX and PyTorch where they are installed."""
    task = DoublePole(velocities=False)  # its fitness is smooth
    pole = Workload("double pole, 5 units, 1,000 steps of physics", FullyRecurrent(units=5), task, 1000, 2 * 40)
    rows = [_row(pole.name, pole, 1024, seconds)]
    for units, individuals, sequences in ((16, 64, 8), (64, 16, 8), (64, 1, 64)):
        name = f"LSTM, {units} cells, {sequences} sequences of 200"
        others = (_jax, _torch) if individuals == 1 else (_jax,)
        rows.append(_row(name, lstm(units, sequences), individuals, seconds, *others))
    return rows


def _row(name: str, workload: Workload, individuals: int, seconds: float, *makers: Other) -> Row:
    problem, genomes = workload.problem(), workload.population(individuals)
    others = {label: run for make in makers for label, run in make(problem, genomes).items()}
    ours = problem.gradient(genomes)
    for run in others.values():
        np.testing.assert_allclose(run(), ours.gradients, rtol=1e-2, atol=1e-4 * np.abs(ours.gradients).max())
    contenders: dict[str, Callable[[], object]] = {
        OURS: lambda: problem.gradient(genomes),
        FORWARD: lambda: problem.evaluate(genomes),
        **others,
    }
    timings = take_turns(contenders, seconds)
    row: Row = {"gradient of": name, "P": len(genomes), "ms": f"{1e3 * timings[OURS].median:.3g}"}
    row["forward passes"] = f"{1 / timings[FORWARD].ratio:.2g}"
    for other in (JAX, TORCH):
        row[other] = f"{1e3 * timings[other].median:.3g} ({timings[other].ratio:.2g}x)" if other in timings else "-"
    return row


def _jax(problem: Problem, genomes: np.ndarray) -> dict[str, Callable[[], Any]]:
    """The LSTM as JAX's users write it: scan over steps, vmap over individuals, value_and_grad, jit."""
    if not importlib.util.find_spec("jax"):
        return {}
    import jax
    import jax.numpy as jnp

    cuts, shapes = problem.simulation.genome.slices, problem.simulation.parameters
    inputs, targets = (jnp.asarray(a.swapaxes(0, 1), jnp.float32) for a in problem.task.series.values())
    units = shapes["b"][0] // 4

    def fitness(genome: Any) -> Any:
        p = {name: genome[cut].reshape(shapes[name]) for name, cut in cuts.items()}

        def step(state: Any, row: Any) -> Any:
            h, c = state
            i, f, g, o = jnp.split(row[0] @ p["W"].T + h @ p["U"].T + p["b"], 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), ((h @ p["V"].T + p["c"] - row[1]) ** 2).mean()

        zero = jnp.zeros((inputs.shape[1], units), jnp.float32)
        return -jax.lax.scan(step, (zero, zero), (inputs, targets))[1].mean()

    both = jax.jit(jax.vmap(jax.value_and_grad(fitness)))
    data = jnp.asarray(genomes, jnp.float32)
    return {JAX: lambda: np.asarray(both(data)[1])}


def _torch(problem: Problem, genomes: np.ndarray) -> dict[str, Callable[[], Any]]:
    """torch.nn.LSTM and autograd, one network, on one thread."""
    if not importlib.util.find_spec("torch"):
        return {}
    import torch

    torch.set_num_threads(1)
    cuts, shapes = problem.simulation.genome.slices, problem.simulation.parameters
    inputs, targets = (torch.tensor(a, dtype=torch.float32) for a in problem.task.series.values())
    net = torch.nn.LSTM(inputs.shape[2], shapes["b"][0] // 4, batch_first=True)
    readout = torch.nn.Linear(shapes["V"][1], 1)
    order = [net.weight_ih_l0, net.weight_hh_l0, net.bias_ih_l0, readout.weight, readout.bias]
    with torch.no_grad():
        net.bias_hh_l0.zero_()
        for tensor, name in zip(order, cuts, strict=True):
            tensor.copy_(torch.tensor(genomes[0, cuts[name]].reshape(shapes[name]), dtype=torch.float32))

    def run() -> Any:
        fitness = -((readout(net(inputs)[0]) - targets) ** 2).mean()
        return np.concatenate([g.numpy().ravel() for g in torch.autograd.grad(fitness, order)])[None]

    return {TORCH: run}
