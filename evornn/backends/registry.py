"""The backends by name: what `Problem(backend=...)` may say, and what stands for each name.

To add one, write a `Backend` with `why_not` and `build`, and name it here. Nothing else lists backends.
"""

from __future__ import annotations

import importlib
from typing import cast

from evornn.backends.base import Backend
from evornn.errors import EvornnError, check_choice

REGISTRY = {  # name -> (module, class in it), imported on first use
    "cpu": ("evornn.backends.cpu", "CpuBackend"),
    "cuda": ("evornn.backends.select", "WithGpu"),
    "auto": ("evornn.backends.select", "Automatic"),
    "plain": ("evornn.backends.reference", "PlainBackend"),
}


def named(name: str) -> type[Backend]:
    """The backend of that name; EvornnError if there is none."""
    module, attribute = REGISTRY[check_choice("backend", name, REGISTRY)]
    return cast(type[Backend], getattr(importlib.import_module(module), attribute))


def usable(name: str) -> type[Backend]:
    """The same; EvornnError, saying what is missing, unless it can run here."""
    backend = named(name)
    if why := backend.why_not():
        raise EvornnError(why)
    return backend
