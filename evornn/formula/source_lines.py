"""Errors in formulas, and the user's line that they name."""

from __future__ import annotations

import linecache
import sys
import sysconfig
from pathlib import Path
from types import FrameType
from typing import NoReturn

import numpy as np

from evornn.errors import EvornnError

_FORMULA = str(Path(__file__).parent)
_EVORNN = str(Path(__file__).parent.parent)
_NUMPY = str(Path(np.__file__).parent)
_LIBRARY = sysconfig.get_path("stdlib")


class FormulaError(EvornnError):
    """A formula that cannot be traced; the message names the user's file, line and text."""


class NoSuchAttribute(FormulaError, AttributeError):
    """A method or field that a traced value does not have."""


def user_line() -> str:
    """`file:line: text` of the user's own line: of the innermost frame outside evornn, NumPy and Python's library; in
    evornn's own formulas, if none of the user's code runs.
    """
    frame: FrameType | None = sys._getframe(1)
    ours = None
    while frame is not None:
        name = frame.f_code.co_filename
        if ours is None and not name.startswith((_FORMULA, _NUMPY)):
            ours = frame
        if not _of_a_library(name):
            return _line(frame)
        frame = frame.f_back
    return _line(ours) if ours is not None else "a formula"


def _of_a_library(name: str) -> bool:
    library = name.startswith(_LIBRARY) and "site-packages" not in name and "dist-packages" not in name
    return library or name.startswith((_EVORNN, _NUMPY, "<frozen"))


def _line(frame: FrameType) -> str:
    name, line = frame.f_code.co_filename, frame.f_lineno
    return f"{name}:{line}: `{linecache.getline(name, line).strip()}`"


def wrong(message: str) -> FormulaError:
    """The error, naming the user's line."""
    return FormulaError(f"{user_line()}: {message}")


def fail(message: str) -> NoReturn:
    """Raise a FormulaError that names the user's line."""
    raise wrong(message)
