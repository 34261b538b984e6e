"""Carbon dioxide in the air of Mauna Loa, 1958-2001 (Keeling & Whorf; data of statsmodels): the change each month.

Weekly values are averaged by months, the five empty months filled in linearly, and differences taken, so that the rise
of the series does not leave the range of the fit; one unit is 2.5 ppm a month.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed
from evornn.tasks.generated import library
from evornn.tasks.series.base import Series
from evornn.tasks.series.sunspots import first

UNIT = 2.5  # ppm a month


class CO2(Series):
    """CO2 at Mauna Loa: predict the monthly change, then run free for the 1990s (real data; needs evornn[data]).

    washout, fit, free, horizon: months from April 1958 on, as for `Series`. Repeating the mean year of the ten before
    gives an NRMSE of 0.26.
    """

    SMALL: ClassVar[dict[str, Any]] = {**Series.SMALL, "fit": 6}
    requires = ("statsmodels",)

    washout, fit, horizon, goal = 24, 360, 120, 0.25
    sequences, seed, test = fixed(1), fixed(0), fixed(1)

    def values(self, rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
        """The first `steps` monthly changes."""
        return first(monthly_changes() / UNIT, steps, "months")


def monthly_changes() -> np.ndarray:
    """Differences of monthly means in ppm, from April 1958 less March 1958 on."""
    weekly = library("statsmodels.datasets.co2", "CO2").load_pandas().data["co2"]
    monthly = weekly.groupby([weekly.index.year, weekly.index.month]).mean().to_numpy(dtype=np.float64)
    known = np.isfinite(monthly)
    months = np.arange(len(monthly))
    return np.diff(np.interp(months, months[known], monthly[known]))
