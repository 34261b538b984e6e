"""Systems of linear equations in formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.formula.elementwise import as_number, is_traced
from evornn.formula.node import Node, as_float, lift
from evornn.formula.source_lines import fail


def solve(A: Any, b: Any, symmetric: bool = False) -> Any:
    """x with A x = b: A [n, n], b [n]. By Gauss's elimination with partial pivoting; symmetric=True: A is symmetric and
    positive definite (only what is right of its diagonal is read), at half the cost and without pivots. Where A is
    singular, the result is infinite or NaN.
    """
    if not is_traced(A, b):
        return solution(np.asarray(as_number(A)), np.asarray(as_number(b)))
    matrix, right = as_float(lift(A)), as_float(lift(b))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or right.shape != matrix.shape[:1]:
        fail(f"solve of shapes {matrix.shape} and {right.shape}; it needs a matrix [n, n] and a vector [n]")
    return Node("solve", (matrix, right), right.shape, "float", bool(symmetric))


def solution(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """NumPy's solution of systems [..., n, n] and [..., n]; NaN for those that are singular."""
    try:
        return np.linalg.solve(A, b[..., None])[..., 0]
    except np.linalg.LinAlgError:
        if A.ndim == 2:
            return np.full(b.shape, np.nan)
        return np.stack([solution(a, v) for a, v in zip(A, b, strict=True)])
