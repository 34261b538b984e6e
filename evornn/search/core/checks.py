"""Checks of searches, and their states as plain values: bounds, fitness, options, random streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.errors import EvornnError, check_range, shown

if TYPE_CHECKING:
    from evornn.search.core.search import SpaceLike

WIDEST_RANGE = 1e300  # of a parameter: steps of many ranges stay finite


def checked_bounds(space: SpaceLike) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds [D] of a space; EvornnError unless finite, lower < upper, and less than 1e300 apart."""
    lower, upper = (np.array(bound, dtype=np.float64) for bound in (space.lower, space.upper))
    if lower.ndim != 1 or lower.shape != upper.shape or lower.size == 0:
        raise EvornnError(f"space bounds have shapes {lower.shape} and {upper.shape}; both must be [D] with D >= 1")
    with np.errstate(invalid="ignore"):
        apart = 0.5 * upper - 0.5 * lower < 0.5 * WIDEST_RANGE
    wrong = ~(np.isfinite(lower) & np.isfinite(upper) & (lower < upper) & apart)
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        raise EvornnError(
            f"bounds of parameter {i} are [{lower[i]}, {upper[i]}]; they must be finite, lower < upper, "
            f"and less than {WIDEST_RANGE:g} apart"
        )
    return lower, upper


def check_arguments(cls: Any, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """Raise EvornnError if what a search of class `cls` is to be made with has no space, or no sound population or
    seed: before the constructor of any search computes with them. Nothing at all: a copy, which is filled in later.
    """
    if not arguments and not options:
        return
    try:
        given = cls.__signature__.bind_partial(*arguments, **options).arguments
    except TypeError:  # told by the constructor itself
        return
    if "space" in given:
        check_space(cls.__name__, given["space"])
    optional = cls.__signature__.parameters["population"].default is None if "population" in given else True
    if "population" in given and not (optional and given["population"] is None):
        check_range("population", given["population"], cls.MIN_POPULATION, cls.MAX_POPULATION, integer=True)
    if "seed" in given:
        check_range("seed", given["seed"], 0, 2**63 - 1, integer=True)


def check_space(name: str, space: Any) -> None:
    """Raise EvornnError, saying what to pass, unless `space` has bounds, a dimension, and can be sampled."""
    lacking = [part for part in ("lower", "upper", "dimension", "sample") if not hasattr(space, part)]
    if lacking or isinstance(space, type):
        what = "problem.space" if hasattr(space, "space") else "the space of a problem"
        raise EvornnError(f"space is {shown(space)}; it must be a space to search: {name}({what})")


def keep_freed(count: int) -> None:
    """Have the C library keep freed memory for the next arrays, where `count` bytes (31 MiB at most) come and go.

    glibc hands large freed arrays back to the system and fetches zeroed pages for the next ones, which costs a
    generation as much as all its arithmetic, until it has seen one array of that size come and go (mallopt(3), on
    M_MMAP_THRESHOLD). This one is never touched and takes no memory; other C libraries take no notice.
    """
    np.empty(min(count, 31 * 2**20), dtype=np.uint8)


def checked_fitness(fitness: np.ndarray, count: int) -> np.ndarray:
    """Told fitness [count] as a fresh float64 array, NaN as -inf; raises EvornnError for anything else."""
    try:
        values = np.asarray(fitness)
        if values.size and values.dtype.kind not in "fiu" and not _numbers(values):
            raise TypeError(f"it holds {values.dtype}")
        values = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvornnError(f"fitness must be an array of {count} numbers: {error}") from None
    if values.shape != (count,):
        raise EvornnError(f"fitness has shape {values.shape}; it must be ({count},), one number a genome asked")
    values[np.isnan(values)] = -np.inf
    return values


def _numbers(values: np.ndarray) -> bool:
    """Whether an array of objects holds real numbers, or None for no fitness, alone."""
    return values.dtype == object and all(value is None or isinstance(value, (int, float)) for value in values.flat)


def plain(value: Any) -> Any:
    """An option as a value that any file format holds; callables by their name, nothing as an empty string."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (bool, int, float, str)):
        return value
    return getattr(value, "__qualname__", type(value).__name__)


def plain_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """A bit generator's state with its 128-bit integers as text: most file formats stop at 64 bits."""
    return {
        key: plain_state(value) if isinstance(value, Mapping) else str(value) if isinstance(value, int) else value
        for key, value in state.items()
    }


def rng_state(state: dict[str, Any]) -> dict[str, Any]:
    """Undo `plain_state`."""
    return {
        key: rng_state(value) if isinstance(value, dict) else value if key == "bit_generator" else int(value)
        for key, value in state.items()
    }
