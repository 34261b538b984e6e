"""A branch that is not taken adds nothing to a gradient, whatever its value: one case for each partial function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import evornn.formula as f
from evornn.formula import Node
from evornn.formula.adjoint import Adjoints
from evornn.formula.simplify import fold_functions
from evornn.formula.trace import trace
from tests.formula.test_tangent import read

X = np.array([-1.0, 0.0, 4.0])
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
