"""Kernels as modules in memory, named by the hash of everything they depend on.

Numba's own cache misses closures and returns stale code when a callee in another file changed; here the name changes
with the emitted text, the sources of intrinsics, the library versions and the processor, so a hit is never stale. What
is compiled is kept by `cache_folder`.
"""

from __future__ import annotations

import hashlib
import sys
import weakref
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import evornn
from evornn.sharing import MAKING, hold_over_forks

if TYPE_CHECKING:
    from numba.core.lowering import Environment

PREFIX = "evornn_kernel_"
_FOLDERS = ("compiler", "formula")  # whose sources are in every name: what emitted text means depends on them


@cache
def ingredients() -> str:
    """Hash of what every kernel depends on besides its text."""
    import llvmlite
    import numba

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
                numba.__version__,
                llvmlite.__version__,
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


class Loaded:
    """A kernel module that is in use: its functions are attributes. Whoever may call one holds this; once nobody does,
    what was compiled is freed, when the next kernel is loaded.
    """

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., None]:
        return getattr(self._module, name)


_in_use: weakref.WeakValueDictionary[str, Loaded] = weakref.WeakValueDictionary()
_dropped: deque[str] = deque()  # names of modules that may be out of use; all that a finalizer, in any thread, touches


def load(text: str) -> Loaded:
    """The kernel module with this text: from memory, from the cache folder, or written there now."""
    name = module_name(text)
    with MAKING:
        _hold_compilers()
        loaded = _in_use.get(name)
        _free_dropped()
        if loaded is None:
            loaded = _in_use[name] = Loaded(sys.modules[name] if name in sys.modules else _executed(name, text))
            weakref.finalize(loaded, _dropped.append, name).atexit = False
        return loaded


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


def _free_dropped() -> None:
    """Free what was compiled for modules that nobody holds any more."""
    while _dropped:
        name = _dropped.popleft()
        if name not in _in_use and name in sys.modules:
            _free(name)


_environments: list[Environment] = []  # of freed code, which LLVM keeps and which points to them: small


def _free(name: str) -> None:
    """Break the cycles that Numba holds at one end: its finalizer of a function holds the compiled code, which leads
    back to the function through the module. LLVM keeps the machine code itself: removing that is not safe.
    """
    from numba.core.registry import CPUDispatcher

    module = sys.modules[name]
    functions = [f for f in vars(module).values() if isinstance(f, CPUDispatcher) and f.__module__ == name]
    if not functions:  # a GPU's, which may be at work on them still
        return
    for function in functions:
        _environments.extend(compiled.environment for compiled in function.overloads.values())
        function._make_finalizer()()
        function._reset_overloads()
    del sys.modules[name]
    vars(module).clear()


class _Text:
    """Shows a kernel's lines in tracebacks."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, name: str) -> str:
        """The module's text."""
        return self._text


@cache
def _hold_compilers() -> None:
    """Forks wait for Numba and LLVM, whose locks a child could not open."""
    from llvmlite.binding import ffi
    from numba.core.compiler_lock import global_compiler_lock

    hold_over_forks(global_compiler_lock)
    llvm = getattr(getattr(ffi.lib, "_lock", None), "_lock", None)
    if llvm is not None:
        hold_over_forks(llvm)
