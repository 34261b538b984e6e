"""Numba's cache of compiled functions, in files of our own: no index that can be damaged, and no error but a miss."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Hashable
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from evornn.compiler.cache_folder import cache_folder, forget, read, say_once, write
from evornn.compiler.module_cache import PREFIX, module_name

if TYPE_CHECKING:
    from numba.core.base import BaseContext
    from numba.core.caching import Cache
    from numba.core.compiler import CompileResult
    from numba.core.typing.templates import Signature


class Jitted(Protocol):
    """A function that Numba compiles when it is called, and what it calls when nothing else does."""

    py_func: FunctionType
    _cache: Cache


D = TypeVar("D", bound=Jitted)


class _Entries:
    """What Numba's cache writes to and reads from, in place of its index and numbered files."""

    def __init__(self, function: FunctionType, dump: Callable[[object], bytes]) -> None:
        self._module, self._function, self._dump = function.__module__, function.__qualname__, dump
        if not self._module.startswith(PREFIX):  # written by hand: named by the text of its file
            self._module = module_name(Path(function.__code__.co_filename).read_text(encoding="utf-8"))

    def name(self, key: Hashable) -> str:
        """The file of one signature of the function on one kind of processor."""
        digest = hashlib.sha256(repr((self._function, key)).encode()).hexdigest()
        return f"{self._module}-{digest[:16]}.kernel"

    def save(self, key: Hashable, data: object) -> None:
        write(self.name(key), self._dump(data))

    def load(self, key: Hashable) -> object:
        content = read(self.name(key))
        return None if content is None else pickle.loads(content)

    def flush(self) -> None:
        """Nothing is held back."""


class _Locator:
    """Says to Numba where a generated function is kept: the name of its module says what it depends on."""

    def ensure_cache_path(self) -> None:
        """`write` makes the folder."""

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return ""

    def get_disambiguator(self) -> str | None:
        return None

    @classmethod
    def from_function(cls, function: FunctionType, file: str) -> _Locator:
        return cls()


def guarded(base: Any) -> type[Cache]:
    """Numba's cache class `base` over `_Entries`."""

    class Implementation(base._impl_class):
        _locator_classes = (_Locator,)

    class Guarded(base):
        _impl_class = Implementation
        _cache_file: _Entries

        def __init__(self, function: FunctionType) -> None:
            super().__init__(function)
            self._cache_file = _Entries(function, self._cache_file._dump)

        def load_overload(self, sig: Signature, target_context: BaseContext) -> CompileResult | None:
            try:
                return super().load_overload(sig, target_context)
            except Exception as error:  # whole, but of no use here: it is compiled and written again
                say_once(f"an entry cannot be used ({type(error).__name__}: {error})")
                forget(self._cache_file.name(self._index_key(sig, target_context.codegen())))
                return None

        def save_overload(self, sig: Signature, data: CompileResult) -> None:
            try:
                super().save_overload(sig, data)
            except Exception as error:
                say_once(f"an entry cannot be kept ({type(error).__name__}: {error})")

    return Guarded


def kept(dispatcher: D, base: type[Cache]) -> D:
    """The jitted function with its compiled code kept in the cache; `base`: the cache class of its kind."""
    dispatcher._cache = guarded(base)(dispatcher.py_func)
    return dispatcher
