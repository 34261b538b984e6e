"""Forward mode against differences: every operation, sub-functions, loops, and whole episodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import evornn.formula as f
from evornn.backends.interpreter import Interpreter
from evornn.errors import EvornnError
from evornn.formula import Node
from evornn.formula.trace import Function, trace
from evornn.graph.jvp import Tangents, dotted
from evornn.graph.simplify import fold_functions, simplify
from evornn.graph.vjp import Adjoints

A, B = np.array([0.3, -0.8, 1.7]), np.array([1.1, 0.4, -0.6])
W = np.array([[0.5, -1.0, 0.25], [2.0, 0.75, -0.5]])
RESERVOIR = f.SparseMatrix(np.array([[0.0, 2.0, 0.0], [1.5, 0.0, -1.0]]))
TABLE = np.arange(12.0).reshape(4, 3)


def euler(s: Any, u: Any, p: Any) -> Any:
    """A loop's body: a state that moves, one that begins to move inside, one that does not, and one that counts."""
    return f.State(x=s.x + 0.1 * f.tanh(p.W.T @ (p.W @ s.x) + u), y=s.y + f.sum(s.x * s.x), n=s.n + 1.0, z=s.z)


def looped(p: Any, a: Any, b: Any) -> Any:
    s = f.repeat(5, lambda s, u: euler(s, u, p), f.State(x=a, y=0.0, n=0.0, z=1.5), f.sin(b))
    return s.x * s.y + s.n * s.z


def time(t: int, a: Any) -> Any:
    """A step's number, as a formula sees it."""
    return Node("constant", (), (), "int", t) if isinstance(a, Node) else t


def nested(p: Any, a: Any, b: Any) -> Any:
    once = f.call(lambda v: f.call(lambda w: w * w, v) + b, a)  # b is captured
    return f.call(lambda v, k: k * f.exp(0.1 * v) + p.c, once, 2.0)


OPERATIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add, sub, mul, div": lambda p, a, b: (a + b) * (a - 2.0 * b) / (3.0 + b * a),
    "scalars beside vectors": lambda p, a, b: (1.0 - a[0]) * b / a[1] + p.c - p.k + (p.k + 0.0 * b) * p.k,
    "a scalar's tangent spread": lambda p, a, b: f.concat(np.ones(3) + p.k, f.where(a > 0, p.k, 1.0)),
    "neg, abs, powers": lambda p, a, b: -abs(a) ** 3 + b**-2,
    "sqrt, exp, log": lambda p, a, b: f.sqrt(2.0 + a) + f.exp(b) * f.log(5.0 + a),
    "tanh, sigmoid, softplus": lambda p, a, b: f.tanh(a) + f.sigmoid(b) * f.softplus(a - b),
    "sin, cos": lambda p, a, b: f.sin(a) * f.cos(b),
    "no slope: floor, sign, masks": lambda p, a, b: a * f.floor(b) + f.sign(a) + f.where((a > b) & (b > 0), 1.0, 2.0),
    "minimum, maximum, clip, relu": lambda p, a, b: f.minimum(a, b) * f.maximum(a, 0.2) + f.clip(b, -1.0, 0.5),
    "where": lambda p, a, b: f.where(a > 0, a * b, f.exp(b)),
    "sum, mean, max, softmax": lambda p, a, b: f.sum(a) * f.mean(b) + f.max(a * b) + f.softmax(a),
    "matrix products": lambda p, a, b: f.concat(p.W @ a, (W @ b) @ W, p.W.T @ (p.W @ b), a @ b, f.dot(a, p.c)),
    "outer, matrix elements": lambda p, a, b: f.concat((f.outer(a, b) @ a), f.outer(a, b)[1, 2], p.W[1, 2] * p.W[:, 1]),
    "computed matrices": lambda p, a, b: (p.W * a[0] + W) @ b + (f.outer(b[:2], a) @ a),
    "sparse": lambda p, a, b: RESERVOIR @ (a * b),
    "sparse with values": lambda p, a, b: f.concat(
        RESERVOIR.with_values(a * b) @ b, RESERVOIR.with_values(p.c).T @ (p.W @ a),
        RESERVOIR.with_values([1, 2, 3]) @ a,
    ),
    "concat, stack, slice, gather": lambda p, a, b: f.concat(
        a[1:], b[0], 7.0, (f.stack(a, b, np.ones(3)) @ b)[np.array([2, 0])]
    ),
    "lookup, put, take": lambda p, a, b: f.lookup(TABLE, a[2]) * a
    + f.put(f.stack(a, b), 1, a * b)[time(1, a)] + f.put(np.ones((2, 3)), 0, b * b)[time(0, a)],
    "rows and columns": lambda p, a, b: f.concat(
        f.sum((p.W + a) * b[:2, None], axis=0), f.max(p.W * a, axis=1), f.max(a * b[:, None], axis=0),
        f.softmax(p.W - p.c, 0)[1], f.mean(a[:, None] / (2.0 + b), 1), f.roll(f.reshape(p.W, 3, 2), 1, 1)[:, 0],
        f.roll(a, 1) * f.argmax(b),
    ),
    "matrix @ matrix, so far, angles": lambda p, a, b: f.concat(
        (p.W @ f.outer(a, b))[1], (f.reshape(p.W, 3, 2) @ W)[:, 0], (f.outer(a, b).T @ p.W.T)[2], f.cumsum(a * b),
        f.cumprod(b + p.c), f.cumsum(p.W * a, 0)[1], f.cumprod(p.W, 1)[:, 2], f.arctan2(a, b), f.gelu(a),
        f.arcsin(0.3 * b), f.arccos(0.3 * a),
    ),
    "equations": lambda p, a, b: f.concat(
        f.solve(f.outer(a, b) + np.diag([1.0, 2.0, 3.0]), p.c),
        f.solve((p.W.T @ p.W + np.eye(3)), a * b, symmetric=True),
        f.solve((p.W * a)[:, :2].T, b[:2]), f.solve(3.0 * np.eye(3) + W.T @ W, b),
    ),
    "call": nested,
    "repeat": looped,
}  # fmt: skip
PARAMETERS: dict[str, np.ndarray] = {"W": W, "c": np.array([0.7, -0.2, 0.9]), "k": np.array(1.3)}


def traced(formula: Any, parameters: dict[str, np.ndarray] = PARAMETERS) -> Function:
    with f.tracing():
        inputs = [Node("input", (), (3,), "float", name) for name in "ab"]
        p = f.State(**{n: Node("parameter", (), v.shape, "float", n) for n, v in parameters.items()})
        return trace("formula", formula, inputs, (p, *inputs))


def read(function: Function, parameters: dict[str, np.ndarray], *inputs: Any, gradients: Any = None) -> Any:
    """Outputs of a graph, by NumPy; what effects add to parameters' gradients goes to `gradients`."""
    reader = Interpreter(np, {n: np.asarray(v)[..., None, None] for n, v in parameters.items()}, np.float64)
    results = reader.run(function, [np.asarray(x)[..., None, None] for x in inputs])
    if gradients is not None:
        gradients |= {n: g[..., 0, 0] for n, g in reader.gradients.items()}
    outputs = [(r, o.shape) for r, o in zip(results, function.outputs, strict=True) if o.dtype != "effect"]
    return [np.broadcast_to(r, (*shape, 1, 1))[..., 0, 0] for r, shape in outputs]


def slope(along: Callable[[float], Any], h: float = 5e-4) -> Any:
    """Derivative at 0 by central differences of three sizes: the error is of sixth order."""
    one, two, three = ((along(k * h) - along(-k * h)) / (2 * k * h) for k in (1, 2, 3))
    return 1.5 * one - 0.6 * two + 0.1 * three


def moved(parameters: dict[str, np.ndarray], dots: dict[str, np.ndarray], h: float) -> Any:
    return f.State(**{n: v + h * dots[n] for n, v in parameters.items()})


@pytest.mark.parametrize("formula", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("simple", [False, True], ids=["traced", "simplified"])
def test_every_operation_against_differences(formula: Any, simple: bool) -> None:
    rng = np.random.default_rng(3)
    dots = {n: rng.normal(size=v.shape) for n, v in PARAMETERS.items()}
    u, v = rng.normal(size=(2, 3))
    function = Tangents(PARAMETERS).of(traced(formula))
    if simple:
        (function,) = simplify([function])
    everything = PARAMETERS | {dotted(n): d for n, d in dots.items()}
    value, tangent = read(function, everything, A, B, u, v)
    p = f.State(**PARAMETERS)
    np.testing.assert_allclose(value, formula(p, A, B), rtol=1e-13)
    expected = slope(lambda h: formula(moved(PARAMETERS, dots, h), A + h * u, B + h * v))
    assert np.any(expected), "a test of zeros is none"
    np.testing.assert_allclose(tangent, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("formula", [OPERATIONS["call"], OPERATIONS["repeat"]], ids=["call", "repeat"])
def test_what_does_not_move_costs_nothing(formula: Any) -> None:
    """Only b moves: its tangent alone comes in, and the slope is that along b."""
    v = np.array([0.4, -1.0, 2.0])
    function = Tangents().of(traced(formula), (False, True))
    assert len(function.inputs) == 3
    _, tangent = read(function, PARAMETERS, A, B, v)
    p = f.State(**PARAMETERS)
    np.testing.assert_allclose(tangent, slope(lambda h: formula(p, A, B + h * v)), rtol=1e-9)
    still = Tangents().of(traced(formula), (False, False))
    np.testing.assert_array_equal(read(still, PARAMETERS, A, B)[1], np.zeros(3))


def test_a_sub_function_s_tangent_is_made_once() -> None:
    inner = lambda v: f.tanh(v) * v  # noqa: E731

    def formula(p: Any, a: Any, b: Any) -> Any:
        return f.call(inner, a) + f.call(inner, b) + f.call(inner, 2.0 * a)

    function = Tangents().of(traced(formula))
    calls = {id(n.attr) for n in _calls(function)}
    assert len(_calls(function)) == 3
    assert len(calls) == 1
    half = Tangents().of(traced(formula), (True, False))
    assert len({id(n.attr) for n in _calls(half)}) == 2, "one with a tangent, one without"


def _calls(function: Function) -> list[Node]:
    from evornn.formula.trace import reachable

    return [n for n in reachable(function.outputs) if n.op == "call"]


@pytest.mark.parametrize("name", ["tanh, sigmoid, softplus", "div", "call", "repeat"])
def test_tangents_of_tangents_are_second_derivatives(name: str) -> None:
    formula = OPERATIONS.get(name, lambda p, a, b: a / (2.0 + b * b))
    u = np.array([0.4, -1.0, 0.7])
    once = Tangents().of(traced(formula), (True, False))
    twice = Tangents().of(once, (True, False, False))
    *_, second = read(twice, PARAMETERS, A, B, u, u)
    p = f.State(**PARAMETERS)
    bent = slope(lambda h: slope(lambda g: formula(p, A + (g + h) * u, B)))
    np.testing.assert_allclose(second, bent, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("formula", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("where", [(A, B), (B, B), (np.array([0.5, 0.5, 0.1]),) * 2], ids=["apart", "equal", "ties"])
def test_forward_and_reverse_mode_are_transposed(formula: Any, where: tuple[np.ndarray, np.ndarray]) -> None:
    """v (J u) = (v J) u, at kinks too: both modes take the same side's slope, or the mean of the largest."""
    rng = np.random.default_rng(5)
    dots = {n: rng.normal(size=v.shape) for n, v in PARAMETERS.items()}
    u = rng.normal(size=(2, 3))
    (function,) = fold_functions([traced(formula)])
    value, tangent = read(Tangents(PARAMETERS).of(function), PARAMETERS | {dotted(n): d for n, d in dots.items()},
                          *where, *u)  # fmt: skip
    bar = rng.normal(size=value.shape)
    gradients: dict[str, np.ndarray] = {}
    bars = read(Adjoints().of(function), PARAMETERS, *where, bar, gradients=gradients)[:2]
    backward = np.vdot(bars[0], u[0]) + np.vdot(bars[1], u[1]) + sum(np.vdot(gradients[n], dots[n]) for n in dots)
    np.testing.assert_allclose(np.vdot(bar, tangent), backward, rtol=1e-12, atol=1e-12)


def test_an_unknown_operation_is_named() -> None:
    node = Node("fancy", (Node("input", (), (3,)),), (3,))
    with pytest.raises(EvornnError, match="'fancy' has no tangent"):
        Tangents().of(Function("g", list(node.args), [node], None))
