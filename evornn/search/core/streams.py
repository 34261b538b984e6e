"""Libraries that draw from the global random streams, made to draw from ours.

DEAP's modules are given a stream of their own (`own_stream`): each thread's draws then come from its search alone, and
the global streams are left in peace. An operator of the user's that draws from `random` or `numpy.random` can only be
served by seeding those for the call and restoring them after it (`seeded_globals`): one search at a time, but a thread
that draws from them meanwhile disturbs it and is disturbed. evornn itself never draws from them.
"""

from __future__ import annotations

import contextvars
import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from evornn.sharing import STREAMS

_own: contextvars.ContextVar[Any] = contextvars.ContextVar("own stream", default=random)


class _Random:
    """Stands for the module `random`: its functions draw from the caller's own stream, if it has one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_own.get(), name)


_RANDOM = _Random()


def _seeds(rng: np.random.Generator) -> tuple[int, int]:
    """For `random` and for `numpy.random`."""
    first, second = (int(seed) for seed in rng.integers(0, 2**32, size=2, dtype=np.uint64))
    return first, second


@contextmanager
def own_stream(rng: np.random.Generator, *modules: ModuleType) -> Iterator[None]:
    """Within the block these modules' `random` is a stream seeded from `rng`; for other threads it is as ever."""
    for module in modules:
        if getattr(module, "random", None) is random:
            module.random = _RANDOM  # type: ignore[attr-defined]
    token = _own.set(random.Random(_seeds(rng)[0]))
    try:
        yield
    finally:
        _own.reset(token)


@contextmanager
def seeded_globals(rng: np.random.Generator) -> Iterator[None]:
    """Within the block `random` and `numpy.random` run on seeds drawn from `rng`; afterwards both are as before."""
    first, second = _seeds(rng)
    with STREAMS:
        ours, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global stream is the point
        try:
            random.seed(first)
            np.random.seed(second)  # noqa: NPY002
            yield
        finally:
            random.setstate(ours)
            np.random.set_state(numpys)  # noqa: NPY002
