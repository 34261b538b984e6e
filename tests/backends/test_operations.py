"""Every operation of the formula language, small and large, in every layout, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import random_array

import evornn.formula as f
from evornn.formula import State
from evornn.formula.elementwise import OPERATIONS, Operation
from evornn.formula.node import binary, unary
from tests.backends.harness import LAYOUTS, Reading, run
from tests.pairs import by_turns

SPARSE = {
    n: f.SparseMatrix(random_array((n, n), density=0.3, rng=np.random.default_rng(n), format="csr")) for n in (5, 19)
}
FIXED = {n: np.random.default_rng(n).normal(size=(n, n)) for n in (5, 19)}


def elementwise(p: Any, s: Any, t: Any) -> Any:
    x, y = p.x, p.y
    return f.concat(
        x + y, x - y, x * y, x / y, -x, abs(x), x**3, x**-2, f.sqrt(abs(x)), f.exp(x), f.log(abs(x)), f.tanh(x),
        f.sigmoid(x), f.relu(x),
        f.softplus(x), f.sin(x), f.cos(x), f.floor(x), f.sign(x), f.minimum(x, y), f.maximum(x, y), f.clip(x, -1.0,
        1.0), f.where(x < y, x, 2.0),
        f.where((x <= y) & ~(x > 1.0) | (y == 2.0), 1.0, x), x * 2.0 + y, 3.0 - x * y, np.tanh(x) * 0.5, f.where(x !=
        y, x, y), (x > 0) * 1.0,
    )  # fmt: skip


def registered(p: Any, s: Any, t: Any) -> Any:
    """Every operation of the table that gives a number, where it is smooth: what is registered is tested."""
    x, y = p.x, p.y
    found = []
    for o in OPERATIONS.values():
        low, high = o.domain
        inside = [low + (high - low) * f.sigmoid(v) for v in ((x, x) if o.name == "with_slope" else (x, y))]
        if o.arity < 3 and not o.condition and o.name != "not":
            found.append(applied(o, *inside[: o.arity]))
    return f.concat(*found)


def applied(o: Operation, *values: Any) -> Any:
    """The operation of traced values or numbers."""
    if not any(isinstance(v, f.Node) for v in values):
        return o.compute(np, *values)
    return unary(o.name, *values) if o.arity == 1 else binary(o.name, *values)


def vectors(p: Any, s: Any, t: Any) -> Any:
    x, y, n = p.x, p.y, len(p.x)
    parts = f.split(f.concat(x, y, 1.0, y[0])[: 2 * n], 2)
    return f.concat(
        f.dot(x, y), x @ y, f.sum(x), f.mean(x), f.max(x), f.softmax(x), parts[1], x[1:], x[::-1], x[2], x[-1],
        p.W[1], p.W[0, 2], p.W[:, 1],
        p.W @ x, p.W.T @ x, x @ p.W, p.W @ x + p.V @ y + p.y, y - p.W @ x, FIXED[n] @ x, FIXED[n].T @ f.tanh(x), p.V @
        f.tanh(p.W @ x + y),
        p.R @ x, p.C @ f.concat(x[0], x[1]), p.W[2] * x,
    )  # fmt: skip


def lanes_only(p: Any, s: Any, t: Any) -> Any:
    x, y, n = p.x, p.y, len(p.x)
    product = f.outer(x, y)
    return f.concat(
        product[1],
        product[:, 2],
        SPARSE[n] @ x,
        (p.W * 0.5) @ x,
        f.outer(x, x).T @ y,
        (product > 0.0).T @ x,
        f.sum(f.where(product < (product * 2.0).T, 1.0, product)),
        f.lookup(FIXED[n], x[0]),
        f.lookup(FIXED[n][0], t + 1),
    )


def axes(p: Any, s: Any, t: Any) -> Any:
    """Rows and columns: broadcasting, reductions along an axis, other shapes."""
    x, y, n = p.x, p.y, len(p.x)
    R, W, C = f.tanh(p.R), p.W, p.C  # [3, n], [n, n], [n, 2]
    v = y[:3]
    matrices = (
        R + x, x - R * v[:, None], R / (2.0 + x * x), f.where(x < R, v[:, None], x[None, :]), x[:, None] * y[None],
        np.minimum(W, x[:, None]), f.softmax(R, axis=0), f.softmax(C, 1), p.W * 0.5 + FIXED[n][0], f.roll(W, 2, 0),
        f.roll(W, -1, axis=1), W.T + x[:, None], (W + x).T * y, W[:, :1] + W[:1],
        C - f.mean(C, axis=0, keepdims=True), f.max(C, 1, keepdims=True) * C, f.reshape(R, n, 3) + v,
    )  # fmt: skip
    return f.concat(
        *(f.sum(m * np.cos(np.arange(m.size) ** 2.0).reshape(m.shape)) for m in matrices),
        f.sum(W, axis=0), f.sum(C * v[0], axis=1), f.mean(W * x, axis=-1), f.max(f.sin(W), axis=0), f.max(C, axis=1),
        f.sum(f.where(x < R, 1.0, 0.0), axis=0), f.sum(R[:, :1] * v[:, None], axis=1), f.roll(x, 1), f.roll(x, -2),
        f.roll(p.C, 3)[0], f.argmax(x), f.argmax(W), f.argmax(W, axis=0), f.argmax(C, 1), f.argmax(f.round(p.C)),
        f.reshape(x, 1, n)[0], f.reshape(W, -1)[3:], f.reshape(x[0], (1, 1))[0],
    )  # fmt: skip


def matrices(p: Any, s: Any, t: Any) -> Any:
    """Products of matrices, sums and products so far, angles."""
    x, y, n = p.x, p.y, len(p.x)
    R, W, C = f.tanh(p.R), p.W, p.C  # [3, n], [n, n], [n, 2]
    unit = f.tanh(x)
    found = (
        R @ W, R @ f.sin(C), C.T @ W, W @ (W + x), (W * y).T @ R.T, FIXED[n] @ C, R @ FIXED[n].T, f.sin(W).T @ p.W.T,
        f.outer(x, y) @ C, f.cumsum(W, axis=0), f.cumsum(R, 1), f.cumprod(R, 0), f.cumprod(C, 1),
    )  # fmt: skip
    return f.concat(
        *(f.sum(m * np.cos(np.arange(m.size) ** 2.0).reshape(m.shape)) for m in found),
        R @ x, (W + x) @ y, (W * x).T @ y, W @ x + (W * x) @ y, f.cumsum(x), f.cumprod(y), f.cumsum(R)[n:],
        f.outer(x, y)[1], np.prod(R, axis=1), np.prod(W), SPARSE[n] @ x, SPARSE[n] @ (SPARSE[n] @ y),
        x[np.arange(2 * n) % n][3:],
        f.arctan2(x, y), f.arcsin(unit), f.arccos(unit), f.gelu(x), f.arctan2(0.0 * x, x), f.arctan2(y, 0.0 * x),
    )  # fmt: skip


def with_values(p: Any, s: Any, t: Any) -> Any:
    """Sparse matrices of genes."""
    x, y, n = p.x, p.y, len(p.x)
    pattern = SPARSE[n]
    values = f.reshape(p.W, -1)[: pattern.csr.nnz]
    matrix = pattern.with_values(values)
    return f.concat(
        matrix @ x, matrix.T @ f.tanh(y), matrix @ (matrix @ x), pattern.with_values(f.sin(values)).T @ x,
        pattern.with_values(pattern.csr.data) @ y, matrix @ np.arange(1.0, n + 1.0), p.W[2] + matrix @ y,
    )  # fmt: skip


def equations(p: Any, s: Any, t: Any) -> Any:
    """Linear equations: pivots, transposed, symmetric ones, several."""
    x, y, n = p.x, p.y, len(p.x)
    A, S = p.W + 0.1 * x, p.W @ p.W.T + np.eye(n)
    first = f.solve(A, y)
    return f.concat(
        first, f.solve(p.W, first), f.solve(A.T, x), f.solve(S, y, symmetric=True), np.linalg.solve(S, x),
        f.solve(FIXED[n], x), f.solve(p.V.T, np.ones(n)),
        f.solve(f.reshape(2.0 + x[:4] ** 2, 2, 2) * np.eye(2)[::-1], y[:2]),
    )  # fmt: skip


OF_MATRICES = ("axes", "matrices", "with_values", "equations")


def functions(p: Any, s: Any, t: Any) -> Any:
    def inner(a: Any, b: Any) -> Any:
        return State(u=a.u * b + a.v, v=f.tanh(a.u) + p.x[0])

    def outer(a: Any, b: Any) -> Any:
        return f.call(inner, f.call(inner, a, b), b * 0.5)

    def large(a: Any, b: Any) -> Any:
        return State(u=f.tanh(p.W @ a.u + b), v=a.u * 0.5 + a.v[1])

    scalar = f.repeat(3, outer, State(u=p.x[1], v=0.25), p.y[1])
    vector = f.repeat(3, large, State(u=p.x, v=p.y), p.y)
    once = f.call(large, State(u=p.x, v=p.y), 0.5)
    return f.concat(scalar.u, scalar.v, vector.u, vector.v, once.u, once.v)


def shapes(n: int) -> dict[str, tuple[int, ...]]:
    return {"x": (n,), "W": (n, n), "y": (n,), "V": (n, n), "R": (3, n), "C": (n, 2)}


def genes(simulation: Any, count: int) -> np.ndarray:
    return np.random.default_rng(3).normal(0, 0.8, (count, simulation.genome.dimension))


def check(
    formula: Any, n: int, layout: str, precision: str = "float64", tolerance: float = 1e-11, jobs: int = 1
) -> None:
    rng = np.random.default_rng(0)
    example = State(**{k: rng.normal(size=s) for k, s in shapes(n).items()})
    outputs = len(formula(example, State(), f.Step(0)))
    simulation = Reading(shapes(n), formula, outputs=outputs)
    genomes = genes(simulation, 5)
    expected = run(simulation, genomes, outputs, 1, "plain")
    found = run(simulation, genomes, outputs, 1, layout, precision, jobs)
    assert np.isfinite(expected).mean() > 0.95
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("formula", "layout", "n"), by_turns([elementwise, registered, vectors, functions], LAYOUTS, [5, 19], every=4)
)
def test_operations_agree_with_numpy(formula: Any, layout: str, n: int) -> None:
    check(formula, n, layout, jobs=2 if layout == "units" else 1)


@pytest.mark.parametrize(("name", "layout", "n"), by_turns(OF_MATRICES, LAYOUTS, [5, 19], every=5))
def test_operations_of_matrices_agree_with_numpy(name: str, layout: str, n: int) -> None:
    check(globals()[name], n, layout, jobs=2 if layout == "units" else 1)


@pytest.mark.parametrize(("layout", "n"), by_turns(["individuals", "episodes"], [5, 19], every=2))
def test_products_of_computed_and_sparse_matrices(layout: str, n: int) -> None:
    check(lanes_only, n, layout)


@pytest.mark.parametrize(
    ("case", "layout"), by_turns([(elementwise, 5), (vectors, 19), (registered, 5)], LAYOUTS, every=3)
)
def test_float32_agrees_within_rounding(case: tuple[Any, int], layout: str) -> None:
    check(*case, layout, "float32", 2e-5)


def test_noise_is_one_stream_for_all() -> None:
    def read(p: Any, s: Any, t: Any) -> Any:
        return f.concat(s.total, f.uniform(t, 5), f.normal(t, 0, 3), s.memory[2], s.memory[t % 4])

    def step(p: Any, s: Any, t: Any) -> Any:
        noise = f.normal(t, 9) + 0.1 * p.x[0]
        return State(total=s.total + noise, memory=f.put(s.memory, t % 4, noise))

    simulation = Reading({"x": (2,)}, read, lambda p: State(total=0.0, memory=np.zeros(4)), step, outputs=7)
    genomes = genes(simulation, 3)
    expected = run(simulation, genomes, 7, 6, "plain")
    assert len(np.unique(expected[:, 1])) == 1, "individuals share the noise of an episode"
    for layout in LAYOUTS:
        np.testing.assert_allclose(run(simulation, genomes, 7, 6, layout), expected, rtol=1e-12)


@pytest.mark.parametrize(("layout", "width"), by_turns(LAYOUTS, [1, 3, 40], every=2))
def test_ring_buffer_holds_the_last_rows(layout: str, width: int) -> None:
    def row(p: Any, t: Any) -> Any:
        return p.x * (t + 1.0)

    def step(p: Any, s: Any, t: Any) -> Any:
        return State(old=s.buffer[t % 3] + 0.0, buffer=f.put(s.buffer, t % 3, row(p, t)))

    def read(p: Any, s: Any, t: Any) -> Any:
        return f.concat(*(s.buffer[i] for i in range(3)), s.old)

    simulation = Reading(
        {"x": (width,)},
        read,
        lambda p: State(old=np.zeros(width), buffer=np.zeros((3, width))),
        step,
        outputs=4 * width,
    )
    genomes = genes(simulation, 2)
    expected = run(simulation, genomes, 4 * width, 5, "plain")
    np.testing.assert_allclose(expected[:, : 4 * width], np.concatenate([genomes * k for k in (4, 5, 3, 2)], axis=1))
    np.testing.assert_array_equal(run(simulation, genomes, 4 * width, 5, layout), expected)
