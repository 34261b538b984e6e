"""State: a typed record with named fields, and the flat view of nested records that tracing and kernels need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from evornn.errors import EvornnError, nearest


class State:
    """An immutable record with named fields: numbers, arrays, traced values or further records. `State(h=h, c=c).h`."""

    __slots__ = ("_fields",)

    def __init__(self, **fields: Any) -> None:
        if not _METHODS.isdisjoint(fields):
            name = min(_METHODS & fields.keys())
            raise EvornnError(f"a record's field cannot be called {name!r}, the name of a method of records")
        object.__setattr__(self, "_fields", fields)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._fields[name]
        except KeyError:
            if name.startswith("__"):
                raise AttributeError(name) from None
            raise EvornnError(f"the record has no field {name!r}; {nearest(name, self._fields)}") from None

    def __setattr__(self, name: str, value: object) -> None:
        raise EvornnError(f"records are immutable: use .replace({name}=...)")

    def __iter__(self) -> Iterator[Any]:
        return iter(self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"State({', '.join(f'{k}={v!r}' for k, v in self._fields.items())})"

    def __getstate__(self) -> dict[str, Any]:
        return self._fields

    def __setstate__(self, fields: dict[str, Any]) -> None:
        object.__setattr__(self, "_fields", fields)

    def items(self) -> list[tuple[str, Any]]:
        """(name, value) pairs in order."""
        return list(self._fields.items())

    def replace(self, **changes: Any) -> State:
        """A copy with some fields changed."""
        for name in changes:
            if name not in self._fields:
                raise EvornnError(f"the record has no field {name!r}; {nearest(name, self._fields)}")
        return State(**{**self._fields, **changes})


_METHODS = frozenset(name for name in vars(State) if callable(getattr(State, name)))


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """Leaves of nested records and tuples, and a hashable description from which `unflatten` rebuilds them."""
    if isinstance(tree, State):
        names, parts = tuple(n for n, _ in tree.items()), [flatten(v) for _, v in tree.items()]
        return [leaf for leaves, _ in parts for leaf in leaves], (names, tuple(d for _, d in parts))
    if isinstance(tree, tuple | list):
        parts = [flatten(v) for v in tree]
        return [leaf for leaves, _ in parts for leaf in leaves], (None, tuple(d for _, d in parts))
    return [tree], ()


def unflatten(definition: Any, leaves: list[Any]) -> Any:
    """The inverse of `flatten`."""
    rest = iter(leaves)

    def build(part: Any) -> Any:
        if part == ():
            return next(rest)
        names, children = part
        values = [build(child) for child in children]
        return tuple(values) if names is None else State(**dict(zip(names, values, strict=True)))

    return build(definition)


def leaf_names(tree: object, prefix: str = "") -> list[str]:
    """Dotted names of the leaves, in `flatten` order."""
    if isinstance(tree, State):
        return [n for k, v in tree.items() for n in leaf_names(v, f"{prefix}.{k}" if prefix else k)]
    if isinstance(tree, tuple | list):
        return [n for i, v in enumerate(tree) for n in leaf_names(v, f"{prefix}.{i}" if prefix else str(i))]
    return [prefix]


def tree_map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply `function` leaf by leaf over records of one structure."""
    leaves, definition = flatten(tree)
    columns = [leaves]
    for other in others:
        more, shape = flatten(other)
        if shape != definition:
            raise EvornnError(f"records differ: fields {leaf_names(tree)} and {leaf_names(other)}")
        columns.append(more)
    return unflatten(definition, [function(*column) for column in zip(*columns, strict=True)])
