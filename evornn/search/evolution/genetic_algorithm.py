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

from evornn.errors import EvornnError, check_range, nearest, shown
from evornn.options import flag, number, other, rest
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.search import WIDEST_STEP
from evornn.search.evolution.breeding import OWN, ArrayBreeder, Pool, Rates

BARREN = 100  # generations that bring nothing new before a random immigrant is called in

Named = str | Callable[..., Any]


class GeneticAlgorithm(RestartingSearch):
    """Genetic algorithm on real-valued weights (conventional neuroevolution), with DEAP's or array-at-once operators.

    `population` counts networks, of which the `elites` best (fewer than population; default a tenth) live on unchanged.
    An individual that did not change keeps its fitness and is not asked again, so `ask()` may return fewer than
    `population` genomes; `reevaluate=True` asks all of them anew (for tasks whose episodes change) and counts them.

    `select`, `mate`, `mutate` name the operators. Array-at-once ones: select "tournament" (tournsize), "roulette",
    "universal", "rank" (pressure), "truncation" (share); mate "blend" (alpha), "uniform" (indpb), "one_point",
    "two_point", "sbx" (eta), "sbx_bounded" (eta); mutate "gaussian", "cauchy", "polynomial" (eta), "reset". Or any
    operator of `deap.tools` ("selTournament", "cxBlend", "mutGaussian", ...), a name registered in the DEAP `toolbox`,
    "package.module:function", or a callable with DEAP's signature; then the generation is bred by DEAP's own loop.
    Further keywords are options of these operators; `select_options`, `mate_options`, `mutate_options` reach one alone.

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained
    (0: never) the whole population is drawn anew; `restarts` counts them and `best` is kept.

    The defaults are those that solved the double pole without velocities in the fewest evaluations.
    """

    elites: Any = other("the best, which live on; None: a tenth", default=None, allowed=">= 0, < population")
    select: Named = other("operator that selects parents", default="truncation")
    mate: Named = other("operator of crossover", default="uniform")
    mutate: Named = other("operator of mutation", default="cauchy")
    crossover: float = number("chance that a pair is mated", default=0.75, low=0, high=1)
    mutation: float = number("chance that a child is mutated", default=1.0, low=0, high=1)
    mutation_rate: float = number("chance that a gene of such a child is", default=0.3, low=0, high=1)
    sigma: float = number(
        "step of a mutation, as a fraction of the weight's range", default=0.03, low=0, high=WIDEST_STEP, open_low=True
    )
    restart_after = 40
    reevaluate: bool = flag("ask those that did not change anew", default=False)
    toolbox: Any = other("DEAP's, with operators of one's own", default=None)
    operator_options: Any = rest("of the three operators", alias="options")
    MIN_POPULATION = 2
    _OWN = ("_pool", "_pool_fitness", "_strategy", "_kept", "_kept_fitness", "_open_strategy")
    _STATE = (*RestartingSearch._STATE, *_OWN)

    def derive(self) -> None:
        """Find the operators; no individuals yet."""
        super().derive()
        del self.options["toolbox"]
        tenth, most = max(1, self.population // 10), self.population - 1
        self.elites = check_range("elites", tenth if self.elites is None else self.elites, 0, most, integer=True)
        sigma = self.sigma * (self.upper - self.lower)
        rates = Rates(self.crossover, self.mutation, self.mutation_rate, sigma, self.lower, self.upper)
        names = {"select": self.select, "mate": self.mate, "mutate": self.mutate}
        self._breeder = _breeder(names, self.operator_options, rates, self.toolbox)
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
        return self._breeder.memory_model.bytes(self.population, self.dimension)

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
