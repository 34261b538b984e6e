"""Objects as the constructor call that makes them, for people: only what differs from the defaults."""

from __future__ import annotations

import inspect
from typing import Any


def constructor_call(thing: object) -> str:
    """`Name(option=value, ...)` from attributes named like the constructor's parameters; defaults are left out."""
    parameters = inspect.signature(type(thing).__init__).parameters
    shown = []
    for name, parameter in parameters.items():
        value = vars(thing).get(name, parameter.default)
        if value is not parameter.default and value != parameter.default and _plain(value):
            shown.append(f"{name}={value!r}")
    return f"{type(thing).__name__}({', '.join(shown)})"


def _plain(value: Any) -> bool:
    """Whether a value reads back from its repr."""
    return isinstance(value, bool | int | float | str | tuple | list)
