"""Step sizes of searches that sample around a point, in ranges of a gene: bounds, checks, where a search starts."""

from __future__ import annotations

from evornn.errors import check_range

WIDEST = 0.5  # largest standard deviation, in ranges
NARROWEST = 1e-12  # and the smallest: below it, samples and mean would no longer differ
STARTS = ("sample", "centre")


def checked_sigma(sigma: float, floor: float | None = None) -> tuple[float, float]:
    """A first step size and its floor as fractions of the range, or an EvornnError."""
    first: float = check_range("sigma", sigma, NARROWEST, WIDEST)
    least: float = NARROWEST
    if floor is not None and check_range("sigma_floor", floor, 0.0, first) > 0.0:
        least = check_range("sigma_floor", floor, NARROWEST, first)
    return first, least
