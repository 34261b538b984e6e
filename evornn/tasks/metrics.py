"""Metrics of outputs against targets, by the standard definitions; NumPy on arrays [E, T, m] of whole episodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evornn.errors import EvornnError, check_range


def nrmse(
    outputs: ArrayLike, targets: ArrayLike, weight: np.ndarray | None = None, variance: float | None = None
) -> float:
    """Root of the mean squared error over the variance of the targets.

    outputs, targets [E, T, m]; weight [E, T] of each step in the mean (default: all the same); variance: default: of
    the targets over all steps, averaged over the m outputs. 1 is as good as always giving the mean.
    """
    outputs, targets = _same(outputs, targets)
    squares = ((outputs - targets) ** 2).mean(axis=2)
    variance = targets.var(axis=(0, 1)).mean() if variance is None else variance
    return float(np.sqrt(np.average(squares, weights=weight) / variance))


def nrmse_at(outputs: ArrayLike, targets: ArrayLike, step: int, variance: float | None = None) -> float:
    """NRMSE of one step over many starts: `step` = 84 steps of free run on is NRMSE84 (Jaeger 2001)."""
    outputs, targets = _same(outputs, targets)
    check_range("step", step, 0, outputs.shape[1] - 1, integer=True)
    weight = np.zeros(outputs.shape[:2])
    weight[:, step] = 1.0
    return nrmse(outputs, targets, weight, variance)


def symbol_accuracy(right: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Share of correct steps: right [E, T] bool, among those of positive weight [E, T]."""
    right = np.asarray(right, dtype=bool)
    return float(right[np.ones(right.shape, bool) if weight is None else np.asarray(weight) > 0].mean())


def sequence_accuracy(right: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Share of sequences with every step of positive weight correct: right [E, T] bool, weight [E, T]."""
    right = np.asarray(right, dtype=bool)
    return float((right if weight is None else right | (np.asarray(weight) <= 0)).all(axis=1).mean())


def reach(right: ArrayLike) -> int:
    """How many leading entries [E] are true: the largest n up to which every string is accepted."""
    right = np.asarray(right, dtype=bool)
    return len(right) if right.all() else int(np.argmin(right))


def _same(outputs: ArrayLike, targets: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    outputs, targets = np.asarray(outputs, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if outputs.shape != targets.shape or outputs.ndim != 3:
        raise EvornnError(f"outputs have shape {outputs.shape} and targets {targets.shape}; both must be [E, T, m]")
    return outputs, targets
