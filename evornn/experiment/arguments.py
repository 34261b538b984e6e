"""Checks of what a run is given: a problem and a search that go together, or an error that says what to pass."""

from __future__ import annotations

from evornn.errors import EvornnError, shown

USE = "run(problem, search, evaluations=...) with problem = Problem(network, task) and search = Method(problem.space)"


def check_pair(problem: object, search: object) -> None:
    """Raise EvornnError unless `problem` can evaluate genomes and `search` asks for genomes of its size."""
    if _asks(problem) and _evaluates(search):
        raise EvornnError(f"search and problem are in each other's place; use {USE}")
    if isinstance(problem, type) or not _evaluates(problem):
        raise EvornnError(f"problem is {shown(problem)}; it must be a problem to evaluate genomes on: {USE}")
    if isinstance(search, type) or not _asks(search):
        raise EvornnError(f"search is {shown(search)}; it must be a search that asks and tells: {USE}")
    space = getattr(problem, "space", None)
    own, theirs = getattr(search, "dimension", None), getattr(space, "dimension", None)
    if own is not None and theirs is not None and own != theirs:
        raise EvornnError(
            f"the search was made for {own:,} genes and the problem has {theirs:,}: make it with problem.space"
        )


def check_callables(**given: object) -> None:
    """Raise EvornnError unless each of these is a function or None."""
    for name, function in given.items():
        if function is not None and not callable(function):
            raise EvornnError(f"{name} is {shown(function)}; it must be a function of one argument")


def check_fresh(search: object) -> None:
    """Raise EvornnError if the search has been told something: a run counts from 0, and so must its search."""
    told = getattr(search, "evaluations", 0)
    if told or getattr(search, "generation", 0):
        raise EvornnError(
            f"this {type(search).__name__} has been told {told:,} evaluations already; a run needs a fresh one. Make a "
            "new one, or go on with a stored run: run(..., out=..., resume=True) and a new search of the same options"
        )


def _evaluates(thing: object) -> bool:
    return hasattr(thing, "evaluate")


def _asks(thing: object) -> bool:
    return hasattr(thing, "ask") and hasattr(thing, "tell")
