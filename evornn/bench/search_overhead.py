"""Overhead of a search: seconds of ask and tell a generation, the evaluation left out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from evornn.errors import check_choice, check_range
from evornn.genome import Space

REFERENCE = "DEAP eaSimple"  # DEAP's own loop, as its manual writes it


def names() -> list[str]:
    """What `overhead` can measure: every registered search, then the reference."""
    from evornn.search import REGISTRY

    return [*REGISTRY, REFERENCE]


def overhead(name: str, population: int = 1024, dimension: int = 100, generations: int = 20, seed: int = 0) -> float:
    """Median seconds a generation of the search `name` (or `REFERENCE`) with its default options, on a sphere.

    The first generations are not counted: they import the libraries that a search uses.
    """
    check_choice("search", name, names())
    check_range("population", population, 2, integer=True)
    check_range("dimension", dimension, 2, integer=True)
    check_range("generations", generations, 1, integer=True)
    step = generation_step(name, population, dimension, seed)
    warm_up = 3
    seconds = [step() for _ in range(warm_up + generations)]
    return statistics.median(seconds[warm_up:])


def generation_step(name: str, population: int, dimension: int, seed: int) -> Callable[[], float]:
    """A function that runs one generation of a search (or of `REFERENCE`) and returns its seconds, fitness excluded."""
    space = Space(np.full(dimension, -1.0), np.full(dimension, 1.0))
    return _deap_step(space, population, seed) if name == REFERENCE else _search_step(name, space, population, seed)


def _sphere(genomes: np.ndarray) -> np.ndarray:
    return -np.square(genomes - 0.5).sum(axis=1)


def _search_step(name: str, space: Space, population: int, seed: int) -> Callable[[], float]:
    from evornn.search import REGISTRY

    search = REGISTRY[name](space, population=population, seed=seed)
    genomes = search.ask()

    def step() -> float:
        nonlocal genomes
        fitness = _sphere(genomes)
        start = time.perf_counter()
        search.tell(genomes, fitness)
        genomes = search.ask()  # in here, what a search does in threads of its own has an end
        return time.perf_counter() - start

    return step


def _deap_step(space: Space, population: int, seed: int) -> Callable[[], float]:
    """One generation of `deap.algorithms.eaSimple`: lists, tournament of 3, blend, Gaussian mutation of a tenth."""
    from deap import algorithms, base, tools

    from evornn.search.core.streams import seeded_globals
    from evornn.search.evolution.breeding import Pool
    from evornn.search.evolution.deap_breeding import individuals_of

    rng = np.random.default_rng(seed)
    toolbox = base.Toolbox()
    toolbox.register("select", tools.selTournament, tournsize=3)
    toolbox.register("mate", tools.cxBlend, alpha=0.5)
    toolbox.register("mutate", tools.mutGaussian, mu=0.0, sigma=0.1, indpb=0.1)
    toolbox.register("evaluate", lambda individual: (0.0,))
    genomes = space.sample(rng, population)
    individuals = individuals_of(Pool(genomes, _sphere(genomes), None))

    def step() -> float:
        with seeded_globals(rng):
            start = time.perf_counter()
            algorithms.eaSimple(individuals, toolbox, cxpb=0.5, mutpb=1.0, ngen=1, verbose=False)
            return time.perf_counter() - start

    return step
