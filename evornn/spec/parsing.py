"""Parsing of spec files: TOML, overrides from the command line, and errors that name the place."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from evornn.errors import EvornnError, nearest, shown

T = TypeVar("T")


def read(path: str | Path) -> dict[str, Any]:
    """The tables of a TOML file; EvornnError names the nearest other spec if there is no such file."""
    path = Path(path)
    try:
        return parsed(path.read_text(encoding="utf-8-sig"))  # Windows' editors put a mark before the text
    except FileNotFoundError:
        specs = sorted(str(p) for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        near = f"; {nearest(str(path), specs)}" if specs else ""
        raise EvornnError(f"there is no spec file {path}{near}") from None
    except OSError as error:
        raise EvornnError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise EvornnError(f"{path} is not valid TOML: it is not text in UTF-8 (byte {error.start:,})") from None
    except tomllib.TOMLDecodeError as error:
        raise EvornnError(f"{path} is not valid TOML: {error}") from None


def parsed(text: str) -> dict[str, Any]:
    """The tables of TOML text; TOMLDecodeError also for what Python's reader gives up on."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("it is nested too deeply") from None
    except ValueError:  # Python's limit of what it turns into a number
        raise tomllib.TOMLDecodeError("a number in it has more than 4,300 digits") from None


def override(text: str, form: str) -> tuple[list[str], Any]:
    """The dotted key, in at least two parts, and the value of a text like "search.population=64"; a bare word is text.

    form: what to write instead, told where `text` is something else.
    """
    key, equals, value = text.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or len(parts) < 2 or not all(parts):
        raise EvornnError(f"--set {shown(text)} is not understood; write {form}")
    try:
        found = parsed(f"value = {value}")
    except tomllib.TOMLDecodeError:
        found = {"value": value.strip()}
    if list(found) != ["value"] or (isinstance(found["value"], str) and not found["value"].isprintable()):
        raise EvornnError(
            f"--set {shown(text)} is not one value in one line; write {form}, and --set again for another"
        )
    return parts, found["value"]


def known(table: Mapping[str, object], names: Iterable[str], where: str) -> None:
    """Raise EvornnError, naming the place and the nearest name, if `table` has a key that is not one of `names`."""
    names = list(names)
    if not isinstance(table, Mapping):
        raise EvornnError(f"{where} is {shown(table)}; it must be a table of {', '.join(names)}")
    for key in table:
        if key not in names:
            raise EvornnError(f"{where}: there is no {shown(key)} here; {nearest(key, names)}")


def located(where: str, make: Callable[[], T]) -> T:
    """What `make` gives; an error in it is told with the place in the spec that caused it."""
    try:
        return make()
    except EvornnError as error:
        raise EvornnError(f"{where}: {error}") from None
