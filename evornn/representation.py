"""Objects as the constructor call that makes them, for people: only what differs from the defaults."""

from __future__ import annotations

import inspect
from typing import Any

from evornn.errors import EvornnError, shown
from evornn.options import Options


def constructor_call(thing: object) -> str:
    """`Name(option=value, ...)` from attributes named like the constructor's parameters; defaults are left out."""
    parameters = inspect.signature(type(thing)).parameters
    shown = []
    for name, parameter in parameters.items():
        value = vars(thing).get(name, parameter.default)
        if value is not parameter.default and value != parameter.default and _plain(value):
            shown.append(f"{name}={value!r}")
    return f"{type(thing).__name__}({', '.join(shown)})"


def _plain(value: Any) -> bool:
    """Whether a value reads back from its repr."""
    return isinstance(value, bool | int | float | str | tuple | list)


# what networks and tasks have in common -------------------------------------------------------------------------------
class Part(Options):
    """Base of networks and tasks: what users derive classes from."""

    def __setattr__(self, name: str, value: Any) -> None:
        known = getattr(type(self), name, None)
        if isinstance(known, property) and known.fset is None:
            raise EvornnError(_hidden(self, name, value))
        object.__setattr__(self, name, value)

    def check_methods(self, base: type) -> None:
        """Raise EvornnError if an attribute of the object or its class stands where `base` has a method."""
        for name, known in vars(base).items():
            if callable(known) and not callable(value := getattr(self, name)):
                raise EvornnError(_hidden(self, name, value))

    def describe(self) -> str:
        """One line: the constructor call that makes this object."""
        return constructor_call(self)


def _hidden(part: Part, name: str, value: Any) -> str:
    kind = type(part).__name__
    return (
        f"{kind} has an attribute {name} = {shown(value)}, but {name!r} is something that evornn asks of it; "
        "give the attribute another name"
    )
