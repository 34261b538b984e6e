"""Multiple superimposed oscillators (Jaeger; Schmidhuber, Wierstra, Gagliolo & Gomez 2007): y(t) = sum_k sin(f_k t).

Frequencies .2 .311 .42 .51 .63 .74 .85 .97 (five components: .2 .311 .42 .51 .74). Washout 0-99, fit 100-399, free run
400-699. NRMSE of that free run, widely quoted: Evolino 4.15e-3 / 8.04e-3 / .110 / .166 for 2 / 3 / 4 / 5 components;
balanced echo states 1.06e-6 / 2.73e-4 for 5 / 8 (Koryakin, Lohmann & Butz 2012).
"""

from __future__ import annotations

import numpy as np

from evornn.options import fixed, whole
from evornn.tasks.series.base import Series

FREQUENCIES = (0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97)
FIVE = (0.2, 0.311, 0.42, 0.51, 0.74)


class MSO(Series):
    """Superimposed oscillators: predict a sum of 2 to 8 sines of incommensurate frequencies, then run free.

    The series is divided by the number of sines, so that it stays within +-1; NRMSE does not see it. With fit=0 and
    free=300 the fitness is the error of a free run, as in Evolino. Further options as for `Series`.
    """

    components: int = whole("sines", default=2, low=2, high=len(FREQUENCIES))
    washout, fit, horizon = 100, 300, 300
    sequences, seed, test = fixed(1), fixed(0), fixed(1)

    @property
    def frequencies(self) -> tuple[float, ...]:
        """In radians a step."""
        return FIVE if self.components == 5 else FREQUENCIES[: self.components]

    def values(self, rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
        """The one series, from t = 0."""
        t = np.arange(steps)
        return np.mean([np.sin(f * t) for f in self.frequencies], axis=0)[None, :, None]
