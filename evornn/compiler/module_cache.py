"""Kernels as modules in memory, named by the hash of everything they depend on.

The name changes with the emitted text, the sources of intrinsics, the library versions and the processor, so what the
cache has under it is never stale. What is compiled is kept by `cache_folder`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import evornn
from evornn.sharing import MAKING, hold_over_forks

PREFIX = "evornn_kernel_"
_FOLDERS = ("compiler", "formula")  # whose sources are in every name: what emitted text means depends on them


@cache
def ingredients() -> str:
    """Hash of what every kernel depends on besides its text."""
    from importlib.metadata import version

    from evornn.compiler.host import features

    package = Path(evornn.__file__).parent
    digest = hashlib.sha256()
    for source in sources():
        digest.update(source.encode() + (package / source).read_bytes())
    host = features()
    digest.update(
        repr(
            (
                evornn.__version__,
                version("numba"),
                version("llvmlite"),
                sys.version_info[:2],
                host["cpu"],
                host["flags"],
            )
        ).encode()
    )
    return digest.hexdigest()


def sources() -> list[str]:
    """Paths of the sources, relative to the package."""
    package = Path(evornn.__file__).parent
    return sorted(str(path.relative_to(package)) for name in _FOLDERS for path in (package / name).rglob("*.py"))


def module_name(text: str) -> str:
    """The stable name of a kernel module."""
    return PREFIX + hashlib.sha256((ingredients() + text).encode()).hexdigest()[:24]


def load(text: str) -> ModuleType:
    """The kernel module with this text: made once, and kept."""
    name = module_name(text)
    with MAKING:
        _hold_numba()
        return sys.modules[name] if name in sys.modules else _executed(name, text)


@contextmanager
def temporary_module(text: str) -> Iterator[ModuleType]:
    """A module with this text for as long as something is compiled from it."""
    from numba.core.registry import CPUDispatcher

    with MAKING:
        _hold_numba()
        module = _executed(module_name(text), text)
        try:
            yield module
        finally:
            for function in vars(module).values():  # Numba holds at one end what leads back to the function
                if isinstance(function, CPUDispatcher) and function.__module__ == module.__name__:
                    function._make_finalizer()()
                    function._reset_overloads()
            del sys.modules[module.__name__]
            vars(module).clear()


def _executed(name: str, text: str) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(__file__=f"<evornn kernel {name}>", __loader__=_Text(text))
    sys.modules[name] = module  # Numba finds a function's globals by the name of its module
    try:
        exec(compile(text, f"<evornn kernel {name}>", "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


class _Text:
    """Shows a kernel's lines in tracebacks."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, name: str) -> str:
        """The module's text."""
        return self._text


@cache
def _hold_numba() -> None:
    """Forks wait for Numba, whose lock a child could not open."""
    from numba.core.compiler_lock import global_compiler_lock

    hold_over_forks(global_compiler_lock)
