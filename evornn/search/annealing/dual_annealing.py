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

from evornn.errors import check_flag, check_range
from evornn.search.core.inversion import Inverted, close_all
from evornn.search.core.memory import Footprint
from evornn.search.core.search import Search, SpaceLike

WORST = 1e100  # cost of a failed genome: SciPy raises on NaN, and on infinity at its start
FOREVER = 10**15  # iterations and calls


class DualAnnealing(Search):
    """SciPy's dual annealing (generalized simulated annealing, optional local search), stepwise, chains in parallel.

    `population` (1 to 1024) independent chains, the first genomes drawn as the networks are. The options are SciPy's,
    in its ranges: `initial_temp` (0.01 to 50,000), `restart_temp_ratio` (0 to 1), `visit` (1 to 3, without the ends),
    `accept` (-10,000 to -5), `no_local_search` (False adds L-BFGS-B, D + 1 evaluations a gradient). SciPy's
    temperatures are in units of cost: `scale` (> 0) multiplies fitness before SciPy sees it.

    `close()` ends the waiting threads (daemons, which also end with the object); a later `ask()` starts them again.
    """

    FOOTPRINT = Footprint(genomes=52, member=24_000)  # SciPy's lists of bounds; threads
    MAX_POPULATION = 1024
    INHERITS = False  # SciPy goes on from its own points
    _STATE = ("_starts",)

    def __init__(
        self, space: SpaceLike, population: int = 1, seed: int = 0, *, initial_temp: float = 5230.0,
        restart_temp_ratio: float = 2e-5, visit: float = 2.62, accept: float = -5.0, no_local_search: bool = True,
        scale: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__(
            space, population=population, seed=seed, initial_temp=initial_temp, restart_temp_ratio=restart_temp_ratio,
            visit=visit, accept=accept, no_local_search=no_local_search, scale=scale,
        )  # fmt: skip
        self._scipy_options = {
            "initial_temp": float(check_range("initial_temp", initial_temp, 0.01, 5e4)),
            "restart_temp_ratio": float(check_range("restart_temp_ratio", restart_temp_ratio, 1e-300, 1.0 - 1e-12)),
            "visit": float(check_range("visit", visit, 1.0 + 1e-9, 3.0 - 1e-9)),
            "accept": float(check_range("accept", accept, -1e4, -5.0)),
            "no_local_search": check_flag("no_local_search", no_local_search),
        }
        self.scale: float = check_range("scale", scale, 0.0, open_low=True)
        self._starts = self._sample(self.population)
        self._told: list[np.ndarray] = []  # cost [P] of each generation
        self._chains: list[Inverted] = []
        self._finalizer = weakref.finalize(self, close_all, self._chains)

    @property
    def memory(self) -> int:
        """Bytes, with what it has been told."""
        return super().memory + self.kept(self.replayed)

    def kept(self, evaluations: int) -> int:
        """Bytes of the log of so many evaluations: a number each, an array each generation."""
        return (8 + 112 // self.population) * evaluations

    @property
    def replayed(self) -> int:
        """All evaluations: each chain is told them again."""
        return len(self._told) * self.population

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
        self._told.append(cost)
        for chain, value in zip(self._chains, cost.tolist(), strict=False):  # none runs yet after loading a state
            chain.answer(value)

    def _start(self) -> None:
        """Start the chains, each told again what it was told."""
        log = np.array(self._told).reshape(-1, self.population)
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
        return {**super()._save(), "told": np.array(self._told).reshape(-1, self.population)}

    def _load(self, own: dict[str, Any]) -> None:
        self.close()
        super()._load(own)
        self._told = list(np.array(own["told"], dtype=np.float64).reshape(-1, self.population))
