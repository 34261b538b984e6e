"""What a formula may read from its objects, as a value to compare: changed since, and it must be traced anew."""

from __future__ import annotations

import types
import zlib
from collections.abc import Hashable
from typing import Any

import numpy as np


def fingerprint(*things: Any) -> Hashable:
    """Values of all attributes of these objects and of the objects in them; of arrays, shape, type and a checksum.

    Functions and objects without attributes count by identity. Globals of modules and attributes of classes are not
    looked at.
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
    if id(thing) in met or isinstance(thing, type | types.ModuleType):
        return id(thing)
    met.add(id(thing))
    if isinstance(thing, dict | types.MappingProxyType):
        return tuple((_value(k, met), _value(v, met)) for k, v in list(thing.items()))
    if isinstance(thing, list | tuple | np.ndarray):
        return tuple(_value(v, met) for v in thing)
    if isinstance(getattr(thing, "__dict__", None), dict):
        return id(thing), tuple((k, _value(v, met)) for k, v in list(vars(thing).items()))
    return id(thing)
