"""Surrogate slopes: the value of one function, the slope of another, in every mode; kernels never compute the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import evornn.formula as f
from evornn.formula.surrogates import SLOPES
from evornn.formula.trace import reachable
from evornn.graph.jvp import Tangents
from evornn.graph.simplify import fold_functions, simplify
from evornn.graph.vjp import Adjoints
from tests.graph.test_jvp import read, traced

U = np.array([-1.4, 0.1, 0.6])
EXPECTED: dict[Any, Callable[[np.ndarray], np.ndarray]] = {  # as published, with u = x / width
    "fast_sigmoid": lambda u: 1.0 / (1.0 + np.abs(u)) ** 2,
    "sigmoid": lambda u: np.cosh(u / 2) ** -2,
    "triangle": lambda u: np.maximum(1 - np.abs(u), 0),
    "atan": lambda u: 1.0 / (1.0 + u**2),
    f.tanh: lambda u: np.cosh(0.5 * u) ** -2,  # a function of x itself
}


@pytest.mark.parametrize("slope", EXPECTED, ids=lambda s: getattr(s, "__name__", s))
def test_steps_have_the_slope_that_was_asked_for(slope: Any) -> None:
    assert {k for k in EXPECTED if isinstance(k, str)} == set(SLOPES)
    x, bar = 0.5 * U, np.array([1.0, -2.0, 0.5])

    def formula(p: Any, a: Any, b: Any) -> Any:
        return f.step_function(a, slope, width=0.5)

    (function,) = fold_functions([traced(formula)])
    expected = EXPECTED[slope](U)
    for made in (Adjoints().of(function), simplify([Adjoints().of(function)])[0]):
        np.testing.assert_allclose(read(made, {}, x, U, bar)[0], bar * expected, rtol=1e-12)
    value, tangent = read(Tangents().of(function, (True, False)), {}, x, U, bar)
    np.testing.assert_array_equal(value, [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(value, formula(None, x, U))
    np.testing.assert_allclose(tangent, bar * expected, rtol=1e-12)


def test_kernels_without_gradients_never_compute_the_smooth_function() -> None:
    def ops(formula: Any) -> set[str]:
        return {n.op for n in reachable(simplify([traced(formula)])[0].outputs)}

    assert ops(lambda p, a, b: f.step_function(a - 1.0, "sigmoid")) == {"input", "constant", "sub", "lt", "where"}
    assert "exp" not in ops(lambda p, a, b: f.with_slope_of(a * b, f.exp(a)))


def test_a_value_with_the_slope_of_zero_has_none() -> None:
    (function,) = fold_functions([traced(lambda p, a, b: a * f.with_slope_of(b, 0.0))])
    bars = read(Adjoints().of(function), {}, U, 2 * U, np.ones(3))
    np.testing.assert_array_equal(bars, [2 * U, np.zeros(3)])
