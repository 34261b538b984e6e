"""Steps of ordinary differential equations over records: Euler and the classic Runge-Kutta of order 4 (Kutta 1901)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from evornn.formula import call
from evornn.formula.state import tree_map

S = TypeVar("S")  # what is integrated: a record, or an array of NumPy


def along(s: S, h: float, slope: S) -> S:
    """s + h slope, field by field."""
    return tree_map(lambda a, k: a + h * k, s, slope)


def euler(derivative: Callable[..., S], s: S, dt: float, *arguments: Any) -> S:
    """One Euler step of s' = derivative(s, *arguments)."""
    return along(s, dt, call(derivative, s, *arguments))


def rk4(derivative: Callable[..., S], s: S, dt: float, *arguments: Any) -> S:
    """One fourth-order Runge-Kutta step of s' = derivative(s, *arguments), arguments held constant."""
    k1 = call(derivative, s, *arguments)
    k2 = call(derivative, along(s, dt / 2, k1), *arguments)
    k3 = call(derivative, along(s, dt / 2, k2), *arguments)
    k4 = call(derivative, along(s, dt, k3), *arguments)
    return tree_map(lambda a, p, q, r, w: a + (dt / 6) * (p + 2.0 * q + 2.0 * r + w), s, k1, k2, k3, k4)
