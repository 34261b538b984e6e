"""A branch that is not taken adds nothing to a gradient, whatever its value: one case for each partial function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import evornn.formula as f
from evornn.formula import Node
from evornn.formula.trace import trace
from evornn.graph.simplify import fold_functions
from evornn.graph.vjp import Adjoints
from tests.graph.test_jvp import read

X = np.array([-1.0, 0.0, 4.0])
AT = np.array([2.0, 3.0, 5.0])
MATRIX = np.arange(6.0).reshape(2, 3)


def squared(y: Any) -> Any:
    return y * y


def entropy(y: Any) -> Any:
    return y * f.log(y)


TAKEN: dict[str, tuple[Callable[[Any], Any], float]] = {  # where x > 0; and the slope at 4
    "sqrt": (lambda x: f.sqrt(x), 0.25),
    "log": (lambda x: f.log(x), 0.25),
    "division": (lambda x: 1.0 / x, -1 / 16),
    "power": (lambda x: x**-2, -2 / 64),
    "power of any exponent": (lambda x: f.exp(1.5 * f.log(x)), 3.0),
    "product": (lambda x: x * f.sqrt(x), 3.0),
    "entropy": (lambda x: x * f.log(x), 1 + np.log(4.0)),
    "quotient": (lambda x: f.sin(x) / x, np.cos(4.0) / 4 - np.sin(4.0) / 16),
    "nested": (lambda x: f.tanh(f.log(x)), 0.25 * (1 - np.tanh(np.log(4.0)) ** 2)),
}


WHOLE: dict[str, Callable[[Any], Any]] = {
    "matrix product": lambda x: f.sum(MATRIX @ f.log(x)),
    "product with a computed matrix": lambda x: f.outer(f.log(x), x)[0] @ x,
    "computed matrix": lambda x: f.sum(f.outer(f.log(x), np.ones(2)) @ np.array([1.0, 2.0])),
    "scalar product": lambda x: f.log(x) @ f.sqrt(x),
    "the largest": lambda x: f.max(f.log(x)),
    "function": lambda x: f.sum(f.call(squared, f.log(x))),
    "partial function in a function": lambda x: f.sum(x * f.call(entropy, x) * x),
    "loop": lambda x: f.sum(f.repeat(3, squared, f.log(x))),
    "partial function in a loop": lambda x: f.sum(x * f.repeat(2, entropy, x)),
}


@pytest.mark.parametrize("formula", WHOLE.values(), ids=WHOLE)
def test_a_whole_branch_not_taken_has_no_slope(formula: Any) -> None:
    """Where factors of products, functions and loops are not numbers; taken, their slope is that of differences."""
    with f.tracing():
        x = Node("input", (), (3,), "float", "x")
        function = trace("chosen", lambda x: f.where(x[0] > 0, formula(x), 7.0), [x], (x,))
        (function,) = fold_functions([function])
        adjoint = Adjoints().of(function)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(read(adjoint, {}, np.array([-1.0, 0.0, 4.0]), np.array(1.0))[0], 0.0)
    (bar,) = read(adjoint, {}, AT, np.array(1.0))
    change = 1e-6 * np.eye(3)
    slope = [(read(function, {}, AT + d)[0] - read(function, {}, AT - d)[0]) / 2e-6 for d in change]
    np.testing.assert_allclose(bar, slope, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(("formula", "slope"), TAKEN.values(), ids=TAKEN)
def test_a_branch_not_taken_has_no_slope(formula: Any, slope: float) -> None:
    with f.tracing():
        x = Node("input", (), (3,), "float", "x")
        function = trace("chosen", lambda x: f.sum(f.where(x > 0, formula(x), 7.0)), [x], (x,))
        (function,) = fold_functions([function])
        adjoint = Adjoints().of(function)
    with np.errstate(all="ignore"):
        (bar,) = read(adjoint, {}, X, np.array(1.0))
    np.testing.assert_allclose(bar, [0.0, 0.0, slope], rtol=1e-13)
