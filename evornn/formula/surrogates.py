"""Slopes of another function than the value's: surrogate gradients, with which spiking networks learn (Neftci, Mostafa
& Zenke 2019, "Surrogate gradient learning in spiking neural networks").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from evornn.formula.elementwise import absolute, as_number, is_traced, maximum, sigmoid
from evornn.formula.node import Node, Operand, aligned, as_float, lift
from evornn.formula.node_tools import full
from evornn.formula.operations import where
from evornn.formula.source_lines import fail


def with_slope_of(value: Operand, smooth: Operand) -> Any:
    """`value`, with the slope of `smooth`: kernels without gradients never compute that. with_slope_of(x, 0.0) is x
    without a slope.
    """
    if not is_traced(value, smooth):
        return as_number(value) + np.zeros(np.shape(smooth))
    pair, shape = aligned("with_slope_of", as_float(lift(value)), as_float(lift(smooth)))
    return Node("with_slope", tuple(full(x, shape) for x in pair), shape)


def _fast_sigmoid(u: Any) -> Any:
    r = 1.0 / (1.0 + absolute(u))
    return r * r


def _sigmoid(u: Any) -> Any:
    s = sigmoid(u)
    return 4.0 * s * (1.0 - s)


SLOPES: dict[str, Callable[[Any], Any]] = {  # of u = x / width; 1 at 0
    "fast_sigmoid": _fast_sigmoid,
    "sigmoid": _sigmoid,
    "triangle": lambda u: maximum(1.0 - absolute(u), 0.0),
    "atan": lambda u: 1.0 / (1.0 + u * u),
}


def step_function(x: Any, slope: str | Callable[[Any], Any] = "fast_sigmoid", width: float = 1.0) -> Any:
    """1 where x > 0, else 0, with the slope of a smooth function: spikes that can be learnt through.

    slope, with u = x / width; each is 1 at the step: "fast_sigmoid", 1 / (1 + |u|)^2 (SuperSpike, Zenke & Ganguli
    2018); "sigmoid", 4 s(u) (1 - s(u)); "triangle", max(0, 1 - |u|) (Bellec et al. 2018); "atan", 1 / (1 + u^2) (Fang
    et al. 2021); or a function of x whose slope is taken.
    """
    if not callable(slope) and slope not in SLOPES:
        fail(f"slope is {slope!r}; it must be one of {', '.join(map(repr, SLOPES))}, or a function of x")
    x = as_number(x)
    spikes = where(x > 0.0, 1.0, 0.0)
    if not is_traced(x):
        return spikes
    smooth = slope(x) if callable(slope) else x * with_slope_of(SLOPES[slope](x * (1.0 / width)), 0.0)
    return with_slope_of(spikes, smooth)
