"""Searches that may start afresh when they no longer improve."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.errors import check_range
from evornn.search.base import Search, SpaceLike


class RestartingSearch(Search):
    """Base of searches with `restart_after`: generations without a better fitness until they are drawn anew (0: never).

    `restarts` counts them. The best genome of all stays in `best`.
    """

    _STATE: ClassVar[tuple[str, ...]] = ("_peak", "_stagnant", "restarts")

    def __init__(self, space: SpaceLike, *, population: int, seed: int, restart_after: int, **options: Any) -> None:
        super().__init__(space, population=population, seed=seed, restart_after=restart_after, **options)
        self.restart_after: int = check_range("restart_after", restart_after, 0, integer=True)
        self.restarts = 0
        self._peak = np.array(-np.inf)  # best fitness since the last restart
        self._stagnant = 0  # generations since it rose

    def _stuck(self, fitness: np.ndarray) -> bool:
        """Note a generation's fitness; true (and counted) when it is time to start afresh."""
        peak = fitness.max()
        self._stagnant = 0 if peak > self._peak else self._stagnant + 1
        self._peak = np.array(max(peak, self._peak))
        if not self.restart_after or self._stagnant < self.restart_after:
            return False
        self._peak, self._stagnant = np.array(-np.inf), 0
        self.restarts += 1
        return True
