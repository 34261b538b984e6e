"""Step sizes of searches that sample around a point, in ranges of a gene: bounds, checks, where a search starts."""

from __future__ import annotations

from evornn.errors import check_range

WIDEST = 0.5  # largest standard deviation, in ranges
NARROWEST = 1e-12  # and the smallest: below it, samples and mean would no longer differ
STARTS = ("sample", "centre")


def least_sigma(first: float, floor: float) -> float:
    """The least step size, in ranges: a floor above 0, or the narrowest; EvornnError if that is not below the first."""
    return float(check_range("sigma_floor", floor, NARROWEST, first)) if floor > 0.0 else NARROWEST
