"""Constructors of searches: the options that all have, checked before anything is computed with them."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Self, cast, dataclass_transform

from evornn.options import Options, choice, flag, number, one_of, other, whole
from evornn.search.core.checks import check_arguments
from evornn.search.core.types import SpaceLike


@dataclass_transform(kw_only_default=True, field_specifiers=(whole, number, flag, choice, one_of, other))
class _Declared(Options):
    """Base of searches: type checkers read the options that classes below it declare, which are given by name."""

    BY_NAME = True


class Made(_Declared):
    """A search as its options say it; it remembers the arguments that it was made with, for copies."""

    space: SpaceLike = other("the genomes: problem.space", kw_only=False)
    population: int = whole(
        "genomes in a generation", default=100, low="MIN_POPULATION", high="MAX_POPULATION", kw_only=False
    )
    seed: int = whole("of all that is random", default=0, low=0, high=2**63 - 1, kw_only=False)

    MIN_POPULATION: ClassVar[int] = 1
    MAX_POPULATION: ClassVar[int] = 10_000_000
    __signature__: ClassVar[inspect.Signature]
    _made_with = cast("tuple[tuple[Any, ...], dict[str, Any]]", ((), {}))  # arguments of the constructor

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = inspect.signature(cls.__init__)  # some Pythons would take that of __new__, which takes anything
        cls.__signature__ = own.replace(parameters=list(own.parameters.values())[1:])

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        check_arguments(cls, arguments, options)
        search = super().__new__(cls)
        search._made_with = (arguments, options)
        return search

    def as_given(self) -> dict[str, Any]:
        """The options by name, but for the space: what resumes compare. Those that the class fixes are among them."""
        options: dict[str, Any] = {}
        for name, option in self.OPTIONS.items():
            options |= getattr(self, name) if option.rest else {option.alias or name: getattr(self, name)}
        del options["space"]
        return options
