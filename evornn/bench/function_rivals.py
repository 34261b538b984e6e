"""The other libraries of `evornn bench --functions`: pycma, nevergrad, evosax, each with its own defaults."""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from evornn.bench.matches import SIDE, SIGMA, WIDER, Function, Match, Run

LIBRARIES = {"pycma": "cma", "nevergrad": "nevergrad", "evosax": "evosax"}  # and the module that each is
WIDTH = 2.0 * SIDE
NEVERGRAD_SWARM = {"population": 40, "inertia": 0.5 / np.log(2), "c1": 0.5 + np.log(2), "c2": 0.5 + np.log(2)}
FIXED = 0.03  # width of samples that stays, as a fraction of the box


@functools.cache
def missing() -> dict[str, str]:
    """Libraries that cannot be imported, and why."""
    reasons = {}
    for library, module in LIBRARIES.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(module)
        except ImportError as error:
            reasons[library] = str(error)
    return reasons


def matches() -> list[Match]:
    """Which of evornn's searches meets whom; libraries that are missing are left out."""
    stepped = {"sigma": SIGMA / WIDER, "start": "sample"}
    table = [
        Match("CMA-ES", "CMAES", stepped, {"pycma": pycma(), "evosax": evosax("CMA_ES")}),  # nevergrad's is pycma
        Match("separable CMA-ES", "CMAES", stepped | {"separable": True}, {
            "pycma": pycma(CMA_diagonal=True), "evosax": evosax("Sep_CMA_ES"),
        }),
        Match("xNES", "XNES", stepped, {"evosax": evosax("xNES")}),
        Match("SNES", "SNES", stepped, {"evosax": evosax("SNES")}),
        Match("OpenAI-ES", "OpenAIES", stepped | {"sigma": FIXED / WIDER}, {"evosax": evosax("Open_ES", 20)}),
        Match("PGPE", "PGPE", stepped, {"evosax": evosax("PGPE", 20)}),
        Match("differential evolution", "DifferentialEvolution", {}, {
            "nevergrad": nevergrad("DE", bounded=True), "evosax": evosax("DifferentialEvolution", 50),
        }, wide=False),
        Match("(1+1)-ES", "EvolutionStrategy", stepped | {"population": 1}, {
            "nevergrad": nevergrad("OnePlusOne"),
        }),
        Match("(mu, lambda)-ES", "EvolutionStrategy", stepped, {"nevergrad": nevergrad("RecES")}),
        Match("particle swarm", "ParticleSwarm", NEVERGRAD_SWARM, {
            "nevergrad": nevergrad("RealSpacePSO", bounded=True), "evosax": evosax("PSO", 40),
        }, wide=False),
    ]  # fmt: skip
    absent = missing()
    return [
        replace(match, rivals={name: run for name, run in match.rivals.items() if name not in absent})
        for match in table
    ]


def pycma(**options: Any) -> Run:
    """pycma with restarts in doubled populations (IPOP), from points drawn in the box."""

    def run(function: Function, budget: int, seed: int) -> float:
        import cma

        rng, restarts = np.random.default_rng(seed), 0
        settings = {"verbose": -9, "seed": np.nan, "randn": lambda *shape: rng.standard_normal(shape)}
        while function.evaluations < budget:
            start = rng.uniform(-SIDE, SIDE, function.dimension)
            size = (4 + int(3 * np.log(function.dimension))) * 2**restarts
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                evolution = cma.CMAEvolutionStrategy(start, SIGMA * WIDTH, {**settings, **options, "popsize": size})
                while not evolution.stop() and function.evaluations + size <= budget:
                    points = evolution.ask()
                    evolution.tell(points, function(np.array(points)).tolist())
            if function.evaluations + size > budget:
                break
            restarts += 1
        return function.lowest

    return run


def nevergrad(name: str, bounded: bool = False) -> Run:
    """An optimizer of nevergrad's registry from a point drawn in the box, which confines it if `bounded`."""

    def run(function: Function, budget: int, seed: int) -> float:
        import nevergrad as ng

        start = np.random.default_rng(seed).uniform(-SIDE, SIDE, function.dimension)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            free = ng.p.Array(init=start)
            box = (free.set_bounds(-SIDE, SIDE) if bounded else free).set_mutation(sigma=SIGMA * WIDTH)
            box.random_state.seed(seed)
            optimizer = ng.optimizers.registry[name](parametrization=box, budget=budget)
            for _ in range(budget):
                candidate = optimizer.ask()
                optimizer.tell(candidate, float(function(candidate.value[None])[0]))
        return function.lowest

    return run


def evosax(name: str, population: int | None = None) -> Run:
    """An algorithm of evosax in double precision, its first step size the same; it knows no bounds and needs none."""

    def run(function: Function, budget: int, seed: int) -> float:
        import jax

        with jax.enable_x64(True):
            return _evosax(name, population, function, budget, seed)

    return run


def _evosax(name: str, population: int | None, function: Function, budget: int, seed: int) -> float:
    import jax

    size = population or 4 + int(3 * np.log(function.dimension))
    size += size % 2  # some take pairs only
    algorithm, params = _evosax_algorithm(name, size, function.dimension)
    key = jax.random.key(seed)
    draws = np.random.default_rng(seed)
    state = evosax_state(algorithm, params, key, lambda *shape: draws.uniform(-SIDE, SIDE, shape), function)
    while function.evaluations + size <= budget:
        key, one, two = jax.random.split(key, 3)
        points, state = algorithm.ask(one, state, params)
        values = function(np.asarray(points))
        state, _ = algorithm.tell(two, points, values, state, params)
    return function.lowest


@functools.cache
def _evosax_algorithm(name: str, size: int, dimension: int) -> tuple[Any, Any]:
    """The algorithm (compiled once) and its parameters; the rates that evosax leaves to its user are ours."""
    import optax

    sigma = SIGMA * WIDTH
    made: dict[str, Callable[[], dict[str, Any]]] = {
        "Open_ES": lambda: {
            "optimizer": optax.adam(FIXED * WIDTH / 3.0), "std_schedule": optax.constant_schedule(FIXED * WIDTH),
        },
    }  # fmt: skip
    options = made.get(name, dict)()
    algorithm = evosax_class(name)(population_size=size, solution=np.zeros(dimension), **options)
    params = algorithm.default_params
    return algorithm, params.replace(std_init=sigma) if hasattr(params, "std_init") else params


def evosax_class(name: str) -> Any:
    """The class of one of its algorithms."""
    from evosax.algorithms import distribution_based, population_based

    return getattr(distribution_based if hasattr(distribution_based, name) else population_based, name)


def evosax_state(algorithm: Any, params: Any, key: Any, drawn: Callable[..., np.ndarray], cost: Any) -> Any:
    """The first state of an algorithm, around a point [D] or of a population [P, D] with its cost, as it has either."""
    dimension = algorithm.num_dims
    if not hasattr(algorithm, "get_population"):
        return algorithm.init(key, drawn(dimension), params)
    first = drawn(algorithm.population_size, dimension)
    return algorithm.init(key, first, cost(first), params)
