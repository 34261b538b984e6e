"""Patterns of -1 and 1 that associative networks store: checked, and made into weights; and the units that recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import EvornnError, shown
from evornn.formula import Node, where

Patterns = tuple[tuple[int, ...], ...]


def bipolar(what: str, value: Any, owner: Any = None) -> Patterns:
    """Rows of -1 and 1, all of one length; EvornnError naming the option otherwise."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0)
    if array.ndim != 2 or not array.size or not np.isin(array, (-1.0, 1.0)).all():
        raise EvornnError(f"{what} is {shown(value)}; it must be rows of -1 and 1, all of one length")
    return tuple(tuple(int(v) for v in row) for row in array)


def hebbian(patterns: Patterns) -> np.ndarray:
    """Sum of outer products by the number of units, without self-connections: [units, units] (Hopfield 1982)."""
    x = np.array(patterns, dtype=np.float64)
    weights = x.T @ x / x.shape[1]
    np.fill_diagonal(weights, 0.0)
    return weights


def pseudo_inverse(patterns: Patterns) -> np.ndarray:
    """The projection on the patterns, without self-connections (Personnaz, Guyon & Dreyfus 1985): each is stable, also
    where they are correlated.
    """
    x = np.array(patterns, dtype=np.float64)
    weights = np.linalg.pinv(x) @ x
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights.round(12))  # the last digits depend on the machine's LAPACK


RULES = {"hebbian": hebbian, "pseudo_inverse": pseudo_inverse}


def threshold(field: Node, before: Node) -> Any:
    """1 where the field is positive, -1 where it is negative, and as before where it is 0."""
    return where(field > 0.0, 1.0, where(field < 0.0, -1.0, before))
