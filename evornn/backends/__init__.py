"""Module to numbers: everything that can evaluate a simulation, each a `Backend`.

Read `base` first, then `reference`, the oracle: the formulas read by NumPy in float64. `cpu` runs SIMD kernels in
threads (`cpu_kernel`, `threads`, `memory`), `cpu_gradient` and `cpu_tangent` differentiate, `cuda` runs on a GPU,
`select` chooses between the two. `REGISTRY` has what `Problem(backend=...)` may say: to add a backend, write one with
`why_not` and `build`, and name it there; nothing else lists them. `stepwise` and `step_jacobians` take single steps,
for online learning and analysis; `interpreter` reads a graph with an array library.
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
    "plain": ("evornn.backends.reference", "ReferenceBackend"),
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
