"""SciPy's dual annealing through ask and tell (Tsallis & Stariolo 1996; Xiang et al. 1997).

`scipy.optimize.dual_annealing` calls its function and cannot be stopped, saved or batched. Here each chain runs in a
thread that waits while its genome is evaluated, and `population` independent chains make a batch. SciPy's own limits
are not used (`maxiter=0` hangs, `maxfun` is overrun by thousands): the budget is whatever is asked.

**Resuming.** A chain is restored by replay: its SciPy run starts again from the same seed and is told the same fitness,
which costs SciPy's own arithmetic, about 30 microseconds an evaluation at D = 50, and no evaluation. The state
therefore holds every fitness told: 8 bytes each.
"""

from __future__ import annotations

import inspect
import weakref
from typing import Any

import numpy as np

from evornn.options import flag, number
from evornn.search.core.inversion import Inverted, close_all
from evornn.search.core.memory import MemoryModel
from evornn.search.core.search import Search

WORST = 1e100  # cost of a failed genome: SciPy raises on NaN, and on infinity at its start
FOREVER = 10**15  # iterations and calls


class DualAnnealing(Search):
    """SciPy's dual annealing (generalized simulated annealing, optional local search), stepwise, chains in parallel.

    `population` counts the chains; the first genomes are drawn as the networks are. The options are SciPy's, in its
    ranges, but for `scale`: SciPy's temperatures are in units of cost. `no_local_search=False` adds L-BFGS-B, D + 1
    evaluations a gradient.

    `close()` ends the waiting threads (daemons, which also end with the object); a later `ask()` starts them again.
    """

    population = 1
    initial_temp: float = number("first temperature", default=5230.0, low=0.01, high=5e4)
    restart_temp_ratio: float = number(
        "of the first temperature, at which it starts again", default=2e-5, low=1e-300, high=1.0 - 1e-12
    )
    visit: float = number("q of the visiting distribution", default=2.62, low=1.0 + 1e-9, high=3.0 - 1e-9)
    accept: float = number("q of acceptance", default=-5.0, low=-1e4, high=-5.0)
    no_local_search: bool = flag("without SciPy's local search", default=True)
    scale: float = number("what multiplies fitness before SciPy sees it", default=1.0, low=0, open_low=True)
    MEMORY_MODEL = MemoryModel(genomes=52, member=24_000)  # SciPy's lists of bounds; threads
    MAX_POPULATION = 1024
    REPLACES = False  # SciPy goes on from its own points
    _STATE = ("_starts",)

    def derive(self) -> None:
        """Draw where the chains start; they start when they are asked."""
        super().derive()
        names = ("initial_temp", "restart_temp_ratio", "visit", "accept")
        self._scipy_options: dict[str, Any] = {name: float(getattr(self, name)) for name in names}
        self._scipy_options["no_local_search"] = self.no_local_search
        self._starts = self._sample(self.population)
        self._history: list[np.ndarray] = []  # cost [P] of each generation
        self._chains: list[Inverted] = []
        self._finalizer = weakref.finalize(self, close_all, self._chains)

    @property
    def memory(self) -> int:
        """Bytes, with what it has been told."""
        return super().memory + self.replay_memory(self.replayed)

    def replay_memory(self, evaluations: int) -> int:
        """Bytes of the log of so many evaluations: a number each, an array each generation."""
        return (8 + 112 // self.population) * evaluations

    @property
    def replayed(self) -> int:
        """All evaluations: each chain is told them again."""
        return len(self._history) * self.population

    def close(self) -> None:
        """End the threads of the chains."""
        close_all(self._chains)

    def _generate(self) -> np.ndarray:
        try:
            if not all(chain.here for chain in self._chains):
                self._chains.clear()
            if not self._chains:
                self._start()
            points = np.array([chain.point() for chain in self._chains])
        except BaseException:  # interrupted: some points are taken, others not; a later ask() starts from the log
            self.close()
            raise
        return np.clip(points, self.lower, self.upper)

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        cost = np.clip(-self.scale * fitness, -WORST, WORST)
        self._history.append(cost)
        for chain, value in zip(self._chains, cost.tolist(), strict=False):  # none runs yet after loading a state
            chain.answer(value)

    def _start(self) -> None:
        """Start the chains, each told again what it was told."""
        log = np.array(self._history).reshape(-1, self.population)
        for i in range(self.population):
            self._chains.append(Inverted(self._annealer(i), log[:, i].tolist()))

    def _annealer(self, chain: int) -> Any:
        """SciPy's run of one chain, without any reference to this object."""
        options: dict[str, Any] = {**self._scipy_options, "maxiter": FOREVER, "maxfun": FOREVER}
        bounds, start, seed = list(zip(self.lower, self.upper, strict=True)), self._starts[chain], (self.seed, chain)

        from scipy.optimize import dual_annealing  # in the caller's thread: a fork meets no half import

        def anneal(function: Any) -> None:
            name = "rng" if "rng" in inspect.signature(dual_annealing).parameters else "seed"  # SciPy < 1.15
            dual_annealing(function, bounds, x0=start, **{name: np.random.default_rng(seed)}, **options)

        return anneal

    def _save(self) -> dict[str, Any]:
        return {**super()._save(), "told": np.array(self._history).reshape(-1, self.population)}

    def _load(self, own: dict[str, Any]) -> None:
        self.close()
        super()._load(own)
        self._history = list(np.array(own["told"], dtype=np.float64).reshape(-1, self.population))
