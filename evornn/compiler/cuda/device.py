"""The one door to CUDA: numba.cuda's names, what is missing where it cannot work, devices, memory, compiling to PTX.

numba-cuda is in maintenance; whatever takes its place has to offer what is here. Importing this raises EvornnError
where the package is missing; whether a kernel can run is asked by `check`. With NUMBA_ENABLE_CUDASIM=1 in the
environment kernels are simulated by Python threads: slow, but the same text.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Literal, TypeVar, cast, overload
from unittest import mock

import numpy as np
from numpy.typing import DTypeLike

from evornn.compiler.cuda.types import DeviceArray, Launchable
from evornn.errors import EvornnError, check_choice

if TYPE_CHECKING:
    from llvmlite import ir
    from numba.cuda.core.base import BaseContext
    from numba.cuda.simulator.kernelapi import FakeCUDAShared
    from numba.cuda.types import Type
    from numba.cuda.typing.context import Context
    from numba.cuda.typing.templates import Signature

EXTRAS = "pip install 'evornn[cuda13]' (drivers from 580 on) or 'evornn[cuda12]'"
CAPABILITIES = ("7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "12.0")  # what kernels are compiled for without a device


A = TypeVar("A", bound=np.ndarray | DeviceArray)


def _load() -> tuple[ModuleType, ModuleType, ModuleType]:
    if importlib.util.find_spec("numba_cuda") is None:
        raise EvornnError(f"backend 'cuda' needs the package numba-cuda: {EXTRAS}")
    try:
        from numba import cuda
        from numba.cuda import libdevice, types
    except ImportError as error:
        raise EvornnError(f"backend 'cuda' needs NVIDIA's Python packages ({error}): {EXTRAS}") from error
    return cuda, libdevice, types


cuda, libdevice, types = _load()


def simulated() -> bool:
    """Whether numba.cuda is its simulator here."""
    return bool(cuda.config.ENABLE_CUDASIM)


def _one_shared_array() -> None:
    """Simulated threads that reach the same shared array at once make one each in numba's simulator; make it one."""
    from numba.cuda.simulator.kernelapi import FakeCUDAShared

    lock = threading.Lock()

    def array(self: FakeCUDAShared, shape: int | tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        caller = sys._getframe(1)
        place = (caller.f_code.co_filename, caller.f_lineno)
        with lock:
            if place not in self._allocations:
                self._allocations[place] = np.empty(shape, dtype)
            return self._allocations[place]

    FakeCUDAShared.array = array


if simulated():
    _one_shared_array()


def numba_type(name: str) -> Callable[[object], int]:
    """Numba's type of that name; in the simulator NumPy's."""
    return cast(Callable[[object], int], np.dtype(name).type if simulated() else getattr(types, name))


device_function = (lambda function: function) if simulated() else cuda.jit(device=True, forceinline=True)


def again() -> Callable[[int], int]:
    """A device function that gives a whole number back so that the compiler cannot know it is the same one: what is
    read from there is read again, not kept in registers.
    """
    if simulated():
        return lambda k: k
    from llvmlite import ir
    from numba.cuda.extending import intrinsic

    @intrinsic
    def opaque(context: Context, k: Type) -> tuple[Signature, Callable[..., ir.Value]]:
        def generate(
            context: BaseContext, builder: ir.IRBuilder, signature: Signature, arguments: list[ir.Value]
        ) -> ir.Value:
            wide = ir.IntType(64)
            kind = ir.FunctionType(wide, [wide])
            return builder.call(ir.InlineAsm(kind, "mov.u64 $0, $1;", "=l,l", side_effect=True), arguments)

        return types.int64(types.int64), generate

    return opaque


def kernel(block: int) -> Callable[[Callable[..., None]], Launchable]:
    """Decorator of kernels that run `block` threads a block."""
    if simulated():
        return cuda.jit
    from numba.cuda.dispatcher import CUDACache

    from evornn.compiler.cuda.object_cache import kept

    return lambda function: kept(cuda.jit(launch_bounds=block)(function), CUDACache)


# whether it can work --------------------------------------------------------------------------------------------------
def check_compiler() -> None:
    """Raise EvornnError unless kernels can be compiled to PTX here."""
    if simulated():
        raise EvornnError("the CUDA simulator compiles nothing: unset NUMBA_ENABLE_CUDASIM")
    from numba.cuda.cudadrv import libs, nvrtc, nvvm

    needed = {  # a machine may have one without another: a driver's packages bring NVVM alone
        "NVVM, CUDA's compiler library,": nvvm.NVVM,
        "NVRTC, CUDA's library of targets,": nvrtc.get_supported_ccs,
        "libdevice, CUDA's library of functions,": libs.open_libdevice,
    }
    for name, load in needed.items():
        try:
            load()
        except Exception as error:  # numba-cuda's errors have no common base
            raise EvornnError(f"{name} cannot be loaded ({_line(error)}): {EXTRAS}") from error


def check() -> None:
    """Raise EvornnError unless kernels can run here."""
    if simulated():
        return
    check_compiler()
    if not cuda.is_available():
        why = _line(cuda.cuda_error() or "no device answers")
        raise EvornnError(
            f"backend 'cuda' finds no usable NVIDIA GPU ({why}). It needs a GPU and its driver (`nvidia-smi` lists "
            f"them); backend='cpu' needs neither, and `evornn kernel SPEC --backend cuda` compiles without them"
        )


def linker() -> ModuleType:
    """NVIDIA's nvJitLink bindings; EvornnError where they are missing."""
    try:
        from cuda.bindings import nvjitlink

        nvjitlink.version()
    except (ImportError, RuntimeError) as error:
        state = "is not installed" if isinstance(error, ImportError) else "cannot be loaded"
        raise EvornnError(f"nvJitLink {state}: {EXTRAS}") from error
    return nvjitlink


def _line(error: object) -> str:
    return " ".join(str(error).split()).strip(" :")


@dataclass(frozen=True)
class DeviceFacts:
    """What is known of the device in use. memory: bytes, all and free now."""

    name: str
    capability: tuple[int, int]
    processors: int
    memory: int
    free: int


def facts() -> DeviceFacts:
    """The current device; in the simulator a small one."""
    if simulated():
        return DeviceFacts("CUDA simulator", (0, 0), 1, 2**30, 2**30)
    device = cuda.get_current_device()
    free, total = cuda.current_context().get_memory_info()
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    return DeviceFacts(name, tuple(device.compute_capability), device.MULTIPROCESSOR_COUNT, int(total), int(free))


# arrays and launches --------------------------------------------------------------------------------------------------
class Queue:
    """A stream of copies and launches that run in order, and beside those of other queues. Its arrays have names and
    are used again.
    """

    def __init__(self) -> None:
        self._stream = cuda.stream()
        self._arrays: dict[str, DeviceArray] = {}
        self._pinned: dict[str, np.ndarray] = {}
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []

    @property
    def held(self) -> int:
        """Bytes on the device that its arrays take."""
        return sum(int(a.nbytes) for a in self._arrays.values())

    def upload(self, array: np.ndarray) -> DeviceArray:
        """A copy on the device that stays."""
        return cuda.to_device(np.ascontiguousarray(array), stream=self._stream)

    def array(self, name: str, shape: tuple[int, ...], dtype: str) -> DeviceArray:
        """Its array of that name on the device, content undefined."""
        return self._named(self._arrays, cuda.device_array, name, shape, dtype)

    def _named(
        self, held: dict[str, A], make: Callable[..., A], name: str, shape: tuple[int, ...], dtype: DTypeLike
    ) -> A:
        old = held.get(name)
        if old is None or old.shape != shape or old.dtype != np.dtype(dtype):
            held.pop(name, None)
            held[name] = make(shape, dtype)
        return held[name]

    def refill(self, name: str, array: DeviceArray, values: np.ndarray) -> None:
        """Copy values to an array on the device, by page-locked memory: the call does not wait."""
        buffer = self._named(self._pinned, cuda.pinned_array, f"{name} up", values.shape, array.dtype)
        buffer[...] = values
        array.copy_to_device(buffer, stream=self._stream)

    def launch(self, function: Launchable, blocks: int, threads: int, *arguments: DeviceArray | int) -> None:
        """Start a kernel. A small population is meant to be small: numba's warning about it is not passed on."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Grid size")
            function[blocks, threads, self._stream](*arguments)

    def download(self, name: str, array: DeviceArray, target: np.ndarray) -> None:
        """Copy to page-locked memory; `finish` puts it into `target`."""
        buffer = self._named(self._pinned, cuda.pinned_array, f"{name} down", target.shape, target.dtype)
        array.copy_to_host(buffer, stream=self._stream)
        self._waiting.append((buffer, target))

    def finish(self) -> None:
        """Wait for everything, and hand over what was downloaded."""
        self._stream.synchronize()
        for buffer, target in self._waiting:
            target[...] = buffer
        self._waiting.clear()


# compiling without a device -------------------------------------------------------------------------------------------
def capability(text: str) -> tuple[int, int]:
    """(9, 0) of "9.0"; EvornnError for one that is not known."""
    major, minor = check_choice("the compute capability", text, CAPABILITIES).split(".")
    return int(major), int(minor)


@contextlib.contextmanager
def _pretend(cc: tuple[int, int]) -> Iterator[None]:
    """numba-cuda asks the current device what to compile device functions for; without one, say it."""
    from numba.cuda import dispatcher

    with mock.patch.object(dispatcher, "get_current_device", return_value=SimpleNamespace(compute_capability=cc)):
        yield


@overload
def compile_for(
    function: Launchable,
    arguments: Sequence[np.ndarray | int],
    cc: tuple[int, int],
    block: int,
    output: Literal["ptx"] = "ptx",
) -> str: ...
@overload
def compile_for(
    function: Launchable,
    arguments: Sequence[np.ndarray | int],
    cc: tuple[int, int],
    block: int,
    output: Literal["ltoir"],
) -> bytes: ...
def compile_for(
    function: Launchable, arguments: Sequence[np.ndarray | int], cc: tuple[int, int], block: int, output: str = "ptx"
) -> str | bytes:
    """PTX (or "ltoir", what is linked at run time, as bytes) of a kernel for arguments like these: arrays and whole
    numbers. No device is needed.
    """
    check_compiler()
    kinds = tuple(
        types.Array(getattr(types, str(a.dtype)), a.ndim, "C") if isinstance(a, np.ndarray) else types.int64
        for a in arguments
    )
    with _pretend(cc):
        text, _ = cuda.compile(
            function.py_func, kinds, device=False, cc=cc, output=output, abi="numba", launch_bounds=block
        )
    return text
