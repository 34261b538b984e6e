"""Counter-based noise: a pure function of (seed, episode, step, draw), so every backend, layout and chunking sees the
same stream.

Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"), key
(seed, episode), counter (step, draw). All individuals of a generation meet the same noise in the same episode: common
random numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evornn.formula.elementwise import cos, log, sqrt
from evornn.formula.node import Node
from evornn.formula.operations import stack
from evornn.formula.source_lines import fail

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA


class Whole(int):
    """A whole number that comes from the time step, with NumPy's rules: comparisons give its truth values (Python's
    own have another `~`), quotients its numbers (1 / 0 is infinite).
    """

    __hash__ = int.__hash__


def _as_numpy(name: str) -> Any:
    whole = name.strip("_") in ("add", "radd", "sub", "rsub", "mul", "rmul", "floordiv", "rfloordiv", "mod", "rmod")

    def method(self: Whole, other: object) -> Any:
        if isinstance(other, int) and not isinstance(other, bool):
            if whole:
                return Whole(getattr(int, name)(self, other))
            if name == "__pow__" and other >= 0:
                return Whole(int(self) ** other)
        elif not isinstance(other, bool | np.bool_ | np.integer | float):
            return NotImplemented
        return getattr(np.float64(int(self)), name)(np.float64(other))

    return method


_OPERATORS = "add radd sub rsub mul rmul floordiv rfloordiv mod rmod truediv rtruediv pow rpow lt le gt ge eq ne"
for _name in _OPERATORS.split():
    setattr(Whole, f"__{_name}__", _as_numpy(f"__{_name}__"))


class Step(Whole):
    """The time step as the NumPy reader sees it: a whole number that also knows its seed and episode."""

    seed: int
    episode: int

    def __new__(cls, t: int, seed: int = 0, episode: int = 0) -> Step:
        """Step `t` of `episode` under `seed`."""
        step = super().__new__(cls, t)
        step.seed, step.episode = seed, episode
        return step


def threefry(key0: Any, key1: Any, x0: Any, x1: Any, rotate: Any, mask: Any) -> tuple[Any, Any]:
    """The cipher over any 32-bit integers with + and ^: `rotate(x, k)` turns left, `mask` cuts sums to 32 bits."""
    keys = (key0, key1, key0 ^ key1 ^ PARITY)
    x0, x1 = mask(x0 + keys[0]), mask(x1 + keys[1])
    for block in range(5):
        for amount in ROTATIONS[block % 2]:
            x0 = mask(x0 + x1)
            x1 = rotate(x1, amount) ^ x0
        x0 = mask(x0 + keys[(block + 1) % 3])
        x1 = mask(x1 + keys[(block + 2) % 3] + (block + 1))
    return x0, x1


def threefry_int(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Threefry-2x32-20 of Python integers."""
    cut = 0xFFFFFFFF
    a, b, c, d = (int(v) & cut for v in (*key, *counter))
    return threefry(a, b, c, d, lambda x, k: ((x << k) | (x >> (32 - k))) & cut, lambda x: x & cut)


def _one(t: Node | Step, draw: int, word: int) -> Any:
    if isinstance(t, Node):
        if t.op != "time":
            fail("noise is keyed by the time step itself: pass the t that your step function received")
        return Node("random", (t,), (), "float", (draw, word))
    if not isinstance(t, Step):
        raise TypeError(
            "noise is keyed by (seed, episode, step): pass your step function's t, or formula.Step(t, seed, episode)"
        )
    bits = threefry_int((t.seed, t.episode), (int(t), draw))[word]
    return np.float64((bits >> 9) * 2.0**-23 + 2.0**-24)


def uniform(t: Node | Step, draw: int = 0, size: int | None = None) -> Any:
    """Uniform noise inside (0, 1), exact in float32. `draw` numbers the draws of one step; `size` values use draws
    draw, draw + 1, ...
    """
    if size is None:
        return _one(t, draw, 0)
    return stack(*(_one(t, draw + i, 0) for i in range(size)))


def normal(t: Node | Step, draw: int = 0, size: int | None = None) -> Any:
    """Standard normal noise (Box & Muller 1958) from the two words of each draw; arguments as for `uniform`."""
    if size is not None:
        return stack(*(normal(t, draw + i) for i in range(size)))
    return sqrt(-2.0 * log(_one(t, draw, 0))) * cos((2 * math.pi) * _one(t, draw, 1))
