"""Whole rollouts by NumPy or JAX over arrays, episodes and individuals last: what a careful user of those libraries
would write.

Only benchmarks use this: it is the honest other side of the speed table, made from the same graph, so that both sides
do the same work.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from evornn.backends.base import SimulationLike
from evornn.backends.interpreter import Interpreter
from evornn.graph.simulation_graphs import Traced, trace_simulation


class ArrayRollout:
    """One simulation, whole populations at once: `run(values [P, D], scenarios [E, k], steps)` gives fitness [P].

    jit: compile with JAX (`lax.scan` over the steps, `lax.map` over chunks that fit the cache); else plain NumPy.
    """

    def __init__(
        self,
        simulation: SimulationLike,
        scenario_size: int,
        jit: bool,
        dtype: DTypeLike = np.float32,
        chunk: int = 2048,
    ) -> None:
        self.simulation, self.jit, self.dtype, self.chunk = simulation, jit, np.dtype(dtype), chunk
        self.traced: Traced = trace_simulation(simulation, scenario_size)
        self._compiled: dict[int, Any] = {}

    def run(self, values: np.ndarray, scenarios: np.ndarray, steps: int) -> np.ndarray:
        """Mean fitness [P] over the episodes."""
        rows = [
            np.moveaxis(np.asarray(array[:, :steps], self.dtype), 0, -1)[..., None]
            for array in self.simulation.task.series.values()
        ]
        scenario = np.asarray(scenarios, self.dtype).T[:, :, None]
        chunk = min(self.chunk, len(values))
        blocks = np.ascontiguousarray(values, self.dtype).reshape(-1, chunk, values.shape[1]).transpose(0, 2, 1)
        if not self.jit:
            return np.concatenate([self._rollout(np, np.ascontiguousarray(b), scenario, rows, steps) for b in blocks])
        import jax

        if steps not in self._compiled:
            one = lambda block: self._rollout(jax.numpy, block, scenario, rows, steps)  # noqa: E731
            self._compiled[steps] = jax.jit(lambda b: jax.lax.map(one, b).reshape(-1))
        return np.asarray(self._compiled[steps](blocks))

    def _rollout(
        self, xp: ModuleType, block: np.ndarray, scenario: np.ndarray, rows: list[np.ndarray], steps: int
    ) -> np.ndarray:
        cuts, shapes = self.simulation.genome.slices, self.simulation.parameters
        tail = (scenario.shape[1], block.shape[-1])
        reader = Interpreter(
            xp, {name: block[cut].reshape(*shapes[name], 1, tail[1]) for name, cut in cuts.items()}, self.dtype, tail
        )
        start = reader.run(self.traced.start, [scenario])
        carry = [
            xp.broadcast_to(xp.asarray(v), (*n.shape, *tail)) for v, n in zip(start, self.traced.carry, strict=True)
        ]

        def step(carry: list[np.ndarray], now: tuple[int, list[np.ndarray]]) -> tuple[list[np.ndarray], None]:
            t, data = now
            results = reader.run(self.traced.step, [*carry, *data, t])
            return [xp.broadcast_to(v, old.shape) for v, old in zip(results, carry, strict=True)], None

        if self.jit:
            import jax

            carry, _ = jax.lax.scan(step, carry, (xp.arange(steps), [xp.asarray(r) for r in rows]))
        else:
            with np.errstate(all="ignore"):
                for t in range(steps):
                    carry, _ = step(carry, (t, [r[t] for r in rows]))
        return xp.broadcast_to(reader.run(self.traced.finish, carry)[0], tail).mean(0)
