"""Yearly sunspot numbers since 1700 (data of statsmodels; benchmark of Weigend, Huberman & Rumelhart 1990).

Their protocol: fit to 1700-1920, then predict each year of 1921-1955 from the true years before it. Their measure, the
average relative variance, is NRMSE^2 with the variance of the whole series; results near .086 (an NRMSE of .29) are
widely quoted.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.errors import EvornnError
from evornn.options import fixed
from evornn.tasks.generated import library
from evornn.tasks.series.base import Series

LARGEST = 200.0  # the number that is scaled to 1


class Sunspots(Series):
    """Sunspots: predict each year's number from the years before, 1700 to 1955 (real data; needs evornn[data]).

    washout, fit: years from 1700 on that do not count, and that are fitted. horizon: years after those that the test
    predicts, each from true values.
    """

    FREE_TEST = False
    SMALL: ClassVar[dict[str, Any]] = {"washout": 3, "fit": 8, "horizon": 4}
    requires = ("statsmodels",)

    washout, fit, horizon, goal = 20, 200, 35, 0.3
    free, sequences, seed, test = fixed(0), fixed(1), fixed(0), fixed(1)

    def values(self, rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
        """The first `steps` years."""
        return first(sunspots() / LARGEST, steps, "years")


def sunspots() -> np.ndarray:
    """The yearly numbers of 1700 to 2008."""
    data = library("statsmodels.datasets.sunspots", "Sunspots").load_pandas().data
    return np.asarray(data["SUNACTIVITY"], dtype=np.float64)


def first(series: np.ndarray, steps: int, unit: str) -> np.ndarray:
    """The first `steps` values as one series [1, steps, 1]; EvornnError if there are not so many."""
    if steps > len(series):
        raise EvornnError(
            f"washout, fit, free and horizon need {steps} {unit}; the data have {len(series)}, so make them shorter"
        )
    return series[None, :steps, None]
