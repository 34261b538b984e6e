"""What networks and tasks have in common: they describe themselves, and no attribute hides what is asked of them."""

from __future__ import annotations

from typing import Any

from evornn.describe import constructor_call
from evornn.errors import EvornnError, shown


class Part:
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
