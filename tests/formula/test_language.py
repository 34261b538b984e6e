"""What users may write, in words of Python and NumPy: one meaning in every reader, or one error that names their line.

Every formula here is called with NumPy's numbers, run by the plain backend, and compiled in every layout and both
precisions; its gradient is compared with differences.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import evornn as en
import evornn.formula as f
from evornn.backends.reference_gradient import gradient
from evornn.formula import FormulaError, State
from tests.backends.harness import LAYOUTS, Reading, run
from tests.graph.test_vjp import check as check_gradient

MASK = np.array([True, False, True])
SHAPES = {"x": (3,), "y": (3,), "L": (20,)}


def powers_and_remainders(p: Any, s: Any, t: Any) -> Any:
    x, y = p.x, p.y
    u = abs(y) + 0.3
    return f.concat(
        x**2.0, x**-1.0, u**0.5, u**-0.5, u**2.5, u**-1.3, x**0.0, 2.0**x, 0.5**x, 3**x, (-2.0) ** f.floor(x), u**x,
        x ** f.floor(3.0 * y), x ** (t + 3), pow(u, 1.5), x**np.array([1, 2, 3]), x % 0.7, x % -0.7, 7.0 % x, -7 % x,
        x // 0.3, 5 // x, divmod(x, 1.1)[0], divmod(2.0, x)[1], np.ones(3) % y, x % y, x // y, f.round(3.0 * x),
        np.round(x, 2), np.rint(x * 5.0), (5.0 * p.L) % 2.0, p.L // 0.25, abs(p.L) ** 1.7,
    )  # fmt: skip


def names_of_numpy(p: Any, s: Any, t: Any) -> Any:
    x, y = p.x, p.y
    return f.concat(
        np.clip(x, -0.5, 0.5), np.clip(x, 0.0, None), np.where(x > 0, 1, -1), np.where(x > y, x, y), np.dot(x, y),
        np.dot(x, 2.0), np.vdot(x, y), np.inner(x, y), np.sum(x), np.sum(x > 0), np.mean(x),
        np.mean(x > 0), np.max(x), np.min(x), np.prod(x), np.var(x), np.std(x), np.concatenate((x, y)),
        np.concatenate([x, [1.0, 2.0]]), np.hstack([x[0], y]), np.append(x, 1.0), np.stack([x[0], y[1]]),
        np.stack([x, y])[1], np.vstack((x, y))[0], np.linalg.norm(x), np.flip(x), np.roll(x, 1), np.diff(x),
        np.sum(np.outer(x, y), axis=1), np.mean(x[:, None] - y, axis=0), np.std(np.outer(x, y), 0), np.argmax(x),
        np.max(np.outer(x, y), axis=1, keepdims=True)[:, 0], np.cumsum(x), np.cumprod(y), np.prod(np.outer(x, y), 1),
        np.reshape(np.outer(x, y), -1)[2:5], x.cumsum(), (np.outer(x, y) @ np.outer(y, x)).sum(axis=0),
        np.arcsin(x / 9.0),
        np.expand_dims(x, 1)[:, 0], np.squeeze(x[None]), np.min(np.outer(x, y), 0), np.arctan2(x, y), np.prod(p.L),
        np.linalg.solve(np.outer(x, y) + np.eye(3), x),
        np.maximum(x, y), np.tanh(x), np.square(x), np.reciprocal(x), np.exp2(x), np.log2(abs(x)), np.log10(abs(x)),
        np.tan(x), np.hypot(x, y), np.ceil(x), np.trunc(x), np.radians(x), np.degrees(x), np.zeros_like(x),
        np.full_like(x, 2.0), np.size(x), np.power(abs(x), 1.5), np.mod(x, 0.4), np.floor_divide(x, 0.4), x.sum(),
        x.mean(), x.max(), x.min(), x.dot(y), x.clip(-1.0, 1.0), x.copy(), np.transpose(x), np.round(p.L, 1).sum(),
        np.where(np.any(x > 0) & ~np.all(y > 0), 1.0, 0.0), np.where(np.isnan(x) | np.isinf(y) | np.isfinite(x), x, y),
    )  # fmt: skip


def conditions(p: Any, s: Any, t: Any) -> Any:
    x, y = p.x, p.y
    c, d = x > 0, y > 0
    big, late = p.L > 0, t > 0

    def one(mask: Any) -> Any:
        return f.where(mask, 1.0, 0.0)

    return f.concat(
        2 * c - 1, 1 - c, c * x, x - d, c / 2.0, c + 1.5, np.ones(3) * c, c * t, one(c ^ d), one(c == d), one(c != d),
        one(c & MASK), one(MASK | c), one(MASK ^ c), one(c & [True, False, False]), one(np.logical_xor(c, d)),
        one(np.logical_not(c)), one(~late), one(~(t % 2 == 1)), one(late & c), one(late ^ c), one(~(t > 0.5) | c),
        f.sum(c), f.mean(c), f.max(c), f.dot(c, d), f.dot(c, x), c @ x, f.concat(c, d, c[0]),
        f.stack(c[0], d[0]), f.minimum(c, d), f.maximum(c, x), f.absolute(c), f.sqrt(c), f.exp(c), f.tanh(c),
        f.sigmoid(c), f.softplus(c), f.sin(c), f.floor(c), f.sign(c), f.relu(c), f.clip(c, 0.2, 0.7), f.softmax(c),
        f.round(c), f.where(c, d, x), one(f.where(c, d, MASK)), f.where(c, 1, 0) / 2, f.where(c, 3, 2) ** -1,
        f.lookup([2.0, 3.0], c[0]), f.put(x, 1, c[0]), big * p.L, f.sum(big), f.max(big), f.dot(big, p.L),
        f.dot(big, p.L > 0.5), one(big ^ (p.L < 0.5)), 1.0 - big, f.sqrt(big), f.minimum(big, p.L > 0.5),
        one(big & (np.arange(20) % 2 == 0)), t / (t + 1), 1 / (t + 1), t**2 * x[0], 2.0**t, x % (t + 1), t % 3, t // 2,
    )  # fmt: skip


FORMULAS = [powers_and_remainders, names_of_numpy, conditions]


def simulated(formula: Any) -> tuple[Any, int, np.ndarray]:
    rng = np.random.default_rng(1)
    example = State(**{k: rng.normal(size=s) for k, s in SHAPES.items()})
    outputs = len(formula(example, State(), f.Step(0)))
    simulation = Reading(SHAPES, formula, outputs=outputs)
    return simulation, outputs, rng.normal(0, 1, (3, simulation.genome.dimension))


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_oracle_is_the_formula_called_with_numbers(formula: Any) -> None:
    simulation, outputs, genomes = simulated(formula)
    found = run(simulation, genomes, outputs, 2, "plain")
    for genome, row in zip(genomes, found, strict=True):
        p = State(x=genome[:3], y=genome[3:6], L=genome[6:])
        np.testing.assert_array_equal(row, formula(p, State(), f.Step(1)))


@pytest.mark.parametrize(
    ("formula", "layout", "precision"),
    [  # every formula in one of these by default, taking turns
        pytest.param(formula, *way, marks=pytest.mark.slow if (i + k) % 3 else ())
        for i, formula in enumerate(FORMULAS)
        for k, way in enumerate([("individuals", "float64"), ("units", "float64"), ("episodes", "float32")])
    ],
)
def test_compiled_formulas_agree_with_numpy(formula: Any, layout: str, precision: str) -> None:
    simulation, outputs, genomes = simulated(formula)
    if precision == "float32":
        genomes = genomes.astype(np.float32).astype(float)
    expected = run(simulation, genomes, outputs, 2, "plain")
    assert np.isfinite(expected).all()
    found = run(simulation, genomes, outputs, 2, layout, precision)
    tolerance = 1e-11 if precision == "float64" else 2e-5
    apart = np.abs(found - expected) > tolerance * (1 + np.abs(expected))
    assert apart.sum() <= (0 if precision == "float64" else 2), "float32 may lie on the other side of a step"


@pytest.mark.parametrize("formula", FORMULAS)
def test_gradients_agree_with_differences(formula: Any) -> None:
    simulation, outputs, genomes = simulated(formula)
    check_gradient(simulation, genomes + 0.3 * np.sign(genomes), np.arange(outputs, dtype=float)[:, None], 1)


def infinities(p: Any, s: Any, t: Any) -> Any:
    x, u, inf, nan = p.x, abs(p.x), np.inf, np.nan
    holes = np.array([inf, nan, -0.0])
    wide = np.where(np.arange(20) % 3 == 0, -inf, np.where(np.arange(20) % 3 == 1, nan, 1.0))
    return f.concat(
        f.where(x > 100.0, -inf, 1.0), f.where(x < 100.0, -inf, 1.0), f.where(x > 100.0, nan, x), inf * x, x + inf,
        x / inf, x / -0.0, 1.0 / (x * 0.0), f.minimum(x, inf), f.maximum(x, -inf), f.tanh(inf * x), f.exp(-inf * u),
        x + holes, f.where(x < holes, 1.0, 0.0), f.concat(x, holes), f.lookup(holes, x[0]), f.lookup(holes, t),
        f.put(x, 1, inf), f.put(holes, t % 3, x[0]), f.where(x == inf, 1.0, 2.0), p.L + wide,
        f.where(f.concat(holes, x) == inf, 1.0, 2.0), f.where(wide > 0.0, p.L, wide), f.clip(x, -inf, inf),
        f.max(f.where(p.L > 0.0, -inf, p.L)), x % inf, -x % -inf, x // inf, inf // x, (0.0 * x) // (0.0 * x),
        x**2 / 1e-310, s.low, s.gap, s.best, s.row, f.sum(s.row), f.where(nan == nan, 1.0, x), f.sigmoid(-inf + x),
        f.softplus(-inf + x), math.inf - x,
    )  # fmt: skip


def with_infinite_states() -> tuple[Any, int, np.ndarray]:
    def start(p: Any) -> State:
        return State(low=-np.inf, gap=np.nan, best=np.full(3, np.inf), row=np.full(20, -np.inf))

    def step(p: Any, s: Any, t: Any) -> State:
        gap = f.where(t < 1, s.gap, p.x[1])
        return State(low=f.maximum(s.low, p.x[0]), gap=gap, best=f.minimum(s.best, p.x), row=f.put(s.row, t, p.x[0]))

    rng = np.random.default_rng(1)
    with np.errstate(all="ignore"):
        outputs = len(infinities(State(x=np.ones(3), L=np.ones(20)), start(None), f.Step(0)))
    simulation = Reading(SHAPES, infinities, start, step, outputs)
    return simulation, outputs, rng.normal(0, 1, (3, simulation.genome.dimension))


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize(
    ("layout", "precision"),
    [  # half of these by default
        pytest.param("units", "float64"),
        pytest.param("individuals", "float32"),
        pytest.param("individuals", "float64", marks=pytest.mark.slow),
        pytest.param("episodes", "float64", marks=pytest.mark.slow),
    ],
)
def test_infinity_and_nan_are_numbers_like_others(layout: str, precision: str, steps: int) -> None:
    simulation, outputs, genomes = with_infinite_states()
    genomes = genomes.astype(np.float32).astype(float)
    expected = run(simulation, genomes, outputs, steps, "plain")
    assert np.isposinf(expected).any()
    assert np.isneginf(expected).any()
    assert np.isnan(expected).any()
    found = run(simulation, genomes, outputs, steps, layout, precision)
    tiny = np.abs(expected) > 1e38  # x**2 / 1e-310, which float32 has no number for
    expected = np.where(tiny & (precision == "float32"), np.copysign(np.inf, expected), expected)
    np.testing.assert_allclose(found, expected, rtol=1e-11 if precision == "float64" else 1e-5)


class Falls(en.tasks.Task):
    """Worth -inf where the output is large, else its square; the state starts beyond all numbers."""

    observations, actions, steps = 1, 1, 3

    def start(self, scenario: Any) -> State:
        return State(low=np.inf)

    def observe(self, s: Any) -> Any:
        return f.stack(0.5)

    def step(self, s: Any, action: Any, t: Any) -> State:
        return State(low=f.minimum(s.low, action[0]))

    def reward(self, s: Any, action: Any, after: Any, t: Any) -> Any:
        return f.where(action[0] > 0.5, -np.inf, action[0] * action[0])


def test_infinite_constants_have_gradients() -> None:
    task = Falls()
    network = en.networks.FullyRecurrent(units=1)
    exact = en.Problem(network, task, backend="plain")
    genomes = np.linspace(-1, 1, 5)[:, None] * np.ones(exact.dimension)
    with en.Problem(network, task, precision="float64") as problem:
        plain, found = exact.gradient(genomes), problem.gradient(genomes)
        assert np.isneginf(plain.fitness).any()
        np.testing.assert_allclose(found.fitness, plain.fitness, rtol=1e-11)
        np.testing.assert_allclose(problem.evaluate(genomes).fitness, plain.fitness, rtol=1e-11)
        np.testing.assert_allclose(found.gradients, plain.gradients, rtol=1e-9, atol=1e-12)


def test_device_text_names_infinity() -> None:
    from evornn.compiler.cuda.target import ScalarTarget

    language = ScalarTarget("individuals", 32)
    assert [language.number(v) for v in (np.inf, -np.inf, np.nan)] == ["f(INFINITY)", "f(-INFINITY)", "f(NAN)"]


class Conditional(Falls):
    """Its reward is the formula under test."""

    def __init__(self, reward: Any) -> None:
        self.formula = reward

    def reward(self, s: Any, action: Any, after: Any, t: Any) -> Any:
        return self.formula(action[0] > 0.0, action[0] > -9.0)


@pytest.mark.parametrize("backend", ["plain", "cpu"])
@pytest.mark.parametrize("formula", [lambda a, b: a + b, lambda a, b: 1.0 + a * b, lambda a, b: 1.0 - (a - b)])
def test_no_problem_is_made_of_formulas_that_readers_would_read_differently(formula: Any, backend: str) -> None:
    with pytest.raises(FormulaError, match=r"where\(condition, 1\.0, 0\.0\)") as caught:
        en.Problem(en.networks.FullyRecurrent(units=1), Conditional(formula), backend=backend)
    assert __file__ in str(caught.value)


def test_conditions_beside_numbers_count_in_evaluations_rollouts_and_gradients() -> None:
    task = Conditional(lambda a, b: 2 * a - 1 + (1.0 - b) * 5.0)
    with en.Problem(en.networks.FullyRecurrent(units=1), task, workers=1) as problem:
        genome = np.ones(problem.dimension)
        assert problem.evaluate(genome[None]).fitness == 3.0
        assert problem.rollout(genome).rewards.tolist() == [1.0] * 3
        assert problem.gradient(genome[None]).fitness == 3.0


def test_remainders_where_a_rounded_quotient_would_be_whole() -> None:
    def read(p: Any, s: Any, t: Any) -> Any:
        one = 0.0 * p.x + np.array([1.0, -1.5, 49.0])
        return f.concat(one % 0.1, one // 0.1, one % -0.3, one // 0.3, one % 49.0, one // 49.0, one % (0.0 * p.x + 0.1))

    simulation, outputs = Reading(SHAPES, read, outputs=21), 21
    genomes = np.ones((2, simulation.genome.dimension))
    expected = run(simulation, genomes, outputs, 1, "plain")
    assert expected[0, 0] == 1.0 % 0.1 == 0.09999999999999995
    assert expected[0, 10] == -1.5 // 0.3 == -6.0
    for layout in LAYOUTS:
        np.testing.assert_allclose(run(simulation, genomes, outputs, 1, layout), expected, atol=1e-13)
    by_reader = gradient(simulation, genomes, np.arange(18.0)[:, None], 1, 7, None)[0]
    np.testing.assert_allclose(by_reader, expected[:, :18], atol=1e-13)


def test_no_warnings_from_numbers_that_the_formula_expects(recwarn: Any) -> None:
    problem = en.Problem(en.networks.FullyRecurrent(units=1), Timed(), backend="plain")
    assert problem.rollout(np.zeros(problem.dimension)).rewards.tolist() == [5.0, 1.0, 0.5]
    assert not recwarn.list


class Timed(Falls):
    """Its reward falls with time."""

    def reward(self, s: Any, action: Any, after: Any, t: Any) -> Any:
        return f.minimum(1 / t, 5.0)
