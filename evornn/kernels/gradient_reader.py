"""Backpropagation through time, read by NumPy in float64: what gradient kernels must give."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.kernels.reader import ArrayReader
from evornn.kernels.traced import trace_gradient


def gradient(
    simulation: Any, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int, episodes: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """fitness, steps, failed [P, E] and d fitness / d values [P, D], summed over episodes."""
    traced = trace_gradient(simulation, scenarios.shape[1])
    forward = traced.forward
    tail = (len(scenarios), len(values))
    cuts, shapes = simulation.genome.slices, simulation.parameters
    reader = ArrayReader(
        np,
        {name: values.T[cut].reshape(*shapes[name], 1, tail[1]) for name, cut in cuts.items()},
        np.float64,
        tail,
        seed,
        episodes,
    )
    rows = [
        np.moveaxis(array if episodes is None else array[episodes], 0, -1)[..., None]
        for array in simulation.task.series.values()
    ]
    scenario = scenarios.T[:, :, None]
    with np.errstate(all="ignore"):
        carry = reader.run(forward.start, [scenario])
        tape = []
        for t in range(steps):
            if simulation.early_exit and forward.alive >= 0 and not np.any(carry[forward.alive]):
                break
            tape.append(carry)
            carry = reader.run(forward.step, [*carry, *(r[t] for r in rows), t])
        results = reader.run(forward.finish, carry)
        bars = _floats(reader.run(traced.finish, [*carry, np.ones(tail)]), traced.finish)
        for t in range(len(tape) - 1, -1, -1):
            given = [*tape[t], *(r[t] for r in rows), t, *bars]
            bars = _floats(reader.run(traced.step, given), traced.step)
        reader.run(traced.start, [scenario, *bars])
    flat = np.concatenate([reader.gradients[name].sum(-2).reshape(-1, tail[1]) for name in cuts])
    fitness, taken, failed = (np.broadcast_to(r, tail).T for r in results)
    return fitness, taken, failed, flat.T


def _floats(results: list[Any], function: Any) -> list[Any]:
    return [r for r, o in zip(results, function.outputs, strict=True) if o.dtype == "float"]
