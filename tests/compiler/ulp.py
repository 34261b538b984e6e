"""How far an elementary function is from the truth, in units of the last place (ulp), over all exponents of floats."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from evornn.compiler.lanes import elementary

NAMES = tuple(elementary.FUNCTIONS)
FINE = {  # where a function does its work: sampled densely besides
    "exp": (-104.0, 89.0),
    "log": (0.5, 2.0),
    "tanh": (-10.0, 10.0),
    "sigmoid": (-104.0, 20.0),
    "softplus": (-104.0, 20.0),
    "sin": (-1000.0, 1000.0),
    "cos": (-1000.0, 1000.0),
    "atan": (-4.0, 4.0),
}
EXTENDED = np.finfo(np.longdouble).nmant > 60  # else long double is float64, and no judge of float64


def _wide_sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


TRUTH: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": _wide_sigmoid,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
}


def truth(name: str, x: np.ndarray) -> np.ndarray:
    """The function of the same numbers in the next wider precision (float64 for float32, long double for float64)."""
    wide = np.float64 if x.dtype == np.float32 else np.longdouble
    with np.errstate(all="ignore"):
        return TRUTH.get(name, getattr(np, name, None))(x.astype(wide))


def ulps(got: np.ndarray, true: np.ndarray) -> np.ndarray:
    """|got - true| in units of the last place that got's type has at the truth (below the normal numbers: the smallest
    subnormal). Infinity counts as the power of two after the largest float; NaN agrees with NaN only.
    """
    info = np.finfo(got.dtype)
    with np.errstate(all="ignore"):
        exponent = np.clip(np.frexp(np.abs(true))[1] - 1, info.minexp, info.maxexp - 1)
        over = np.ldexp(true.dtype.type(1), info.maxexp)
        # a truth beyond the largest float may be rounded to infinity; a bit below, infinity is off by the distance
        a, b = (np.clip(v.astype(true.dtype), -over, over) for v in (got, true))
        error = np.ldexp(np.abs(a - b), info.nmant - exponent)
    return np.where(np.isnan(got) | np.isnan(true), np.where(np.isnan(got) & np.isnan(true), 0.0, np.inf), error)


@cache
def sample(name: str, dtype: Any, share: int = 1) -> np.ndarray:
    """Finite inputs: random fractions and the ends of every binade, both signs; a dense stretch where it matters.

    share: draw one in so many of them.
    """
    rng = np.random.default_rng(12)
    info = np.finfo(dtype)
    single = info.bits == 32
    integer = np.uint32 if single else np.uint64
    binades = np.arange(2 ** (info.bits - 1 - info.nmant) - 1, dtype=integer)[:, None] << integer(info.nmant)
    fractions = rng.integers(0, 1 << info.nmant, (len(binades), (1000 if single else 40) // share), dtype=integer)
    fractions[:, 0], fractions[:, 1] = 0, (1 << info.nmant) - 1
    every = (binades | fractions).ravel().view(dtype)
    low, high = FINE[name]
    if not single and low == -104.0:
        low, high = -746.0, 710.0 if name == "exp" else 40.0
    if not single and name == "tanh":
        low, high = -20.0, 20.0
    dense = rng.uniform(low, high, (300_000 if single else 100_000) // share).astype(dtype)
    small = dense * dtype(1e-2) if low < 0 else dense
    x = np.concatenate([every, dense, small])
    return x if name == "log" else np.concatenate([x, -every])


def max_ulp(name: str, function: Callable[[np.ndarray], np.ndarray], dtype: Any, share: int = 1) -> tuple[float, float]:
    """The largest error of `function` (array of `dtype` to array) as an implementation of `name`, and where it is."""
    x = sample(name, np.dtype(dtype).type, share)
    errors = ulps(function(x), truth(name, x))
    worst = int(np.argmax(errors))
    return float(errors[worst]), float(x[worst])
