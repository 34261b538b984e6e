"""The oracle: formulas read by NumPy in float64, one individual and one episode at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from evornn.backends.base import Backend, SimulationLike
from evornn.formula import State, Step
from evornn.formula.state import tree_map
from evornn.graph.simulation_graphs import check_traceable


def episode(
    simulation: SimulationLike,
    values: np.ndarray,
    scenario: np.ndarray,
    series: dict[str, np.ndarray],
    steps: int,
    seed: int = 0,
    number: int = 0,
    watch: Callable[[State, State, State], None] | None = None,
) -> State:
    """Run one episode: parameter values [D], scenario [k], data rows name -> [T, n], at most `steps` steps.

    `watch(before, after, now)` sees every step. Returns finish(...): fitness, steps, failed.
    """
    p = State(**parameter_views(simulation, values))
    with np.errstate(all="ignore"):
        carry = tree_map(as_numpy, simulation.start(p, np.asarray(scenario, dtype=np.float64)))
        for t in range(steps):
            now = State(t=Step(t, seed, number), **{name: rows[t] for name, rows in series.items()})
            before, carry = carry, tree_map(as_numpy, simulation.step(p, carry, now))
            if watch is not None:
                watch(before, carry, now)
            if simulation.early_exit and not carry.alive:
                break
        return simulation.finish(carry)


def parameter_views(simulation: SimulationLike, values: np.ndarray) -> dict[str, np.ndarray]:
    """Parameter arrays name -> shape of one individual's values [D]."""
    flat = np.asarray(values, dtype=np.float64)
    return {name: flat[cut].reshape(simulation.parameters[name]) for name, cut in simulation.genome.slices.items()}


def as_numpy(leaf: ArrayLike) -> np.ndarray:
    """A leaf as NumPy's float64 or bool: Python's own numbers have other rules for ~ and division by zero."""
    array = np.asarray(leaf)
    return array.astype(np.bool_ if array.dtype == np.bool_ else np.float64)[()]


ALWAYS = 1_000_000  # bytes of the objects that episodes make, until they are collected


class ReferenceBackend(Backend):
    """Evaluates every (individual, episode) by `episode`: slow, exact, and the definition of what the other backends
    must give.
    """

    name = "plain"

    def __init__(self, simulation: SimulationLike, precision: str = "float64") -> None:
        super().__init__(simulation, precision)

    @classmethod
    def build(
        cls, simulation: SimulationLike, precision: str, workers: int | None, gradient_memory: float
    ) -> ReferenceBackend:
        """As `Backend.build`; always float64."""
        return cls(simulation)

    def evaluate(
        self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """values [P, D], scenarios [E, k] -> fitness, steps, failed: each [P, E]."""
        check_traceable(self.simulation, scenarios.shape[1], steps)
        shape = (len(values), len(scenarios))
        fitness, taken, failed = np.empty(shape), np.empty(shape), np.empty(shape, dtype=bool)
        for i, individual in enumerate(values):
            for e, scenario in enumerate(scenarios):
                rows = {name: array[e] for name, array in self.simulation.task.series.items()}
                out = episode(self.simulation, individual, scenario, rows, steps, seed, e)
                fitness[i, e], taken[i, e], failed[i, e] = out.fitness, out.steps, out.failed
        return fitness, taken, failed

    def gradient(
        self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0, episodes: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """values [P, D], scenarios [E, k] -> fitness, steps, failed: each [P, E]; d fitness / d values [P, D], summed
        over episodes. The graphs and their adjoints, read by NumPy step by step.
        """
        from evornn.backends.reference_gradient import gradient

        return gradient(self.simulation, values, scenarios, steps, seed, episodes)

    def batch_memory(self, individuals: int, scenarios: np.ndarray, steps: int, gradients: bool = False) -> int:
        """As `Backend.batch_memory`: results; for gradients, all that steps have saved."""
        batch = individuals * len(scenarios)
        if not gradients:
            return ALWAYS + 24 * batch
        from evornn.graph.simulation_graphs import trace_gradient

        step = trace_gradient(self.simulation, scenarios.shape[1]).forward.step
        return ALWAYS + sum(8 * node.size * batch + 200 for node in step.outputs) * (steps + 2)

    def tangent(
        self, values: np.ndarray, dots: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """values [P, D] and directions [P, D], scenarios [E, k] -> fitness and its slopes along them: each [P, E]."""
        from evornn.backends.reference_gradient import tangent

        return tangent(self.simulation, values, dots, scenarios, steps, seed)
