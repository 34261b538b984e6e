"""Searches inside searches: made from a name, or from a table of a name and options as specs have them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from evornn.errors import EvornnError, check_choice, nearest, shown
from evornn.search.core.registry import REGISTRY
from evornn.search.core.search import Search, SpaceLike


def nested_search(asked: str | Mapping[str, Any], space: SpaceLike, population: int, seed: int, owner: str) -> Search:
    """The registered search that `asked` names; `owner`, the search around it, decides on population and seed.

    Raises EvornnError naming what is wrong and the nearest valid name.
    """
    options = {"name": asked} if isinstance(asked, str) else dict(asked) if isinstance(asked, Mapping) else {}
    if "name" not in options:
        raise EvornnError(f"search is {shown(asked)}; it must be a name or a table with one; {nearest('', REGISTRY)}")
    cls = REGISTRY[check_choice("search", options.pop("name"), REGISTRY)]
    for name in ("population", "seed", "space"):
        if name in options:
            raise EvornnError(f"search {cls.__name__}: {name} does not belong here; {owner} decides on it")
    parameters = inspect.signature(cls).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):  # such a constructor checks options itself
        for name in options:
            if name not in parameters:
                raise EvornnError(f"search {cls.__name__} has no option {name!r}; {nearest(name, parameters)}")
    return cls(space, population=population, seed=seed, **options)
