"""Conventional neuroevolution: a genetic algorithm over real-valued weights, on DEAP's operators or whole arrays.

The classic encoding: one gene a weight, one chromosome a network. A generation keeps the `elites` best unchanged; the
others are children of selected parents, which are mated in pairs with probability `crossover`; then each child is
mutated with probability `mutation`, each of its genes with probability `mutation_rate`. Whatever leaves the bounds is
set on them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_flag, check_range, nearest, shown
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.search import WIDEST_STEP, SpaceLike
from evornn.search.evolution.breeding import OWN, ArrayBreeder, Pool, Rates

BARREN = 100  # generations that bring nothing new before a random immigrant is called in

Named = str | Callable[..., Any]


class GeneticAlgorithm(RestartingSearch):
    """Genetic algorithm on real-valued weights (conventional neuroevolution), with DEAP's or array-at-once operators.

    `population` >= 2 networks, of which the `elites` best (fewer than population; default a tenth) live on unchanged.
    An individual that did not change keeps its fitness and is not asked again, so `ask()` may return fewer than
    `population` genomes; `reevaluate=True` asks all of them anew (for tasks whose episodes change) and counts them.

    `select`, `mate`, `mutate` name the operators. Array-at-once ones: select "tournament" (tournsize), "roulette",
    "universal", "rank" (pressure), "truncation" (share); mate "blend" (alpha), "uniform" (indpb), "one_point",
    "two_point", "sbx" (eta), "sbx_bounded" (eta); mutate "gaussian", "cauchy", "polynomial" (eta), "reset". Or any
    operator of `deap.tools` ("selTournament", "cxBlend", "mutGaussian", ...), a name registered in the DEAP `toolbox`,
    "package.module:function", or a callable with DEAP's signature; then the generation is bred by DEAP's own loop.
    Further keywords are options of these operators; `select_options`, `mate_options`, `mutate_options` reach one alone.

    `crossover` (0 to 1) is the chance that a pair is mated, `mutation` (0 to 1) that a child is mutated and
    `mutation_rate` (0 to 1) that a gene of it is; `sigma` (> 0) is the mutation's step as a fraction of each weight's
    range. After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained
    (0: never) the whole population is drawn anew; `restarts` counts them and `best` is kept.

    The defaults are those that solved the double pole without velocities in the fewest evaluations.
    """

    MIN_POPULATION = 2
    _STATE = (
        *RestartingSearch._STATE, "_pool", "_pool_fitness", "_strategy", "_kept", "_kept_fitness", "_open_strategy",
    )  # fmt: skip

    def __init__(
        self,
        space: SpaceLike,
        population: int = 100,
        seed: int = 0,
        *,
        elites: int | None = None,
        select: Named = "truncation",
        mate: Named = "uniform",
        mutate: Named = "cauchy",
        crossover: float = 0.75,
        mutation: float = 1.0,
        mutation_rate: float = 0.3,
        sigma: float = 0.03,
        restart_after: int = 40,
        reevaluate: bool = False,
        toolbox: Any = None,
        **options: Any,
    ) -> None:
        names = {"select": select, "mate": mate, "mutate": mutate}
        super().__init__(
            space, population=population, seed=seed, elites=elites, **names, crossover=crossover, mutation=mutation,
            mutation_rate=mutation_rate, sigma=sigma, restart_after=restart_after, reevaluate=reevaluate, **options,
        )  # fmt: skip
        tenth = max(1, self.population // 10)
        self.elites: int = check_range(
            "elites", tenth if elites is None else elites, 0, self.population - 1, integer=True
        )
        self.reevaluate = check_flag("reevaluate", reevaluate)
        rates = Rates(
            check_range("crossover", crossover, 0.0, 1.0),
            check_range("mutation", mutation, 0.0, 1.0),
            check_range("mutation_rate", mutation_rate, 0.0, 1.0),
            check_range("sigma", sigma, 0.0, WIDEST_STEP, open_low=True) * (self.upper - self.lower),
            self.lower,
            self.upper,
        )
        self._breeder = _breeder(names, options, rates, toolbox)
        self._sigma = rates.sigma
        self._pool: np.ndarray | None = None  # evaluated individuals [P, D]; None: the next generation is drawn anew
        self._pool_fitness: np.ndarray | None = None
        self._strategy: np.ndarray | None = None
        self._kept = np.empty((0, self.dimension))  # members of the open generation that keep their fitness
        self._kept_fitness = np.empty(0)
        self._open_strategy: np.ndarray | None = None

    def _generate(self) -> np.ndarray:
        if self._pool is None or self._pool_fitness is None:
            self._kept, self._kept_fitness = np.empty((0, self.dimension)), np.empty(0)
            self._open_strategy = np.tile(self._sigma, (self.population, 1)) if self._breeder.strategic else None
            return self._sample(self.population)
        pool = Pool(self._pool, self._pool_fitness, self._strategy)
        elites = np.argsort(-pool.fitness, kind="stable")[: self.elites]
        children, new = self._children(pool)
        if self.reevaluate:
            new[:] = True
        keep = elites[:0] if self.reevaluate else elites
        self._kept = np.concatenate((pool.genomes[keep], children.genomes[~new]))
        self._kept_fitness = np.concatenate((pool.fitness[keep], children.fitness[~new]))
        if pool.strategy is not None and children.strategy is not None:
            steps = (pool.strategy[elites], children.strategy[~new], children.strategy[new])
            self._open_strategy = np.concatenate(steps)
        asked = children.genomes[new]
        return np.concatenate((pool.genomes[elites], asked)) if self.reevaluate else asked

    @property
    def memory(self) -> int:
        """Bytes: those that the breeder takes."""
        return self._breeder.footprint.bytes(self.population, self.dimension)

    def _children(self, pool: Pool) -> tuple[Pool, np.ndarray]:
        """Children of `pool` and which of them are new; at least one is."""
        count = self.population - self.elites
        for _ in range(BARREN):
            children, parents = self._breeder.breed(self.rng, pool, count)
            if (parents < 0).any():
                return children, parents < 0
        children.genomes[0] = self._sample(1)[0]
        return children, np.arange(count) == 0

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        self._pool = np.concatenate((self._kept, genomes))
        self._pool_fitness = np.concatenate((self._kept_fitness, fitness))
        self._strategy = self._open_strategy
        if self._stuck(self._pool_fitness):
            self._pool = self._pool_fitness = self._strategy = None


def _breeder(names: dict[str, Any], options: dict[str, Any], rates: Rates, toolbox: Any) -> Any:
    """The array breeder where all three operators are its own, else DEAP's loop."""
    for kind, name in names.items():
        if not (isinstance(name, str) or callable(name)):
            raise EvornnError(f"{kind} is {shown(name)}; it must be a function or a name; {nearest('', OWN[kind])}")
    for name in ("select_options", "mate_options", "mutate_options"):
        if not isinstance(options.get(name, {}), dict):
            raise EvornnError(f"{name} is {shown(options[name])}; it must be a mapping of option to value")
    if all(isinstance(names[kind], str) and names[kind] in OWN[kind] for kind in OWN):
        return ArrayBreeder(names, options, rates)
    from evornn.search.evolution.deap_breeding import DeapBreeder

    return DeapBreeder(names, options, rates, toolbox)
