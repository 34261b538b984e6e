"""Derivatives by NumPy in float64, step by step: what kernels that differentiate must give."""

from __future__ import annotations

import numpy as np

from evornn.backends.base import SimulationLike
from evornn.backends.interpreter import Interpreter
from evornn.formula.trace import Function
from evornn.graph.jvp import dotted
from evornn.graph.simulation_graphs import Traced, trace_gradient, trace_tangent


class Rollout:
    """Episodes of all individuals at once, forwards: the reader, the data rows, and a tape of the steps."""

    def __init__(
        self,
        simulation: SimulationLike,
        traced: Traced,
        parameters: dict[str, np.ndarray],
        scenarios: np.ndarray,
        steps: int,
        seed: int,
        episodes: np.ndarray | None = None,
    ) -> None:
        self.traced, self.scenario = traced, scenarios.T[:, :, None]
        self.tail = (len(scenarios), next(iter(parameters.values())).shape[-1])
        self.reader = Interpreter(np, parameters, np.float64, self.tail, seed, episodes)
        self.rows = [
            np.moveaxis(array if episodes is None else array[episodes], 0, -1)[..., None]
            for array in simulation.task.series.values()
        ]
        self.tape: list[
            tuple[list[np.ndarray], list[np.ndarray]]
        ] = []  # of each step: the state before it, and its residuals
        states = len(traced.carry)
        carry = self.reader.run(traced.start, [self.scenario])
        for t in range(steps):
            if simulation.early_exit and traced.alive >= 0 and not np.any(carry[traced.alive]):
                break
            results = self.reader.run(traced.step, [*carry, *self.now(t)])
            self.tape.append((carry, results[states:]))
            carry = results[:states]
        self.last = carry
        self.results = [np.broadcast_to(r, self.tail).T for r in self.reader.run(traced.finish, carry)]

    def now(self, t: int) -> list[np.ndarray | int]:
        """Step t's data rows, and t."""
        return [*(r[t] for r in self.rows), t]


def arrays(simulation: SimulationLike, values: np.ndarray) -> dict[str, np.ndarray]:
    """Parameters name -> [..., 1, P] of values [P, D]."""
    cuts, shapes = simulation.genome.slices, simulation.parameters
    return {name: values.T[cut].reshape(*shapes[name], 1, len(values)) for name, cut in cuts.items()}


def gradient(
    simulation: SimulationLike,
    values: np.ndarray,
    scenarios: np.ndarray,
    steps: int,
    seed: int,
    episodes: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Backpropagation through time: fitness, steps, failed [P, E]; d fitness / d values [P, D] summed over episodes."""
    traced = trace_gradient(simulation, scenarios.shape[1])
    with np.errstate(all="ignore"):
        parameters = arrays(simulation, values)
        run = Rollout(simulation, traced.forward, parameters, scenarios, steps, seed, episodes)
        bars = _floats(run.reader.run(traced.finish, [*run.last, np.ones(run.tail)]), traced.finish)
        for t in range(len(run.tape) - 1, -1, -1):
            before, residuals = run.tape[t]
            bars = _floats(run.reader.run(traced.step, [*before, *run.now(t), *bars, *residuals]), traced.step)
        run.reader.run(traced.start, [run.scenario, *bars])
    slopes = [run.reader.gradients[name].sum(-2).reshape(-1, len(values)) for name in simulation.genome.slices]
    fitness, taken, failed = run.results
    return fitness, taken, failed, np.concatenate(slopes).T


def tangent(
    simulation: SimulationLike, values: np.ndarray, dots: np.ndarray, scenarios: np.ndarray, steps: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Forward mode: fitness [P, E], and its slopes [P, E] along the directions `dots` [P, D]."""
    traced = trace_tangent(simulation, scenarios.shape[1])
    beside = {dotted(name): array for name, array in arrays(simulation, dots).items()}
    with np.errstate(all="ignore"):
        run = Rollout(simulation, traced, arrays(simulation, values) | beside, scenarios, steps, seed)
    slopes, fitness, _ = run.results
    return fitness, slopes


def _floats(results: list[np.ndarray], function: Function) -> list[np.ndarray]:
    return [r for r, o in zip(results, function.outputs, strict=True) if o.dtype == "float"]
