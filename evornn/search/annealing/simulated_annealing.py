"""Simulated annealing (Kirkpatrick, Gelatt & Vecchi 1983): a population of independent chains, evaluated as one batch.

Each chain holds a genome x of fitness f. A proposal x' of fitness f' replaces it by Metropolis' rule,

    with certainty if f' >= f, else with probability exp((f' - f) / T),   T = t(step) * unit.

t(step) is the schedule's temperature, a pure number. The unit is what makes it one: the scale of the fitness is not
known beforehand and changes by orders of magnitude during a run, so the unit is the running mean of |f' - f| over the
chains' recent proposals (at first, the standard deviation of the initial fitness). At t = 1 a typical loss is thus
accepted with probability 1/e, at t = 0.01 practically never. `normalise=False` sets the unit to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from evornn.options import choice, flag, number, whole
from evornn.search.core.memory import MemoryModel
from evornn.search.core.operators import MUTATE, hits, mutate_marked, reflected
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.search import WIDEST_STEP

LARGEST = 1e150  # change of fitness that enters the unit: squares and sums of such are finite
MEMORY = 0.9  # share of the unit that stays from one generation to the next


def _exponential(start: float, end: float, progress: float, step: int) -> float:
    return start * (end / start) ** progress


def _linear(start: float, end: float, progress: float, step: int) -> float:
    return start + (end - start) * progress


def _logarithmic(start: float, end: float, progress: float, step: int) -> float:
    return start / math.log2(2.0 + step)


def _constant(start: float, end: float, progress: float, step: int) -> float:
    return start


SCHEDULES: dict[str, Callable[[float, float, float, int], float]] = {
    "exponential": _exponential,  # Kirkpatrick et al. 1983: a constant factor a step
    "linear": _linear,
    "logarithmic": _logarithmic,  # Geman & Geman 1984: T0 / log2(2 + step)
    "constant": _constant,
}
PROPOSALS = ("gaussian", "cauchy")


class SimulatedAnnealing(RestartingSearch):
    """Simulated annealing: independent chains with Metropolis acceptance, evaluated as one batch.

    `population` counts the chains. The temperature goes from `temperature` towards `final_temperature` in `steps`
    generations, then starts again or stays; "logarithmic" ignores the final one. Temperatures are in units of the
    typical change of fitness, or of fitness itself with `normalise=False`.

    A proposal changes each gene with probability `rate`, one gene at least; what leaves the bounds is reflected:
    proposals stay symmetric. After `restart_after` generations in which the best fitness did not rise by a hundredth of
    all it had gained (0: never) all chains are drawn anew; `restarts` counts them.
    """

    population = 16
    schedule: str = choice("of the temperature", SCHEDULES, default="exponential")
    hottest: float = number("first temperature", default=0.2, low=0, open_low=True, alias="temperature")
    coldest: float = number(
        "last temperature", default=0.01, low=0, high="hottest", open_low=True, alias="final_temperature"
    )
    steps: int = whole("generations of a schedule", default=500, low=1)
    reanneal: bool = flag("the schedule starts again at its end", default=True)
    normalise: bool = flag("temperatures in units of the typical change of fitness", default=True)
    proposal: str = choice("step that is added to a gene", PROPOSALS, default="cauchy")
    sigma: float = number(
        "size of a step, as a fraction of the gene's range", default=0.03, low=0, high=WIDEST_STEP, open_low=True
    )
    rate: float = number("chance that a gene is changed", default=0.3, low=0, high=1)
    return_after: int = whole(
        "generations without a better own best until a chain goes back there; 0: never", default=0, low=0
    )
    MEMORY_MODEL = MemoryModel(genomes=7)
    _OWN = ("_genome", "_fitness_held", "_best_genome", "_best_fitness", "_since", "_unit", "_step")
    _STATE = (*RestartingSearch._STATE, *_OWN)

    def derive(self) -> None:
        """All chains are to be drawn."""
        super().derive()
        self.hottest, self.coldest = float(self.hottest), float(self.coldest)
        self._widths = self.sigma * (self.upper - self.lower)  # [D]
        self._genome: np.ndarray | None = None  # [P, D] what each chain holds; None: all are drawn anew
        self._fitness_held = np.empty(0)  # [P]
        self._best_genome = np.empty((0, self.dimension))  # [P, D] each chain's best
        self._best_fitness = np.empty(0)  # [P]
        self._since = np.empty(0, dtype=np.int64)  # [P] generations since each chain bettered it
        self._unit = 0.0  # scale of fitness changes; 0 while unknown
        self._step = 0  # generations since the schedule began

    @property
    def temperature(self) -> float:
        """The schedule's present temperature, a pure number."""
        step = self._step % self.steps if self.reanneal else min(self._step, self.steps)
        return SCHEDULES[self.schedule](self.hottest, self.coldest, step / self.steps, step)

    def _temperatures(self) -> np.ndarray:
        """The chains' temperatures [P], pure numbers."""
        return np.full(self.population, self.temperature)

    def _heat(self) -> np.ndarray:
        """The same in units of fitness."""
        return np.maximum(self._temperatures() * (self._unit if self.normalise else 1.0), 1e-300)

    def _generate(self) -> np.ndarray:
        if self._genome is None:
            return self._sample(self.population)
        count, dimension = self._genome.shape
        hit = hits(self.rng, (count, dimension), self.rate)
        hit[np.arange(count), self.rng.integers(dimension, size=count)] = True
        step = MUTATE[self.proposal]
        proposals = mutate_marked(self.rng, self._genome.copy(), hit, step, sigma=self._widths)
        return reflected(proposals, self.lower, self.upper)

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        if self._genome is None:
            self._begin(genomes, fitness)
        else:
            self._metropolis(self._genome, genomes, fitness)
            self._step += 1
        if self._stuck(fitness):
            self._genome, self._step, self._unit = None, 0, 0.0

    def _begin(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        self._genome, self._fitness_held = genomes.copy(), fitness.copy()
        self._best_genome, self._best_fitness = genomes.copy(), fitness.copy()
        self._since = np.zeros(len(genomes), dtype=np.int64)
        finite = fitness[np.isfinite(fitness)]
        self._unit = float(np.std(np.clip(finite, -LARGEST, LARGEST))) if finite.size else 0.0

    def _metropolis(self, held: np.ndarray, genomes: np.ndarray, fitness: np.ndarray) -> None:
        both = np.isfinite(fitness) & np.isfinite(self._fitness_held)
        change = np.zeros(len(fitness))
        with np.errstate(over="ignore"):
            np.subtract(fitness, self._fitness_held, out=change, where=both)
        change[~both] = np.where(fitness >= self._fitness_held, np.inf, -np.inf)[~both]
        if both.any():
            recent = float(np.mean(np.minimum(np.abs(change[both]), LARGEST)))
            self._unit = MEMORY * self._unit + (1.0 - MEMORY) * recent if self._unit else recent
        with np.errstate(over="ignore"):
            chance = np.exp(np.minimum(change / self._heat(), 0.0))
        accepted = self.rng.random(len(fitness)) < chance
        held[accepted], self._fitness_held[accepted] = genomes[accepted], fitness[accepted]
        better = fitness > self._best_fitness
        self._best_genome[better], self._best_fitness[better] = genomes[better], fitness[better]
        self._since = np.where(better, 0, self._since + 1)
        if self.return_after:
            lost = self._since >= self.return_after
            held[lost], self._fitness_held[lost] = self._best_genome[lost], self._best_fitness[lost]
            self._since[lost] = 0
