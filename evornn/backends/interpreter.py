"""A graph read by an array library, whole arrays at a time: values are [..., E, P], episodes and individuals last.

In NumPy and float64 this runs graphs that no kernel is needed for, and is what kernels of gradients are compared with;
benchmarks read the same graphs with JAX.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from evornn.formula.elementwise import OPERATIONS
from evornn.formula.node import Constant, Node
from evornn.formula.noise import threefry
from evornn.formula.operations import row_number, solution
from evornn.formula.trace import Function, reachable
from evornn.graph.simplify import value_of


class Interpreter:
    """Evaluates traced functions with arrays [..., E, P] (either may be 1).

    xp: numpy or jax.numpy. parameters: name -> [..., 1, P]. tail: (E, P). seed, episodes [E]: of noise.
    Effects of adjoints go to `gradients`, name -> [..., E, P].
    """

    def __init__(
        self,
        xp: ModuleType,
        parameters: dict[str, np.ndarray],
        dtype: DTypeLike,
        tail: tuple[int, int] = (1, 1),
        seed: int = 0,
        episodes: np.ndarray | None = None,
    ) -> None:
        self.xp, self.parameters, self.dtype, self.tail, self.seed = xp, parameters, np.dtype(dtype), tail, seed
        self.episodes = np.arange(tail[0]) if episodes is None else np.asarray(episodes)
        self.taken: np.ndarray = np.ones((1, 1), bool)  # lanes for which the branch that is run is taken
        self.gradients = {name: np.zeros((*np.shape(p)[:-2], *tail), dtype) for name, p in parameters.items()}
        self.table: dict[str, Callable[..., Any]] = {
            **{name: functools.partial(o.compute, xp) for name, o in OPERATIONS.items()},
            "floordiv": lambda a, b: a // b,
            "mod": lambda a, b: a % b,
            "carried": lambda a: a,
            "to_float": lambda a: xp.asarray(a, self.dtype),
        }

    def run(self, function: Function, arguments: Sequence[np.ndarray | int]) -> list[np.ndarray]:
        """Outputs of a traced function."""
        known: dict[int, Any] = {n.id: a for n, a in zip(function.inputs, arguments, strict=True)}
        for node in reachable(function.outputs, frozenset(known)):
            if node.id not in known:
                known[node.id] = self._node(node, [known[a.id] for a in node.args])
        return [known[o.id] for o in function.outputs]

    def _node(self, node: Node, args: list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
        if node.op == "constant":
            value = np.asarray(value_of(node), self.dtype if node.dtype == "float" else None)
            return value[..., None, None] if isinstance(node.attr, Constant) else value[()]
        if node.op == "parameter":
            return self.parameters[node.attr]
        if node.op == "when":
            return self._branch(node, *args)
        if node.op in ("call", "repeat"):
            function, times = (node.attr, 1) if node.op == "call" else node.attr[:2]
            results: list[np.ndarray] = []
            for _ in range(times):
                results = self.run(function, args)
                state = [r for r, o in zip(results, function.outputs, strict=True) if o.dtype != "effect"]
                args = [*state, *args[len(state) :]] if node.op == "repeat" else args
            return results
        structural = getattr(self, f"_{node.op}", None)
        return structural(node, *args) if structural else self.table[node.op](*args)

    def _branch(self, node: Node, holds: Any, *args: Any) -> list[np.ndarray]:
        """The function's results where it is taken, by all or by some episodes; what it adds to gradients, there."""
        function, before = node.attr, self.taken
        states = [o for o in function.outputs if o.dtype != "effect"]
        kept = [*args[: len(states)], *([None] * (len(function.outputs) - len(states)))]
        if np.ndim(holds) == 0 and not holds:
            return kept
        self.taken = before & np.asarray(holds, dtype=bool)
        results = self.run(function, args)
        self.taken = before
        if np.ndim(holds) == 0:
            return results
        chosen = [self.xp.where(holds, new, old) for new, old in zip(results, kept[: len(states)], strict=False)]
        return [*chosen, *kept[len(states) :]]

    # structure --------------------------------------------------------------------------------------------------------
    def _item(self, node: Node, results: list[np.ndarray]) -> np.ndarray:
        return results[node.attr]

    def _slice(self, node: Node, x: np.ndarray) -> np.ndarray:
        flat = x.reshape(-1, *x.shape[-2:])[node.attr : node.attr + node.size]
        return flat.reshape(*node.shape, *x.shape[-2:])

    def _gather(self, node: Node, x: np.ndarray) -> np.ndarray:
        return x.reshape(-1, *x.shape[-2:])[np.asarray(node.attr)].reshape(*node.shape, *x.shape[-2:])

    def _concat(self, node: Node, *parts: np.ndarray) -> np.ndarray:
        tail = np.broadcast_shapes((1, 1), *(_tail(p) for p in parts))
        rows = [
            self.xp.broadcast_to(p, (*a.shape, *tail)).reshape(-1, *tail) for p, a in zip(parts, node.args, strict=True)
        ]
        return self.xp.concatenate(rows).reshape(*node.shape, *tail)

    def _transpose(self, node: Node, x: np.ndarray) -> np.ndarray:
        return self.xp.swapaxes(x, 0, 1)

    def _take(self, node: Node, buffer: np.ndarray, at: np.ndarray) -> np.ndarray:
        at = self._whole(node.args[1], at, node.args[0].shape[0])
        if np.ndim(at) == 0:
            return buffer[at]
        tail = np.broadcast_shapes(_tail(buffer), at.shape)
        places, whole = self._places(at, tail), self.xp.broadcast_to(buffer, (*buffer.shape[:-2], *tail))
        return self.xp.moveaxis(whole[places], (0, 1), (-2, -1))

    def _whole(self, node: Node, at: np.ndarray, rows: int) -> np.ndarray:
        """An index, where `node` is a number too."""
        whole: np.ndarray = at if node.dtype == "int" else row_number(self.xp, at, rows)
        return whole

    @staticmethod
    def _places(at: np.ndarray, tail: tuple[int, ...]) -> Any:
        """Indices that pick each lane's own row."""
        episodes, individuals = np.indices(tail)
        return (np.broadcast_to(at, tail), ..., episodes, individuals)

    def _put(self, node: Node, buffer: np.ndarray, at: np.ndarray, row: np.ndarray) -> np.ndarray:
        at = self._whole(node.args[1], at, node.shape[0])
        tail = np.broadcast_shapes(_tail(buffer), _tail(row), _tail(at))
        whole = self.xp.broadcast_to(buffer, (*node.shape, *tail))
        place: Any = at
        if np.ndim(at):  # each lane has its own
            place = self._places(at, tail)
            row = self.xp.moveaxis(self.xp.broadcast_to(row, (*node.shape[1:], *tail)), (-2, -1), (0, 1))
        if self.xp is not np:
            return whole.at[place].set(row)
        whole = whole.copy()
        whole[place] = row
        return whole

    # reductions, products, tables, noise ------------------------------------------------------------------------------
    def _sum(self, node: Node, x: np.ndarray) -> np.ndarray:
        shape = node.args[0].shape
        return self.xp.broadcast_to(x, (*shape, *_tail(x))).sum(tuple(range(len(shape))))

    def _dot(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self._sum(node, a * b)

    def _max(self, node: Node, x: np.ndarray) -> np.ndarray:
        shape = node.args[0].shape
        return self.xp.broadcast_to(x, (*shape, *_tail(x))).max(tuple(range(len(shape))))

    def _sum_axis(self, node: Node, x: np.ndarray) -> np.ndarray:
        return self.xp.broadcast_to(x, (*node.args[0].shape, *_tail(x))).sum(node.attr)

    def _max_axis(self, node: Node, x: np.ndarray) -> np.ndarray:
        return self.xp.broadcast_to(x, (*node.args[0].shape, *_tail(x))).max(node.attr)

    def _expand(self, node: Node, x: np.ndarray) -> np.ndarray:
        whole = self.xp.broadcast_to(x, (*node.args[0].shape, *_tail(x)))
        return self.xp.broadcast_to(self.xp.expand_dims(whole, node.attr), (*node.shape, *_tail(x)))

    def _matmul(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.xp.einsum("ik...,kj...->ij...", a, b)

    def _recurrence(self, node: Node, factor: np.ndarray, term: np.ndarray) -> np.ndarray:
        axis, reverse = node.attr
        shape = (*node.shape, *np.broadcast_shapes(_tail(term), _tail(factor)))
        factor, term = (self.xp.broadcast_to(v, shape) for v in (factor, term))
        places = [(slice(None), k) if axis == 1 else k for k in range(node.shape[axis or 0])]
        found = {}
        before = None
        for k in reversed(places) if reverse else places:
            before = found[str(k)] = term[k] if before is None else factor[k] * before + term[k]
        return self.xp.stack([found[str(k)] for k in places], axis or 0)

    def _outer(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a[:, None] * b[None]

    def _matvec(self, node: Node, matrix: np.ndarray, x: np.ndarray) -> np.ndarray | float:
        return self._product(0.0, matrix, x)

    def _affine(self, node: Node, *args: np.ndarray) -> np.ndarray | float:
        total: np.ndarray | float
        total, terms = (args[0], args[1:]) if node.attr else (0.0, args)
        for matrix, x in zip(terms[::2], terms[1::2], strict=True):
            total = self._product(total, matrix, x)
        return total

    def _product(self, total: np.ndarray | float, matrix: np.ndarray, x: np.ndarray) -> np.ndarray | float:
        if matrix.shape[1] <= 8 or matrix.shape[2] > 1:  # few columns: multiply-adds over individuals
            for column in range(matrix.shape[1]):
                total = total + matrix[:, column] * x[column]
            return total
        # one matrix product an individual, as the libraries do it best
        wide = self.xp.broadcast_to(x, (*x.shape[:2], matrix.shape[3])) if matrix.shape[3] > 1 else x
        product = self.xp.matmul(matrix[:, :, 0].transpose(2, 0, 1), wide.transpose(2, 0, 1))
        return total + product.transpose(1, 2, 0)

    def _sparse(self, node: Node, x: np.ndarray) -> np.ndarray:
        csr = node.attr.csr
        matrix = csr if self.xp is np else csr.toarray()  # which other libraries cannot trace
        return (matrix @ x.reshape(len(x), -1)).reshape(-1, *x.shape[1:])

    def _sparse_values(self, node: Node, values: np.ndarray, x: np.ndarray) -> np.ndarray:
        terms = values[node.attr.order] * x[node.attr.columns]
        return np.stack([terms[a:b].sum(0) for a, b in itertools.pairwise(node.attr.csr.indptr)])

    def _solve(self, node: Node, matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
        xp, tail = self.xp, np.broadcast_shapes(_tail(matrix), _tail(right))
        A, b = (xp.broadcast_to(a, (*n.shape, *tail)) for a, n in zip((matrix, right), node.args, strict=True))
        systems = xp.moveaxis(A, (0, 1), (-2, -1)).reshape(-1, *node.args[0].shape)
        vectors = xp.moveaxis(b, 0, -1).reshape(-1, *node.shape)
        found = solution(systems, vectors) if xp is np else xp.linalg.solve(systems, vectors[..., None])[..., 0]
        return xp.moveaxis(found.reshape(*tail, *node.shape), -1, 0)

    def _lookup(self, node: Node, at: np.ndarray) -> np.ndarray:
        table = node.attr.array
        row = row_number(np, at, len(table))
        return np.moveaxis(table[row], (0, 1), (-2, -1)) if row.ndim else table[row][..., None, None]

    def _random(self, node: Node, t: np.ndarray) -> np.ndarray:
        draw, word = node.attr
        key, cut = self.episodes.astype(np.uint64), np.uint64(0xFFFFFFFF)
        rotate = lambda x, k: ((x << np.uint64(k)) | (x >> np.uint64(32 - k))) & cut  # noqa: E731
        seed, time, number = (np.full_like(key, v) for v in (self.seed, t, draw))
        bits = threefry(seed, key, time, number, rotate, lambda x: x & cut)[word]
        return ((bits >> np.uint64(9)) * 2.0**-23 + 2.0**-24)[:, None]

    # effects ----------------------------------------------------------------------------------------------------------
    def _accumulate(self, node: Node, value: np.ndarray) -> None:
        name, offset, _ = node.attr
        rows = np.broadcast_to(np.where(self.taken, value, 0.0), (*node.args[0].shape, *self.tail)).reshape(
            -1, *self.tail
        )
        self.gradients[name].reshape(-1, *self.tail)[offset : offset + len(rows)] += rows

    def _accumulate_row(self, node: Node, value: np.ndarray, at: np.ndarray) -> None:
        name, tail = node.attr[0], self.tail
        rows = np.broadcast_to(np.where(self.taken, value, 0.0), (*node.args[0].shape, *tail))
        places = self._places(np.asarray(self._whole(node.args[1], at, len(self.gradients[name]))), tail)
        self.gradients[name][places] += np.moveaxis(rows, (-2, -1), (0, 1))

    def _accumulate_outer(self, node: Node, u: np.ndarray, x: np.ndarray) -> None:
        self.gradients[node.attr[0]] += np.where(self.taken, u[:, None] * x[None], 0.0)


def _tail(x: np.ndarray) -> tuple[int, ...]:
    return tuple(np.shape(x)[-2:])
