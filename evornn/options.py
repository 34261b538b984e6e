"""Options of classes: each declared once, in a line with its default, range and meaning; the constructor follows.

    class Leaky(Network):
        units: int = whole("number of units", default=5, low=1)
        leak: float = number("share that is forgotten in a step", default=0.1, low=0, high=1)

`Leaky(units=3)` checks every value before anything else happens, keeps it as an attribute, and calls `derive`, which
computes what follows from them. A subclass inherits options; there, a plain value (`units = 8`) is another default and
`fixed(8)` takes the option away. A class with an `__init__` of its own is made by that one.

A bound is a number, or a sum of attributes and numbers: low="length + 1" is checked against `self.length + 1`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import Any, ClassVar

from evornn.errors import EvornnError, amount, check_choice, check_flag, check_number, check_range, nearest

REQUIRED = inspect.Parameter.empty
Bound = float | str  # a number, or a sum of attributes' names and numbers
Order = tuple[str | EllipsisType, ...]
BEYOND = 1e15  # bounds that people need not be told


@dataclass(frozen=True)
class Option:
    """An option: how a value is checked, what is allowed, for people, and how it is given.

    check(what, value, owner) returns the value to keep or raises EvornnError. allowed(owner), of the class or an object
    of it. optional: whether None is allowed. alias: the option's name, where that of the attribute is another one.
    fixed: no option any more. rest: takes all further options, as a dict. needs: attributes that are bounds.
    """

    meaning: str
    check: Callable[[str, Any, Any], Any]
    allowed: Callable[[Any], str]
    default: Any = REQUIRED
    kw_only: bool | None = None
    alias: str | None = None
    optional: bool = False
    fixed: bool = False
    rest: bool = False
    needs: frozenset[str] = frozenset()
    annotation: Any = REQUIRED


@dataclass(frozen=True)
class Fixed:
    """What stands in a class for an option that it does not offer."""

    value: Any


class Options:
    """Base of classes with declared options.

    ORDER: the options that may be given by position too, in this order; `...` stands for those not named. Without it,
    all may, as they are declared, but those with `kw_only` (by default BY_NAME).
    """

    OPTIONS: ClassVar[Mapping[str, Option]] = {}  # attribute -> option, bases' first
    ORDER: ClassVar[Order] = ()
    BY_NAME: ClassVar[bool] = False

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        inherited = {name: option for base in reversed(cls.__bases__) for name, option in _of(base).items()}
        cls.OPTIONS = _declared(cls, inherited)
        changed = any(option is not inherited.get(name) for name, option in cls.OPTIONS.items()) or "ORDER" in vars(cls)
        if changed and "__init__" not in vars(cls) and _made(cls.__init__):
            cls.__init__ = _constructor(cls)  # type: ignore[method-assign]

    def derive(self) -> None:
        """Compute what follows from the options, which are attributes by now."""


def _of(cls: type) -> Mapping[str, Option]:
    return getattr(cls, "OPTIONS", {})


def _made(constructor: Any) -> bool:
    """Whether a constructor is none of a user's own."""
    return constructor is object.__init__ or getattr(constructor, "of_options", False)


def replaceable(constructor: Callable[..., None]) -> Callable[..., None]:
    """Mark an `__init__` of a base as one that those of subclasses' options take the place of."""
    constructor.of_options = True  # type: ignore[attr-defined]
    return constructor


def _declared(cls: Any, inherited: Mapping[str, Option]) -> dict[str, Option]:
    """The inherited options with what the class's body says; the class has their defaults as attributes."""
    options, annotations = dict(inherited), inspect.get_annotations(cls)
    for name, value in list(vars(cls).items()):
        if isinstance(value, Option):
            options[name] = replace(value, annotation=annotations.get(name, REQUIRED))
        elif isinstance(value, Fixed):
            if name not in options:
                raise EvornnError(f"{cls.__name__}: fixed {name!r} is no option of its bases; {nearest(name, options)}")
            options[name] = replace(options[name], default=value.value, fixed=True)
        elif name in options and not callable(value) and not hasattr(value, "__get__"):
            options[name] = replace(options[name], default=value, fixed=False)
        else:
            continue
        if options[name].default is REQUIRED:
            delattr(cls, name)
        else:
            setattr(cls, name, options[name].default)
    return options


def _constructor(cls: Any) -> Callable[..., None]:
    """An `__init__` that takes the class's options."""
    signature = inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *_parameters(cls)])

    def __init__(self: Any, *arguments: Any, **keywords: Any) -> None:
        try:
            given = signature.bind(self, *arguments, **keywords).arguments
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}{_meant(keywords, signature)}") from None
        set_options(self, cls, given)
        self.derive()

    made: Any = replaceable(__init__)
    made.__signature__ = signature
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return __init__


def _meant(keywords: Mapping[str, Any], signature: inspect.Signature) -> str:
    """What a keyword that is no option may have meant."""
    known = [name for name in signature.parameters if name != "self"]
    unknown = [name for name in keywords if name not in known]
    return f"; {nearest(unknown[0], known)}" if unknown else ""


def set_options(thing: Any, cls: type, given: Mapping[str, Any]) -> None:
    """Check what is `given` of the options that `cls` has, and keep all as attributes; else those of the thing's own
    class are the defaults.
    """
    own, left = _of(type(thing)), dict.fromkeys(_of(cls))

    def settle(name: str) -> None:
        option = own[name]
        del left[name]
        for bound in [other for other in left if other in option.needs]:
            if bound in left:  # no bound of a bound has settled it
                settle(bound)
        what = option.alias or name
        value = given.get(what, {} if option.rest else option.default)
        if not option.fixed:
            setattr(thing, name, value if option.optional and value is None else option.check(what, value, thing))

    while left:
        settle(next(iter(left)))


def _parameters(cls: Any) -> list[inspect.Parameter]:
    """The constructor's: by position, then by name, a class's own before those of its bases."""
    options = {option.alias or name: option for name, option in offered(cls).items()}
    order = [
        name
        for part in cls.ORDER
        for name in ([n for n in options if n not in cls.ORDER] if part is ... else [part])
        if name in options
    ]
    ranks = {}
    for place, (name, option) in enumerate(offered(cls).items()):
        given = option.alias or name
        by_name = (cls.BY_NAME if option.kw_only is None else option.kw_only) if given not in order else False
        origin = max(depth for depth, base in enumerate(cls.__mro__) if name in _of(base)) if by_name else 0
        ranks[given] = (2 if option.rest else int(by_name), origin, order.index(given) if given in order else place)
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    return [
        inspect.Parameter(
            name,
            kinds[ranks[name][0]],
            default=REQUIRED if options[name].rest else options[name].default,
            annotation=options[name].annotation,
        )
        for name in sorted(options, key=ranks.__getitem__)
    ]


def offered(cls: type) -> dict[str, Option]:
    """The options that the class's constructor takes: attribute -> option."""
    return {name: option for name, option in _of(cls).items() if not option.fixed}


def rows(cls: type) -> list[tuple[str, str, str, str]]:
    """For people, in the constructor's order: each option's name, default, what is allowed, and its meaning."""
    by_name = {option.alias or name: option for name, option in offered(cls).items()}
    found = []
    for parameter in inspect.signature(cls).parameters.values():
        option = by_name.get(parameter.name)
        name = str(parameter.replace(annotation=REQUIRED, default=REQUIRED))  # with its stars
        default = "" if parameter.default is REQUIRED else repr(parameter.default)
        found.append((name, default, option.allowed(cls) if option else "", option.meaning if option else ""))
    return found


# kinds of options; `given`: default, kw_only, alias ------------------------------------------------------------------
def _option(meaning: str, check: Callable[..., Any], allowed: Callable[[Any], str], **given: Any) -> Option:
    return Option(meaning, check, allowed, optional=given.get("default", REQUIRED) is None, **given)


def whole(meaning: str, *, low: Bound = -math.inf, high: Bound = math.inf, **given: Any) -> Any:
    """A whole number in [low, high]; or None, if that is the default."""
    return _in_range(meaning, low, high, {"integer": True}, given)


def number(
    meaning: str, *, low: Bound = -math.inf, high: Bound = math.inf, open_low: bool = False, **given: Any
) -> Any:
    """A finite number in [low, high], or (low, high] with `open_low`; or None, if that is the default."""
    return _in_range(meaning, low, high, {"open_low": open_low}, given)


def _in_range(meaning: str, low: Bound, high: Bound, how: dict[str, bool], given: Any) -> Option:
    def check(what: str, value: Any, owner: Any) -> Any:
        return check_range(what, value, _bound(owner, low), _bound(owner, high), **how)

    def allowed(owner: Any) -> str:
        least, most = (_written(owner, bound) for bound in (low, high))
        if not least or not most:
            return f"{'>' if how.get('open_low') else '>='} {least}" if least else f"<= {most}" if most else ""
        return f"{'(' if how.get('open_low') else '['}{least}, {most}]"

    needs = frozenset(term for bound in (low, high) for term in _terms(bound))
    return _option(meaning, check, allowed, needs=needs, **given)


def _terms(bound: Bound) -> list[str]:
    return bound.split(" + ") if isinstance(bound, str) else []


def _bound(owner: Any, bound: Bound) -> Any:
    """A bound as a number."""
    if not isinstance(bound, str):
        return bound
    return sum(int(term) if term.isdigit() else getattr(owner, term) for term in _terms(bound))


def _written(owner: Any, bound: Bound) -> str:
    """A bound for people: options by their names, nothing where it is beyond what anyone gives."""
    options = _of(owner)
    if not options.keys().isdisjoint(_terms(bound)):
        return " + ".join(options[term].alias or term if term in options else term for term in _terms(bound))
    value = _bound(owner, bound)
    return amount(value) if abs(value) < BEYOND else ""


def flag(meaning: str, **given: Any) -> Any:
    """True or False; or None, if that is the default."""
    return _option(meaning, lambda what, value, _: check_flag(what, value), lambda _: "True, False", **given)


def choice(meaning: str, names: Iterable[str] | str, **given: Any) -> Any:
    """One of `names`, or of those in the attribute that `names` names; or None, if that is the default."""
    listed = names if isinstance(names, str) else list(names)

    def of(owner: Any) -> list[str]:
        return list(getattr(owner, listed)) if isinstance(listed, str) else listed

    def check(what: str, value: Any, owner: Any) -> Any:
        return check_choice(what, value, of(owner))

    return _option(meaning, check, lambda owner: ", ".join(of(owner)), **given)


def one_of(meaning: str, numbers: Iterable[int], **given: Any) -> Any:
    """One of some whole numbers."""
    listed = list(numbers)
    allowed = ", ".join(map(str, listed))
    return _option(meaning, lambda what, value, _: check_number(what, value, listed), lambda _: allowed, **given)


def other(meaning: str, *, allowed: str = "", check: Callable[[str, Any, Any], Any] | None = None, **given: Any) -> Any:
    """Whatever check(what, value, owner) lets pass; `allowed` says it for people. Without check, anything."""
    return _option(meaning, check or (lambda what, value, owner: value), lambda _: allowed, **given)


def rest(meaning: str, *, alias: str | None = None) -> Any:
    """All options that are not declared, as a dict; the class checks them."""
    return Option(meaning, lambda what, value, owner: value, lambda _: "", alias=alias, rest=True)


def fixed(value: Any) -> Any:
    """In a subclass: this value and no other, in place of an inherited option."""
    return Fixed(value)
