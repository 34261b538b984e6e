"""A generation bred in DEAP's way, one individual after another, with any DEAP operator or callable."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from evornn.errors import EvornnError, nearest, shown
from evornn.search.core import operators
from evornn.search.core.memory import MemoryModel
from evornn.search.core.streams import own_stream, seeded_globals
from evornn.search.evolution.breeding import OWN, Pool, Rates, bind, label

PREFIX = {"select": "sel", "mate": "cx", "mutate": "mut"}
LEADING = {"select": 2, "mate": 2, "mutate": 1}  # arguments of a DEAP operator before its options


class DeapBreeder:
    """DEAP's own loop, `deap.algorithms.varAnd` over a toolbox, with any DEAP operator or callable.

    Individuals are lists (slices of arrays would alias), with `.fitness` on `deap.base.Fitness` and, for the operators
    of evolution strategies, `.strategy`. What they draw comes from streams seeded from ours.
    """

    def __init__(self, names: Mapping[str, Any], options: Mapping[str, Any], rates: Rates, toolbox: Any = None) -> None:
        from deap import base

        self.rates, self.names = rates, names
        self.rng = np.random.default_rng(0)  # replaced while breeding: array operators in DEAP's clothes draw from it
        context = {
            "sigma": rates.sigma.tolist(),
            "mu": 0.0,
            "low": rates.low.tolist(),
            "up": rates.up.tolist(),
            **_DEAP_DEFAULTS,
        }
        chosen = {kind: self._find(kind, names[kind], toolbox) for kind in OWN}
        self.foreign = not all(_known(function) for function in chosen.values())  # draws from who knows where
        per_kind = {"mutate": {"indpb": rates.gene}, "mate": {"indpb": 0.5}}
        bound = bind(chosen, names, options, context, per_kind, LEADING)
        self.toolbox = base.Toolbox()
        for kind, function in bound.items():
            self.toolbox.register(kind, function)
        self.toolbox.register("clone", _clone)
        self.positive = names["select"] in ("selRoulette", "selStochasticUniversalSampling")
        self.memory_model = MemoryModel(genomes=16.0, member=2000)  # an object each gene, several each individual
        self.strategic = any("ES" in getattr(function, "__name__", "") for function in chosen.values())
        if self.strategic:
            self.memory_model = MemoryModel(genomes=27.0, member=2000)

    def _find(self, kind: str, name: Any, toolbox: Any) -> Callable[..., Any]:
        if callable(name):
            return name
        if name in OWN[kind]:
            return self._individually(kind, OWN[kind][name])
        if toolbox is not None and hasattr(toolbox, name):
            return getattr(toolbox, name)
        from deap import tools

        if name.startswith(PREFIX[kind]) and hasattr(tools, name):
            return getattr(tools, name)
        if ":" in name:
            return _imported(kind, name)
        valid = [*OWN[kind], *deap_names(kind), *(getattr(toolbox, "__dict__", {}))]
        raise EvornnError(
            f"{kind} is {shown(name)}; {nearest(name, valid)} (or 'package.module:function', or a callable)"
        )

    def _individually(self, kind: str, operator: Callable[..., Any]) -> Callable[..., Any]:
        """An array operator as one over individuals; its signature keeps its options."""

        def bound(options: dict[str, Any]) -> Callable[..., Any]:
            arrays = {name: np.array(value) if isinstance(value, list) else value for name, value in options.items()}
            return functools.partial(operator, self.rng, **arrays)

        def select(individuals: list, k: int, **options: Any) -> list:
            fitness = np.array([individual.fitness.wvalues[0] for individual in individuals])
            return [individuals[i] for i in bound(options)(fitness, k)]

        def mate(one: list, two: list, **options: Any) -> tuple[list, list]:
            first, second = bound(options)(np.array([one]), np.array([two]))
            one[:], two[:] = first[0].tolist(), second[0].tolist()
            return one, two

        def mutate(one: list, **options: Any) -> tuple[list]:
            step = bound(options)
            rows = operators.mutate_rows(self.rng, np.array([one]), self.rates.gene, lambda _, *genes: step(*genes))
            one[:] = rows[0].tolist()
            return (one,)

        wrapped: Any = {"select": select, "mate": mate, "mutate": mutate}[kind]
        wrapped.array_operator = operator
        return wrapped

    def _streams(self, rng: np.random.Generator) -> AbstractContextManager[None]:
        """Where operators draw from, seeded from `rng`."""
        if self.foreign:
            return seeded_globals(rng)
        from deap import algorithms
        from deap.tools import crossover, mutation, selection

        return own_stream(rng, algorithms, crossover, mutation, selection)

    def breed(self, rng: np.random.Generator, pool: Pool, k: int) -> tuple[Pool, np.ndarray]:
        """`k` children of `pool`."""
        from deap import algorithms

        self.rng = rng
        individuals = individuals_of(pool._replace(fitness=_finite(pool.fitness, self.positive)))
        with self._streams(rng):
            try:
                chosen = list(self.toolbox.select(individuals, k))
            except Exception as error:
                raise EvornnError(f"select={label(self.names['select'])} failed: {error}") from error
            # a roulette over fitness that sums to zero or less picks too few: complete it by chance
            chosen += [individuals[i] for i in rng.integers(len(individuals), size=max(0, k - len(chosen)))]
            try:
                offspring = algorithms.varAnd(chosen[:k], self.toolbox, self.rates.crossover, self.rates.mutation)
            except Exception as error:
                both = f"mate={label(self.names['mate'])} or mutate={label(self.names['mutate'])}"
                raise EvornnError(f"{both} failed on real-valued genomes: {error}") from error
        genomes = self._array(offspring, pool.genomes.shape[1])
        parents = np.array([child.place if child.fitness.valid else -1 for child in offspring], dtype=np.int64)
        strategy = None
        if self.strategic:  # kept positive and no longer than the range: DEAP leaves that to its user
            span = self.rates.up - self.rates.low
            strategy = np.clip([child.strategy for child in offspring], 1e-9 * span, span)
        fitness = np.where(parents < 0, np.nan, pool.fitness[parents])
        return Pool(np.clip(genomes, self.rates.low, self.rates.up), fitness, strategy), parents

    def _array(self, offspring: list, dimension: int) -> np.ndarray:
        wrong = next((child for child in offspring if len(child) != dimension), None)
        both = f"mate={label(self.names['mate'])} or mutate={label(self.names['mutate'])}"
        if wrong is not None:
            raise EvornnError(f"{both} made a genome of {len(wrong)} genes; it must keep all {dimension}")
        genomes = np.array(offspring, dtype=np.float64)
        if not np.isfinite(genomes).all():
            raise EvornnError(f"{both} made genes that are not finite numbers")
        return genomes


_DEAP_DEFAULTS = {  # what DEAP's operators ask for without a default of their own
    "tournsize": 3,
    "alpha": 0.5,
    "eta": 15.0,
    "c": 1.0,
    "fitness_size": 3,
    "parsimony_size": 1.4,
    "fitness_first": True,
    "epsilon": 0.0,
}


def _known(operator: Callable[..., Any]) -> bool:
    """Whether it is DEAP's or an array operator of ours: those draw from the stream that they are given."""
    return hasattr(operator, "array_operator") or getattr(operator, "__module__", "").startswith("deap.tools.")


def deap_names(kind: str) -> list[str]:
    """Names of DEAP's operators of a kind ("select", "mate", "mutate")."""
    from deap import tools

    return sorted(name for name in vars(tools) if name.startswith(PREFIX[kind]) and callable(getattr(tools, name)))


def _imported(kind: str, name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise EvornnError(f"{kind} is {shown(name)}, which cannot be imported: {error}") from error


@functools.cache
def _classes() -> tuple[type, type]:
    """DEAP's fitness and an individual of our own: `deap.creator` is process-global and pickles arrays slowly."""
    from deap import base

    class Maximised(base.Fitness):
        weights = (1.0,)

    class Individual(list):
        place = -1  # place in the pool; still meaningful while `fitness` is valid
        fitness: Any
        strategy: Any = None

    return Maximised, Individual


def individuals_of(pool: Pool) -> list:
    """DEAP individuals of a pool's members, in order."""
    fitness_class, individual_class = _classes()
    individuals = []
    for i, (genes, value) in enumerate(zip(pool.genomes.tolist(), pool.fitness.tolist(), strict=True)):
        individual = individual_class(genes)
        individual.place, individual.fitness = i, fitness_class((value,))
        if pool.strategy is not None:
            individual.strategy = pool.strategy[i].tolist()
        individuals.append(individual)
    return individuals


def _clone(individual: Any) -> Any:
    copy = type(individual)(individual)
    copy.place, copy.fitness = individual.place, type(individual.fitness)()
    copy.fitness.wvalues = individual.fitness.wvalues
    copy.strategy = None if individual.strategy is None else list(individual.strategy)
    return copy


def _finite(fitness: np.ndarray, positive: bool) -> np.ndarray:
    """Fitness for operators that add and divide: failed members are a little below the worst that did not fail.

    `positive`: raised so that none is negative, as DEAP's roulettes need.
    """
    fitness = np.where(np.isfinite(fitness), np.clip(fitness, -1e300, 1e300), fitness)  # sums of such are finite
    finite = fitness[np.isfinite(fitness)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    usable = np.nan_to_num(fitness, neginf=low - max(1.0, abs(low)), posinf=high + max(1.0, abs(high)))
    return usable - min(usable.min(), 0.0) if positive else usable
