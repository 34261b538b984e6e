"""Libraries that draw from the global random streams, made to draw from ours: seeded for the call, restored after it.

The global streams belong to the whole process, so a second thread that draws from them meanwhile would disturb (and be
disturbed by) a search that uses such a library; evornn itself never draws from them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def seeded_globals(rng: np.random.Generator) -> Iterator[None]:
    """Within the block `random` and `numpy.random` run on seeds drawn from `rng`; afterwards both are as before."""
    first, second = (int(seed) for seed in rng.integers(0, 2**32, size=2, dtype=np.uint64))
    ours, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global stream is the point
    try:
        random.seed(first)
        np.random.seed(second)  # noqa: NPY002
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(numpys)  # noqa: NPY002
