"""SciPy's L-BFGS-B through ask and tell (Byrd, Lu, Nocedal & Zhu 1995; Zhu et al. 1997), one minimiser a learner.

Each runs in a thread that waits while its genome is evaluated. One that has converged, or whose line search fails,
starts again from a fresh draw. A trial that fails (NaN or infinite fitness or gradient) is told as worse than all
before it and flat, so that the line search backs off; where the first point of a start fails, another is drawn.

**Resuming.** SciPy's state cannot be saved: a minimiser is started again and told what it was told since its start, so
the state holds D + 1 numbers for each of these evaluations. `iterations` bounds them.

SciPy's matrices are tiny. On a busy machine the threads of its linear algebra library wait for each other for longer
than they compute: with OPENBLAS_NUM_THREADS=1 a step took a tenth of the time.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from evornn.options import number, whole
from evornn.search.core.inversion import Ended, Inverted, close_all
from evornn.search.core.memory import MemoryModel
from evornn.training.trainer import Trainer


class LBFGS(Trainer):
    """SciPy's L-BFGS-B, quasi-Newton steps inside the bounds on all episodes, restarted when converged (Byrd 1995).

    `population` counts independent learners. A start ends when the fitness rises by less than the share `ftol` in an
    iteration, when no component of the projected gradient exceeds `gtol`, or after `iterations`. `restarts` counts
    fresh draws.

    `close()` ends the waiting threads (daemons, which also end with the object); a later `ask()` starts them again.
    """

    population = 16
    pairs: int = whole("pairs of steps and gradient changes kept", default=10, low=1, high=10_000, alias="memory")
    ftol: float = number("least rise in an iteration, as a share", default=2.2e-9, low=0)
    gtol: float = number("least component of the gradient", default=1e-5, low=0)
    iterations: int = whole("of a start, at most", default=1000, low=1)
    MEMORY_MODEL = MemoryModel(genomes=60, member=32_000)  # SciPy's lists of bounds; threads
    MAX_POPULATION = 1024
    _STATE = (*Trainer._STATE, "_number")

    def derive(self) -> None:
        """Learners are still to be drawn."""
        super().derive()
        limits = {"maxcor": self.pairs, "maxiter": self.iterations, "maxfun": 10**9}
        self._scipy_options = {**limits, "ftol": self.ftol, "gtol": self.gtol}
        self._number = np.zeros(self.population, dtype=np.int64)  # [P] starts before the present one
        self._history: list[list[np.ndarray]] = [[] for _ in range(self.population)]  # cost and its gradient [1 + D]
        self._running: dict[int, Inverted] = {}
        self._finalizer = weakref.finalize(self, _close, self._running)

    @property
    def memory(self) -> int:
        """Bytes, with the pairs of steps and gradients that SciPy remembers, and what was told since the starts."""
        pairs = 16 * self.pairs * self.population * self.dimension
        return super().memory + pairs + self.replay_memory(self.replayed)

    def replay_memory(self, evaluations: int) -> int:
        """Bytes of the log of so many evaluations, a gradient each; starts have `iterations` of two of them at most,
        where line searches go well.
        """
        most = 2 * self.iterations * self.population
        return (8 * (self.dimension + 1) + 120) * min(evaluations, most)

    @property
    def replayed(self) -> int:
        """Evaluations since the last starts."""
        return sum(map(len, self._history))

    @property
    def restarts(self) -> int:
        """Fresh draws after the first ones."""
        return int(self._number.sum())

    def close(self) -> None:
        """End the threads of the learners."""
        _close(self._running)

    def _generate(self) -> np.ndarray:
        try:
            points = np.array([self._point(learner) for learner in range(self.population)])
        except BaseException:  # interrupted: some points are taken, others not; a later ask() starts from the log
            self.close()
            raise
        return np.clip(points, self.lower, self.upper)

    def _point(self, learner: int) -> np.ndarray:
        """What a learner wants evaluated next; a fresh draw if it has ended."""
        if learner not in self._running or not self._running[learner].here:
            self._running[learner] = Inverted(self._minimiser(learner), list(map(_value, self._history[learner])))
        try:
            return self._running[learner].point()
        except Ended:
            self._renew(learner)
            return self._point(learner)

    def _renew(self, learner: int) -> None:
        if learner in self._running:
            self._running.pop(learner).close()
        self._number[learner] += 1
        self._history[learner] = []

    def _minimiser(self, learner: int) -> Callable[[Any], None]:
        """SciPy's run of one start, without any reference to this object."""
        rng = np.random.default_rng((self.seed, learner, int(self._number[learner])))
        start = np.clip(self.space.sample(rng, 1)[0], self.lower, self.upper)
        bounds, options = list(zip(self.lower, self.upper, strict=True)), self._scipy_options

        from scipy.optimize import minimize  # in the caller's thread: a fork meets no half import

        def minimise(function: Any) -> None:
            minimize(function, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)

        return minimise

    def _learn(self, genomes: np.ndarray, fitness: np.ndarray, gradients: np.ndarray | None) -> None:
        assert gradients is not None
        rows = np.column_stack((-fitness, -gradients))
        for learner, row in enumerate(rows):
            history = self._history[learner]
            if not np.isfinite(row).all():
                if not history:
                    self._renew(learner)
                    continue
                worst = max(before[0] for before in history)
                row = np.append(worst + max(1.0, abs(worst)), np.zeros(self.dimension))
            history.append(row)
            if learner in self._running:  # none runs yet after loading a state
                self._running[learner].answer(_value(row))

    def _save(self) -> dict[str, Any]:
        rows = [row for history in self._history for row in history]
        counts = np.array([len(history) for history in self._history])
        return {**super()._save(), "told": np.array(rows).reshape(-1, 1 + self.dimension), "told_counts": counts}

    def _load(self, own: dict[str, Any]) -> None:
        self.close()
        super()._load(own)
        ends = np.cumsum(own["told_counts"])[:-1]
        self._history = [list(rows) for rows in np.split(np.array(own["told"], dtype=np.float64), ends)]


def _value(row: np.ndarray) -> tuple[float, np.ndarray]:
    return float(row[0]), row[1:].copy()


def _close(running: dict[int, Inverted]) -> None:
    close_all(list(running.values()))
    running.clear()
