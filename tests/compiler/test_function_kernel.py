"""Any function over lanes: the kernel gives what NumPy reads in the same graph, lane by lane, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import evornn.formula as f
from evornn.backends.interpreter import Interpreter
from evornn.compiler.programs.function import FunctionKernel
from evornn.errors import EvornnError
from evornn.formula import Node, State
from evornn.formula.trace import Function, trace
from evornn.graph.jvp import Tangents
from evornn.graph.simplify import fold_functions
from evornn.graph.vjp import Adjoints

RNG = np.random.default_rng(0)
SHAPES: dict[str, tuple[int, ...]] = {"W": (20, 20), "V": (3, 20), "b": (20,), "k": ()}
PARAMETERS = {name: RNG.normal(size=shape) for name, shape in SHAPES.items()}
VALUES = np.concatenate([v.ravel() for v in PARAMETERS.values()])
LANES = 11  # not a multiple of any vector's


def relax(s: Any, p: Any, u: Any) -> Any:
    return f.State(h=0.9 * s.h + 0.1 * f.tanh(p.W @ s.h + u), n=s.n + f.sum(s.h * s.h))


def formula(p: Any, h: Any, x: Any, on: Any, t: Any) -> Any:
    """Large and small vectors, a loop, a sub-function, a mask, the time step, a table."""
    s = f.repeat(3, relax, f.State(h=h, n=0.0), p, p.b + f.concat(x, np.zeros(17)))
    y = f.call(lambda a, c: a * f.sigmoid(c), p.V @ s.h, s.n)
    return State(h=f.where(on, s.h, p.k * h), y=y * f.lookup(np.array([1.0, 2.0, 3.0]), t) + f.max(h) * x)


def graph() -> Function:
    with f.tracing():
        kinds = [((20,), "float"), ((3,), "float"), ((), "bool"), ((), "int")]
        inputs = [Node("input", (), shape, dtype) for shape, dtype in kinds]
        p = State(**{n: Node("parameter", (), shape, "float", n) for n, shape in SHAPES.items()})
        return fold_functions([trace("formula", formula, inputs, (p, *inputs))])[0]


def read(function: Function, *inputs: Any, time: int) -> list[np.ndarray]:
    """Outputs (and gradients) by NumPy, one lane."""
    reader = Interpreter(np, {n: v[..., None, None] for n, v in PARAMETERS.items()}, np.float64)
    arrays = [np.asarray(x)[..., None, None] for x in inputs]
    results = reader.run(function, [*arrays[:3], time, *arrays[3:]])
    pairs = [(r, o) for r, o in zip(results, function.outputs, strict=True) if o.dtype != "effect"]
    gradient = np.concatenate([reader.gradients[n][..., 0, 0].ravel() for n in SHAPES])
    return [*(np.broadcast_to(r, (*o.shape, 1, 1))[..., 0, 0] for r, o in pairs), gradient]


MODES = {
    "primal": ((), lambda function: function, []),
    "tangent": ((1, 2), lambda function: Tangents().of(function, (True, True, False, False)), [(20,), (3,)]),
    "adjoint": ((0, 1, 2), lambda function: Adjoints().of(function), [(20,), (3,)]),
}  # name: which of h, x and `on` the lanes share; the function; its further inputs


def drawn(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """One input a lane."""
    return [RNG.normal(size=(LANES, *shape)) for shape in shapes]


@pytest.mark.parametrize("mode", MODES)
def test_lanes_compute_what_numpy_computes(mode: str) -> None:
    uniform, make, extra = MODES[mode]
    function, lanes = make(graph()), drawn((20,), (3,), (), *extra)
    lanes[2] = lanes[2] > 0
    kernel = FunctionKernel(function, uniform, SHAPES, lanes=LANES)
    found = kernel(VALUES, *(x[0] if i in uniform else x for i, x in enumerate(lanes)), time=2)
    assert len(found) == len(kernel.results) + (mode == "adjoint")
    for k in range(LANES):
        one = [x[0] if i in uniform else x[k] for i, x in enumerate(lanes)]
        for a, b in zip(found, read(function, *one, time=2), strict=False):
            assert np.any(b)
            np.testing.assert_allclose(a[k], b, rtol=1e-12, atol=1e-13)


def step_adjoint() -> Function:
    """h' = tanh(W h + b) and its readout, transposed: inputs h, bars of h' and y; outputs bar of h, effects."""
    with f.tracing():
        h = Node("input", (), (20,), "float", "h")
        p = State(**{n: Node("parameter", (), shape, "float", n) for n, shape in SHAPES.items()})
        step = trace("step", lambda h: (f.tanh(p.W @ h + p.b), p.V @ h), [h], (h,))
        return Adjoints().of(fold_functions([step])[0])


def test_results_do_not_depend_on_the_neighbours() -> None:
    h, *bars = drawn((20,), (20,), (3,))
    alone, many = (FunctionKernel(step_adjoint(), (0,), SHAPES, "float32", n) for n in (1, LANES))
    together = many(VALUES, h[0], *bars)
    for k in (0, 7, 10):
        apart = alone(VALUES, h[0], *(x[k : k + 1] for x in bars))
        for a, b in zip(together, apart, strict=True):
            assert a.dtype == np.float32
            np.testing.assert_array_equal(a[k], b[0])


def test_a_sweep_is_one_call_after_another() -> None:
    """Three rows downwards: what comes out goes in again, gradients add up; the readout's bar stays."""
    bar_h, bar_y = drawn((20,), (3,))
    table = RNG.normal(size=(5, 20))
    kernel = FunctionKernel(step_adjoint(), (0,), SHAPES, lanes=LANES, feedback={0: 1})
    space = kernel.workspace(LANES, table)
    space.values[:-1] = VALUES
    space.fill(np.hstack((bar_h, bar_y)))
    space.run(start=4, count=3, stride=-1)
    bar, total = bar_h, np.zeros(1)
    for row in (4, 3, 2):
        bar, gradient = kernel(VALUES, table[row], bar, bar_y)
        total = total + gradient
    np.testing.assert_allclose(space.lanes_of(space.outputs), bar, rtol=1e-12)
    np.testing.assert_allclose(space.lanes_of(space.gradient), total, rtol=1e-11, atol=1e-11)


def test_what_cannot_be_said_is_refused() -> None:
    kernel = FunctionKernel(step_adjoint(), (0,), SHAPES)
    with pytest.raises(EvornnError, match=r"input 0 has shape \(4,\); it must be \(20,\)"):
        kernel(VALUES, np.zeros(4), np.zeros((2, 20)), np.zeros((2, 3)))
    with f.tracing():
        time = Node("time", (), (), "int")
        noisy = trace("noisy", lambda t: f.uniform(t), [time], (time,))
    with pytest.raises(EvornnError, match="noisy draws noise"):
        FunctionKernel(noisy, (), {})
