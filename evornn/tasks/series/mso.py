"""Multiple superimposed oscillators (Jaeger; Schmidhuber, Wierstra, Gagliolo & Gomez 2007): y(t) = sum_k sin(f_k t).

Frequencies .2 .311 .42 .51 .63 .74 .85 .97 (five components: .2 .311 .42 .51 .74). Washout 0-99, fit 100-399, free run
400-699. NRMSE of that free run, widely quoted: Evolino 4.15e-3 / 8.04e-3 / .110 / .166 for 2 / 3 / 4 / 5 components;
balanced echo states 1.06e-6 / 2.73e-4 for 5 / 8 (Koryakin, Lohmann & Butz 2012).
"""

from __future__ import annotations

import numpy as np

from evornn.errors import check_range
from evornn.tasks.series.base import Series

FREQUENCIES = (0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97)
FIVE = (0.2, 0.311, 0.42, 0.51, 0.74)


class MSO(Series):
    """Superimposed oscillators: predict a sum of 2 to 8 sines of incommensurate frequencies, then run free.

    components: how many. The series is divided by their number, so that it stays within +-1; NRMSE does not see it.
    goal: NRMSE of the free run that counts as solved. Options washout, fit, free, horizon as for `Series`; with fit=0
    and free=300 the fitness is the error of a free run, as in Evolino.
    """

    def __init__(
        self, components: int = 2, washout: int = 100, fit: int = 300, free: int = 0, horizon: int = 300,
        goal: float = 0.1,
    ) -> None:  # fmt: skip
        self.components = check_range("components", components, 2, len(FREQUENCIES), integer=True)
        super().__init__(washout, fit, free, horizon, sequences=1, seed=0, test=1, goal=goal)

    @property
    def frequencies(self) -> tuple[float, ...]:
        """In radians a step."""
        return FIVE if self.components == 5 else FREQUENCIES[: self.components]

    def values(self, rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
        """The one series, from t = 0."""
        t = np.arange(steps)
        return np.mean([np.sin(f * t) for f in self.frequencies], axis=0)[None, :, None]
