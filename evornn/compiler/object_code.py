"""Kernels of the CPU as object code: read from the cache, or compiled and kept there; loaded, and called.

To load and call a kernel takes LLVM's linker and `ctypes`; Numba is imported only where one must be compiled. The entry
of a kernel takes NumPy's arrays by their address and whole numbers by value; the GIL is not held during a call.
"""

from __future__ import annotations

import ctypes
import hashlib
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from struct import pack
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from evornn.compiler.cache_folder import forget, read, say_once, write
from evornn.compiler.module_cache import module_name, temporary_module
from evornn.compiler.specialization import ENTRY, OTHER_KINDS, Kinds
from evornn.sharing import MAKING, hold_over_forks

if TYPE_CHECKING:
    from llvmlite.binding import ExecutionEngine, Target

Block = bytes | ctypes.Array[ctypes.c_int64]  # the words of arguments, 64 bits each
Run = Callable[[Block], int]  # an entry


class Entry:
    """A function in a kernel's text that can be called; loaded on the first call, for arguments of its kinds.

    Whoever may call it holds it; once nobody does, its code is freed, when another is loaded.
    """

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.loaded: dict[Kinds, Run] = {}
        self.compiled = 0  # of them, how many were not in the cache
        self._run: Run = lambda block: OTHER_KINDS  # the last one loaded

    def __call__(self, *arguments: np.ndarray | int) -> None:
        """Run it. Arrays must be contiguous and aligned."""
        self.run(pack(f"{len(arguments)}q", *words(arguments)), arguments)

    def run(self, block: Block, arguments: Sequence[np.ndarray | int]) -> None:
        """The same, for who calls often: `block` has the `words` of these arguments."""
        status = self._run(block)
        if status == OTHER_KINDS:
            status = self._loaded(_kinds(arguments))(block)
        if status:
            raise RuntimeError(f"the kernel {self.name} ended with status {status}")

    def _loaded(self, kinds: Kinds) -> Run:
        with MAKING:
            if kinds not in self.loaded:
                _free_dropped()
                engine = self._from_cache(kinds) or self._made(kinds)
                weakref.finalize(self, _dropped.append, engine).atexit = False
                self._run = self.loaded[kinds] = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(
                    engine.get_function_address(ENTRY)
                )
            return self.loaded[kinds]

    def _file(self, kinds: Kinds) -> str:
        described = repr((self.name, kinds, object.__basicsize__, np.__version__))  # the entry reads NumPy's objects
        return f"{module_name(self.text)}-{hashlib.sha256(described.encode()).hexdigest()[:16]}.kernel"

    def _from_cache(self, kinds: Kinds) -> ExecutionEngine | None:
        name = self._file(kinds)
        content = read(name)
        if content is None:
            return None
        try:
            title, _, code = content.partition(b"\n")
            if title != _title(name):
                raise ValueError("it is none of this kernel")
            return _engine(code)
        except Exception as error:  # whole, but of no use here: it is compiled and written again
            say_once(f"an entry cannot be used ({type(error).__name__}: {error})")
            forget(name)
            return None

    def _made(self, kinds: Kinds) -> ExecutionEngine:
        self.compiled += 1
        code = object_code(self.text, self.name, kinds)
        name = self._file(kinds)
        write(name, _title(name) + b"\n" + code)
        return _engine(code)


def _title(name: str) -> bytes:
    return f"evornn object code {name}".encode()


def object_code(text: str, name: str, kinds: Kinds) -> bytes:
    """Compile a function of a kernel's text."""
    from evornn.compiler.simd.native import compiled

    with temporary_module(text) as module:
        return compiled(module, name, kinds).object_code()


def assembly(text: str, name: str, kinds: Kinds) -> str:
    """The same for people to read."""
    from evornn.compiler.simd.native import compiled

    with temporary_module(text) as module:
        return str(compiled(module, name, kinds).get_asm_str())


def words(arguments: Iterable[np.ndarray | int]) -> list[int]:
    """What an entry takes for arguments: whole numbers as they are, arrays by their address."""
    return [id(a) if isinstance(a, ndarray) else a for a in arguments]


def _kinds(arguments: Sequence[np.ndarray | int]) -> Kinds:
    arrays = [a for a in arguments if isinstance(a, ndarray)]
    if not all(a.flags.c_contiguous and a.flags.aligned and a.dtype.isnative for a in arrays):
        raise ValueError("kernels take arrays that are contiguous, aligned, and in the processor's order of bytes")
    return tuple((a.dtype.char, a.ndim) if isinstance(a, ndarray) else ("", 0) for a in arguments)


# what is loaded -------------------------------------------------------------------------------------------------------
_in_use: weakref.WeakValueDictionary[tuple[str, str], Entry] = weakref.WeakValueDictionary()
_dropped: deque[ExecutionEngine] = deque()  # of kernels that nobody holds; all that a finalizer, in any thread, touches


def entry(text: str, name: str) -> Entry:
    """The function `name` of a kernel's text; the same for all who ask for it."""
    with MAKING:
        return _in_use.setdefault((module_name(text), name), Entry(text, name))


def held() -> int:
    """How many are held, or were and are not freed yet."""
    return len(_in_use) + len(_dropped)


def _free_dropped() -> None:
    while _dropped:
        _dropped.popleft().close()


def _engine(code: bytes) -> ExecutionEngine:
    """Object code in memory, ready to run."""
    from llvmlite import binding

    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _target().create_target_machine(jit=True))
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    if not engine.get_function_address(ENTRY):
        raise ValueError("it has no entry")
    return engine


@cache
def _target() -> Target:
    """The processor, for LLVM. Forks wait for LLVM's lock, which a child could not open."""
    from llvmlite import binding
    from llvmlite.binding import ffi

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    lock = getattr(getattr(ffi.lib, "_lock", None), "_lock", None)
    if lock is not None:
        hold_over_forks(lock, innermost=True)
    return binding.Target.from_default_triple()
