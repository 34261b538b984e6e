"""Fingerprint of what a formula may read: changed since, and the formula must be traced anew."""

from __future__ import annotations

import functools
import sys
import types
import weakref
import zlib
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from evornn.representation import Part


def fingerprint(*things: Any) -> Hashable:
    """Values of all attributes of these objects and of the objects in them, and of what their methods read elsewhere:
    attributes of classes, globals of modules, variables of enclosing functions. Of arrays: shape, type and a checksum.

    Only code of users is searched for what it reads: evornn's own reads nothing that changes.
    """
    return tuple(_value(thing, set()) for thing in things)


def _value(thing: Any, met: set[int]) -> Hashable:
    kind = type(thing)
    if kind is int or kind is str or kind is bool or thing is None:
        return kind, thing
    if isinstance(thing, (bool, int, float, str, bytes)):
        return kind, repr(thing) if thing != thing else thing  # NaN equals nothing, not even itself
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        return thing.shape, thing.dtype.str, zlib.crc32(thing.tobytes())
    if id(thing) in met or isinstance(thing, types.ModuleType):
        return id(thing)
    met.add(id(thing))
    if isinstance(thing, dict | types.MappingProxyType):
        return tuple((_value(k, met), _value(v, met)) for k, v in list(thing.items()))
    if isinstance(thing, list | tuple | np.ndarray):
        return tuple(_value(v, met) for v in thing)
    if isinstance(thing, property | staticmethod | classmethod):
        return tuple(_value(getattr(thing, name, None), met) for name in ("fget", "__func__"))
    if isinstance(thing, type | types.FunctionType):
        return id(thing), _read(thing, met)
    read = id(thing), _read(kind, met)
    if isinstance(getattr(thing, "__dict__", None), dict):
        return *read, tuple((k, _value(v, met)) for k, v in list(vars(thing).items()))
    return read


# what code reads ------------------------------------------------------------------------------------------------------
class _Places(NamedTuple):
    """Where the code of a class or function reads: names of a class or module, and cells of enclosing functions."""

    names: list[tuple[Mapping[str, Any], str]]
    cells: list[types.CellType]


_known: weakref.WeakKeyDictionary[Any, tuple[Hashable, _Places]] = weakref.WeakKeyDictionary()


def _read(owner: Any, met: set[int]) -> Hashable:
    places = _places(owner)
    values = [space.get(name) for space, name in places.names]
    values += [cell.cell_contents for cell in places.cells if cell != types.CellType()]
    return tuple(_value(v, met) if _of_users(v) else id(v) for v in values)


def _places(owner: Any) -> _Places:
    """Of a class or function; found once for each state of its code."""
    if isinstance(owner, type):
        owners = [c for c in owner.__mro__ if not _of_a_library(c.__module__)]
        if not owners:
            return _NOWHERE
        state: Hashable = tuple(id(value) for c in owners for value in list(vars(c).values()))
    elif _of_a_library(owner.__module__):
        return _NOWHERE
    else:
        owners, state = [], owner.__code__
    before, places = _known.get(owner, (None, _NOWHERE))
    if before == state:
        return places
    places = _Places([], [])
    for c in owners:
        places.names.extend((vars(c), name) for name in vars(c) if not name.startswith("__"))
    if not owners:
        places.cells.extend(owner.__closure__ or ())
        places.names.extend(
            (owner.__globals__, n) for n in sorted(set(_names(owner.__code__))) if n in owner.__globals__
        )
    _known[owner] = state, places
    return places


_NOWHERE = _Places([], [])


def _of_users(value: Any) -> bool:
    """Whether what was read is looked into: data, and users' own functions, classes and objects."""
    if isinstance(value, _DATA):
        return True
    kind = value if isinstance(value, type | types.FunctionType) else type(value)
    return issubclass(type(value), Part) or not _of_a_library(kind.__module__)


_DATA = (bool, int, float, str, bytes, type(None), np.ndarray, list, tuple, dict, property, staticmethod, classmethod)


@functools.lru_cache(maxsize=1000)
def _of_a_library(module: str | None) -> bool:
    """Whether a module is evornn's, Python's or an installed one, which nobody changes while it runs."""
    top = (module or "").partition(".")[0]
    if top in ("evornn", "builtins") or top in sys.stdlib_module_names:
        return top != "__main__"
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    return "site-packages" in file or "dist-packages" in file


def _names(code: types.CodeType) -> Iterator[str]:
    """Names that code reads from globals, with those of functions written in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
