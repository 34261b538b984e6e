"""A generation bred from whole arrays, and how operators get their options.

A breeder offers `breed(rng, pool, k) -> (children, parents)`: `children` is a `Pool` of k genomes and `parents [k]` the
index of the pool's member that a child still equals (whose fitness it keeps), -1 where it is new.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from evornn.errors import EvornnError, check_range, nearest, shown
from evornn.search.core import operators
from evornn.search.core.memory import MemoryModel

OWN = {"select": operators.SELECT, "mate": operators.MATE, "mutate": operators.MUTATE}
KEYWORDS = (  # the algorithm's own, offered for misspelt ones
    "population",
    "seed",
    "elites",
    "select",
    "mate",
    "mutate",
    "crossover",
    "mutation",
    "mutation_rate",
    "sigma",
    "restart_after",
    "reevaluate",
    "toolbox",
    "select_options",
    "mate_options",
    "mutate_options",
)
ARRAY_LEADING = {"select": 3, "mate": 3, "mutate": 3}  # arguments of the array operators before the options


class Pool(NamedTuple):
    """Evaluated individuals: genomes [P, D], fitness [P], and evolution strategies' step sizes [P, D] or None."""

    genomes: np.ndarray
    fitness: np.ndarray
    strategy: np.ndarray | None


class Rates(NamedTuple):
    """Chance that a pair is mated, that an individual is mutated, that a gene of it is; the step's size [D]."""

    crossover: float
    mutation: float
    gene: float
    sigma: np.ndarray  # [D]
    low: np.ndarray  # [D]
    up: np.ndarray  # [D]


class ArrayBreeder:
    """The array-at-once operators of `evornn.search.core.operators`."""

    strategic = False

    def __init__(self, names: Mapping[str, Any], options: Mapping[str, Any], rates: Rates) -> None:
        chosen = {kind: OWN[kind][names[kind]] for kind in OWN}
        bound = bind(chosen, names, options, {"sigma": rates.sigma, "low": rates.low, "up": rates.up})
        self.select, self.mate, self.mutate = (bound[kind] for kind in ("select", "mate", "mutate"))
        self.rates = rates
        self.memory_model = MemoryModel(genomes=9.0 if str(names["mate"]).startswith("sbx") else 6.5)

    def breed(self, rng: np.random.Generator, pool: Pool, k: int) -> tuple[Pool, np.ndarray]:
        """`k` children of `pool`."""
        rates = self.rates
        source = self.select(rng, pool.fitness, k)
        originals = pool.genomes[source]
        children = originals.copy()
        first = 2 * np.flatnonzero(rng.random(k // 2) < rates.crossover)
        if first.size:
            children[first], children[first + 1] = self.mate(rng, originals[first], originals[first + 1])
        if rates.mutation >= 1.0:
            children = operators.mutate_rows(rng, children, rates.gene, self.mutate)
        elif rates.mutation > 0.0:
            rows = np.flatnonzero(rng.random(k) < rates.mutation)
            children[rows] = operators.mutate_rows(rng, children[rows], rates.gene, self.mutate)
        operators.within(children, rates.low, rates.up)
        same = (children == originals).all(axis=1)
        parents = np.where(same, source, -1)
        for child, partner in ((first, first + 1), (first + 1, first)):  # a pair may have exchanged all its genes
            swapped = equal_rows(children, child, originals, partner) & ~same[child]
            parents[child[swapped]] = source[partner[swapped]]
        return Pool(children, np.where(parents < 0, np.nan, pool.fitness[parents]), None), parents


def equal_rows(a: np.ndarray, i: np.ndarray, b: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Whether row i of a equals row j of b, for indices i, j [k]; most differ in the first or last gene already."""
    equal = (a[i, 0] == b[j, 0]) & (a[i, -1] == b[j, -1])
    maybe = np.flatnonzero(equal)
    equal[maybe] = (a[i[maybe]] == b[j[maybe]]).all(axis=1)
    return equal


def bind(
    chosen: Mapping[str, Callable[..., Any]],
    names: Mapping[str, Any],
    options: Mapping[str, Any],
    context: Mapping[str, Any],
    per_kind: Mapping[str, Mapping[str, Any]] | None = None,
    leading: Mapping[str, int] = ARRAY_LEADING,
) -> dict[str, Callable[..., Any]]:
    """Each operator with its options filled in: the user's `options` where it takes them, else what `context` knows.

    `<kind>_options` in `options` is a mapping for that operator alone. Unknown options are an error.
    """
    special = {kind: dict(options.get(f"{kind}_options") or {}) for kind in chosen}
    common = {name: value for name, value in options.items() if not name.endswith("_options")}
    accepted = {kind: _parameters(function, leading[kind]) for kind, function in chosen.items()}
    known_options = {name for parameters in accepted.values() for name in parameters} - {"low", "up", "sigma"}
    for name in common:
        if not any(name in parameters for parameters in accepted.values()):
            chosen_names = ", ".join(f"{kind}={label(names[kind])}" for kind in chosen)
            valid = [*KEYWORDS, *sorted(known_options)]
            raise EvornnError(f"unknown option {name!r} for {chosen_names}; {nearest(name, valid)}")
    bound = {}
    for kind, function in chosen.items():
        known = {**context, **((per_kind or {}).get(kind, {})), **common, **special[kind]}
        bad = next((name for name in special[kind] if name not in accepted[kind]), None)
        if bad is not None:
            raise EvornnError(f"{kind}={label(names[kind])} has no option {bad!r}; {nearest(bad, accepted[kind])}")
        values = {name: _checked(name, known[name]) for name in accepted[kind] if name in known}
        missing = [name for name, needed in accepted[kind].items() if needed and name not in values]
        if missing:
            raise EvornnError(f"{kind}={label(names[kind])} needs the option {missing[0]!r}")
        bound[kind] = functools.partial(function, **values) if values else function
    return bound


def _parameters(function: Callable[..., Any], leading: int) -> dict[str, bool]:
    """Option name -> whether it must be given."""
    operator = getattr(function, "array_operator", None)  # an array operator in DEAP's clothes shows its own options
    try:
        parameters = list(inspect.signature(operator or function).parameters.values())[3 if operator else leading :]
    except (TypeError, ValueError):  # a builtin without a signature takes no options
        return {}
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {p.name: p.default is inspect.Parameter.empty for p in parameters if p.kind in plain}


def _checked(name: str, value: Any) -> Any:
    if name in operators.RANGES:
        low, high, integer = operators.RANGES[name]
        return check_range(name, value, low, high, integer=integer)
    return value


def label(name: Any) -> str:
    """An operator as the user wrote it."""
    return shown(name) if isinstance(name, str) else getattr(name, "__qualname__", shown(name))
