"""Kernels as modules in a cache folder, named by the hash of everything they depend on.

Numba's own cache misses closures and returns stale code when a callee in another file changed; here the name changes
with the emitted text, the prelude's sources, the library versions and the processor, so a hit is never stale. Files are
written atomically: several processes may build the same kernel at once, and any of them may be killed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

from evornn.errors import EvornnError
from evornn.shared import MAKING, hold_over_forks

_SOURCES = (
    *(
        f"kernels/{name}.py"
        for name in (
            "prelude",
            "code",
            "ir_tools",
            "outer",
            "products",
            "words",
            "shape",
            "simd",
            "elementary",
            "coefficients",
            "far_angles",
            "payne_hanek",
            "cuda/device",
            "cuda/primitives",
        )
    ),
    "formula/noise.py",
)


def cache_folder() -> Path:
    """Where kernels are kept: EVORNN_CACHE, or the user's cache folder."""
    import platformdirs

    chosen = os.environ.get("EVORNN_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("evornn")) / "kernels"


@cache
def ingredients() -> str:
    """Hash of what every kernel depends on besides its text."""
    import llvmlite
    import numba

    import evornn
    from evornn.kernels.host import features

    package = Path(evornn.__file__).parent
    digest = hashlib.sha256()
    for source in _SOURCES:
        digest.update((package / source).read_bytes())
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


def module_name(text: str) -> str:
    """The stable name of a kernel module."""
    return "evornn_kernel_" + hashlib.sha256((ingredients() + text).encode()).hexdigest()[:24]


def load(text: str) -> ModuleType:
    """The kernel module with this text: from memory, from the cache folder, or written there now."""
    name = module_name(text)
    with MAKING:
        _hold_compilers()
        if name not in sys.modules:
            path = _written(name, text)
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module  # Numba unpickles cached kernels by module name
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
        return sys.modules[name]


@cache
def _hold_compilers() -> None:
    """Forks wait for Numba and LLVM, whose locks a child could not open."""
    from llvmlite.binding import ffi
    from numba.core.compiler_lock import global_compiler_lock

    hold_over_forks(global_compiler_lock)
    llvm = getattr(getattr(ffi.lib, "_lock", None), "_lock", None)
    if llvm is not None:
        hold_over_forks(llvm)


def _written(name: str, text: str) -> Path:
    """The module's file, created atomically; in a temporary folder if the cache cannot be written."""
    try:
        return _write(cache_folder(), name, text)
    except OSError:
        return _write(_fallback(), name, text)


@cache
def _fallback() -> Path:
    import atexit

    folder = Path(tempfile.mkdtemp(prefix="evornn-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.py"
    if not path.exists() or path.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}-", suffix=".tmp")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(text)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    return path


def contents() -> dict[str, int]:
    """Number of kernels in the cache and bytes used, compiled code included."""
    folder = cache_folder()
    files = [f for f in folder.rglob("*") if f.is_file()] if folder.is_dir() else []
    return {"kernels": sum(f.suffix == ".py" for f in files), "bytes": sum(f.stat().st_size for f in files)}


def clear() -> int:
    """Remove every cached kernel; returns how many. Only this library's files are touched."""
    folder = cache_folder()
    removed = 0
    for pattern in ("evornn_kernel_*.py", ".evornn_kernel_*.tmp", "__pycache__/evornn_kernel_*"):
        for file in folder.glob(pattern):
            try:
                file.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise EvornnError(f"cannot remove {file}: {error}") from error
            removed += file.suffix == ".py"
    return removed
