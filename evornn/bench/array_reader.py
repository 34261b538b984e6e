"""The same formulas read by NumPy or JAX over whole arrays, episodes and individuals last: what a careful user of
those libraries would write.

Only benchmarks use this: it is the honest other side of the speed table, made from the same graph, so that both sides
do the same work.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.formula.graph import Constant, Node
from evornn.formula.simplify import value_of
from evornn.formula.trace import Function, reachable
from evornn.kernels.kernel_text import Traced, trace_simulation


class ArrayReader:
    """Evaluates traced functions with arrays [..., E, P] (either may be 1); compilers vectorise over the last axis, P.

    `xp` is numpy or jax.numpy.
    """

    def __init__(self, xp: Any, parameters: dict[str, Any], dtype: Any) -> None:
        self.xp, self.parameters, self.dtype = xp, parameters, dtype
        one = {
            n: getattr(xp, n)
            for n in ("sqrt", "exp", "log", "tanh", "sin", "cos", "floor", "sign", "abs", "minimum", "maximum", "where")
        }
        self.table: dict[str, Any] = {
            **one,
            "add": lambda a, b: a + b,
            "sub": lambda a, b: a - b,
            "mul": lambda a, b: a * b,
            "div": lambda a, b: a / b,
            "neg": lambda a: -a,
            "fma": lambda a, b, c: a * b + c,
            "lt": lambda a, b: a < b,
            "le": lambda a, b: a <= b,
            "eq": lambda a, b: a == b,
            "ne": lambda a, b: a != b,
            "and": lambda a, b: a & b,
            "or": lambda a, b: a | b,
            "not": lambda a: ~a,
            "carried": lambda a: a,
            "sigmoid": lambda a: 0.5 + 0.5 * xp.tanh(0.5 * a),
            "softplus": lambda a: xp.logaddexp(0, a),
            "sum": lambda a: a.sum(0),
            "max": lambda a: a.max(0),
            "dot": lambda a, b: (a * b).sum(0),
        }

    def run(self, function: Function, arguments: list[Any]) -> list[Any]:
        """Outputs of a traced function."""
        known: dict[int, Any] = {n.id: a for n, a in zip(function.inputs, arguments, strict=True)}
        for node in reachable(function.outputs, frozenset(known)):
            if node.id not in known:
                known[node.id] = self._node(node, [known[a.id] for a in node.args])
        return [known[o.id] for o in function.outputs]

    def _node(self, node: Node, args: list[Any]) -> Any:
        if node.op == "constant":
            value = np.asarray(value_of(node), self.dtype if node.dtype == "float" else None)
            return value[..., None, None] if isinstance(node.attr, Constant) else value
        if node.op == "parameter":
            return self.parameters[node.attr]
        if node.op in ("call", "repeat"):
            function, times = (node.attr, 1) if node.op == "call" else node.attr
            for _ in range(times):
                results = self.run(function, args)
                args = [*results, *args[len(results) :]] if node.op == "repeat" else args
            return results
        structural = getattr(self, f"_{node.op}", None)
        return structural(node, *args) if structural else self.table[node.op](*args)

    def _item(self, node: Node, results: Any) -> Any:
        return results[node.attr]

    def _slice(self, node: Node, x: Any) -> Any:
        flat = x.reshape(-1, *x.shape[-2:])[node.attr : node.attr + node.size]
        return flat.reshape(*node.shape, *x.shape[-2:])

    def _concat(self, node: Node, *parts: Any) -> Any:
        tail = np.broadcast_shapes(*(np.shape(p)[-2:] for p in parts))
        rows = [
            self.xp.broadcast_to(p, (*a.shape, *tail)).reshape(-1, *tail) for p, a in zip(parts, node.args, strict=True)
        ]
        return self.xp.concatenate(rows).reshape(*node.shape, *tail)

    def _transpose(self, node: Node, x: Any) -> Any:
        return self.xp.swapaxes(x, 0, 1)

    def _affine(self, node: Node, *args: Any) -> Any:
        total, terms = (args[0], args[1:]) if node.attr else (0.0, args)
        for matrix, x in zip(terms[::2], terms[1::2], strict=True):
            if matrix.shape[1] <= 8:  # few columns: multiply-adds over individuals
                for column in range(matrix.shape[1]):
                    total = total + matrix[:, column] * x[column]
            else:  # one matrix product an individual, as the libraries do it best
                wide = self.xp.broadcast_to(x, (*x.shape[:2], matrix.shape[3]))
                product = self.xp.matmul(matrix[:, :, 0].transpose(2, 0, 1), wide.transpose(2, 0, 1))
                total = total + product.transpose(1, 2, 0)
        return total


class ArrayRollout:
    """One simulation, whole populations at once: `run(values [P, D], scenarios [E, k], steps)` gives fitness [P].

    jit: compile with JAX (`lax.scan` over the steps, `lax.map` over chunks that fit the cache); else plain NumPy.
    """

    def __init__(
        self, simulation: Any, scenario_size: int, jit: bool, dtype: Any = np.float32, chunk: int = 2048
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

    def _rollout(self, xp: Any, block: Any, scenario: Any, rows: list[Any], steps: int) -> Any:
        cuts, shapes = self.simulation.genome.slices, self.simulation.parameters
        tail = (scenario.shape[1], block.shape[-1])
        reader = ArrayReader(
            xp, {name: block[cut].reshape(*shapes[name], 1, tail[1]) for name, cut in cuts.items()}, self.dtype
        )
        start = reader.run(self.traced.start, [scenario])
        carry = [
            xp.broadcast_to(xp.asarray(v), (*n.shape, *tail)) for v, n in zip(start, self.traced.carry, strict=True)
        ]

        def step(carry: Any, now: Any) -> Any:
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
