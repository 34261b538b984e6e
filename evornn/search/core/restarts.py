"""Searches that may start afresh when they no longer improve."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from evornn.options import whole
from evornn.search.core.search import Search

RISE = 0.01  # what counts as improvement: this share of all that was gained since the last start


class RestartingSearch(Search):
    """Base of searches with `restart_after`: generations without improvement until they are drawn anew (0: never).

    Improvement is a rise of the best fitness by a hundredth of its whole rise since the last start: on a plateau, ever
    smaller steps would otherwise go on for ever. `restarts` counts. The best genome of all stays in `best`.
    """

    _STATE: ClassVar[tuple[str, ...]] = ("_first", "_peak", "_stagnant", "restarts")

    restart_after: int = whole("generations without improvement until it is drawn anew; 0: never", default=0, low=0)

    def derive(self) -> None:
        """No restarts yet."""
        super().derive()
        self.restarts = 0
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._first = np.array(-np.inf)  # best fitness of the first generation that did not fail altogether
        self._peak = np.array(-np.inf)  # best fitness when it last improved
        self._stagnant = 0  # generations since then

    def _stuck(self, fitness: np.ndarray) -> bool:
        """Note a generation's fitness; true (and counted) when it is time to start afresh."""
        if not self.restart_after:
            return False
        best, peak = float(fitness.max()), float(self._peak)
        if np.isneginf(self._first):
            self._first = np.array(best)
        if best > peak and not best - peak <= RISE * (best - float(self._first)):  # infinite ones: any rise
            self._peak, self._stagnant = np.array(best), 0
        else:
            self._stagnant += 1
        if self._stagnant < self.restart_after:
            return False
        self._start_over()
        return True

    def _start_over(self) -> None:
        """Count a restart, whatever the reason."""
        self._begin_anew()
        self.restarts += 1
