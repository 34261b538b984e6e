"""Searches that sample a distribution and move it: unit coordinates, bounds, learned genomes, restarts.

**Coordinates.** The distribution lives in box units, u = (gene - lower) / (upper - lower), so every option that is a
length (`sigma`, ...) is a fraction of a gene's range, whatever that is.

**Bounds.** The distribution itself is not bounded: what it samples beyond 0 or 1 is mirrored at that side for the
evaluation, and learned from where it was sampled. Inside the box nothing is changed, the search sees a continuous
function, and no probability piles up on the bounds. Widths are limited to half the range, where a sample is all but
uniform in the box.

**Genomes that learned** after they were asked (`replace`) move their sample by as much.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import choice, number, whole
from evornn.search.core.memory import MemoryModel
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.shaping import default_population, fold_slope, in_box
from evornn.search.core.step_sizes import NARROWEST, STARTS, WIDEST, least_sigma

FASTEST = 1e6  # learning rate


class DistributionSearch(RestartingSearch):
    """Base of searches with a mean: a subclass writes `_begin`, `_draw` and `_learn`.

    `mean` [D], in box units, is None before a (re)start, which takes one genome as networks are drawn at first
    (`start="sample"`) or the middle of the box ("centre") for it.
    """

    population: Any = whole(
        "genomes in a generation; None: 4 + 3 ln D",
        default=None,
        low="MIN_POPULATION",
        high="MAX_POPULATION",
        kw_only=False,
    )
    first_sigma: float = number(
        "first step size, as a fraction of a gene's range", default=0.05, low=NARROWEST, high=WIDEST, alias="sigma"
    )
    sigma_floor: float = number("least step size; 0: none", default=0.0, low=0, high="first_sigma")
    start: str = choice("first mean: a genome as first drawn, or the box's middle", STARTS, default="centre")
    MEMORY_MODEL = MemoryModel(genomes=5)
    _STATE: ClassVar[tuple[str, ...]] = (*RestartingSearch._STATE, "mean", "_points")

    def derive(self) -> None:
        """A mean is still to come."""
        if self.population is None:
            self.population = default_population(self.space.dimension)
        super().derive()
        self.sigma_floor = least_sigma(self.first_sigma, self.sigma_floor)
        self.span = self.upper - self.lower
        self.mean: np.ndarray | None = None  # [D]
        self._points: np.ndarray | None = None  # [P, D] the open generation, before folding

    # -- for subclasses ---------------------------------------------------------------------------------------------

    def _begin(self, mean: np.ndarray) -> None:
        """Set the distribution up around `mean` [D]."""
        raise NotImplementedError

    def _draw(self, mean: np.ndarray) -> np.ndarray:
        """The next points [P, D]."""
        raise NotImplementedError

    def _learn(self, mean: np.ndarray, points: np.ndarray, fitness: np.ndarray) -> None:
        """Update the distribution, `mean` in place, from the points [P, D] and their fitness [P]."""
        raise NotImplementedError

    def _moved(self, points: np.ndarray, rows: np.ndarray) -> None:
        """Take note that the points [P, D] at `rows` [k] are no longer those drawn; may change them in place."""

    def _width(self) -> float:
        """The largest standard deviation."""
        raise NotImplementedError

    def _ended(self, fitness: np.ndarray) -> bool:
        """Whether to start anew: for lack of progress, or because samples no longer differ."""
        if self._stuck(fitness):
            return True
        if self._width() > 2.0 * NARROWEST:
            return False
        self._start_over()
        return True

    # -- generations ------------------------------------------------------------------------------------------------

    def _generate(self) -> np.ndarray:
        if self.mean is None:
            drawn = self._sample(1)[0] if self.start == "sample" else 0.5 * (self.lower + self.upper)
            self.mean = (drawn - self.lower) / self.span
            self._begin(self.mean)
        self._points = self._draw(self.mean)
        return in_box(self._points, self.lower, self.upper)

    def replace(self, genomes: np.ndarray) -> None:
        """Put genomes [k, D] in place of those that the last `ask` returned; their samples move by as much."""
        asked = None if self._genomes is None else self._genomes.copy()
        super().replace(genomes)
        if asked is None or self._genomes is None or self._points is None:
            return
        rows = np.flatnonzero((asked != self._genomes).any(axis=1))
        moved = self._points[rows]
        self._points[rows] += fold_slope(moved) * ((self._genomes[rows] - asked[rows]) / self.span)
        if rows.size:
            self._moved(self._points, rows)

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        assert self.mean is not None
        assert self._points is not None
        points, self._points = self._points, None
        self._learn(self.mean, points, fitness)
        if self._ended(fitness):
            self.mean = None
