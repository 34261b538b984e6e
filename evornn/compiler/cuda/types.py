"""Types of what is on a GPU: arrays, and kernels that can be started."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Protocol

import numpy as np


class DeviceArray(Protocol):
    """An array on the device."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype: ...
    @property
    def nbytes(self) -> int: ...
    def copy_to_device(self, array: np.ndarray, /, stream: object) -> None: ...
    def copy_to_host(self, array: np.ndarray, /, stream: object) -> object: ...


class Launchable(Protocol):
    """A kernel's entry point: `launchable[blocks, threads, stream](*arguments)` starts it."""

    py_func: FunctionType

    def __getitem__(self, grid: tuple[int, int, object], /) -> Callable[..., None]: ...
