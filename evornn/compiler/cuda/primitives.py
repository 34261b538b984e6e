"""Primitives of generated CUDA kernels: about thirty operations of one thread, compiled or simulated.

Compiled, arithmetic goes through libdevice's `..._rn` functions: PTX then carries the rounding mode, and neither NVVM
nor ptxas may fuse a product with a sum. Simulated, the same operations are NumPy's, so that the CUDA simulator computes
what a GPU does, bit for bit. This is the only part of a kernel that the two do not share.

Elementary functions are our own polynomials, though NVIDIA's take fewer machine instructions (sm_90, executed, ours and
theirs: exp 16 and 8, tanh 25 and 16, log 33 and 24, sigmoid 25 and 16 with a quotient; sin about 30 each): theirs use
approximate reciprocals and powers, and a network would not compute the same on a GPU as on a CPU.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import math
from collections.abc import Callable

import numpy as np

from evornn.compiler.cuda.device import again, cuda, device_function, kernel, libdevice, numba_type, simulated
from evornn.compiler.lanes import payne_hanek
from evornn.compiler.lanes.numpy_lanes import NumpyLanes

TABLE = np.array(payne_hanek.WORDS, np.uint32)
Names = dict[str, object]  # of functions, types, decorators and numbers, for generated text
Scalar = np.ndarray  # one number, as `NumpyLanes` has it


def primitives(precision: str) -> Names:
    """Every name that generated text may use, for "float32" or "float64"."""
    shared = {"cuda": cuda, "NAN": math.nan, "INFINITY": math.inf, "kernel": kernel, "again": again()}
    return shared | (_simulated(precision) if simulated() else _compiled(precision))


def _compiled(precision: str) -> Names:
    single = precision == "float32"
    f, i, u, w, s = (numba_type(n) for n in (precision, "int32" if single else "int64", "uint32", "uint64", "int64"))
    letter, tail = ("f", "f") if single else ("d", "")
    add_, mul_, div_, root_ = (getattr(libdevice, f"{letter}{n}_rn") for n in ("add", "mul", "div", "sqrt"))
    fma_ = libdevice.fmaf_rn if single else libdevice.fma_rn
    floor_, fabs_, sign_ = (getattr(libdevice, n + tail) for n in ("floor", "fabs", "copysign"))
    bits_ = libdevice.float_as_int if single else libdevice.double_as_longlong
    float_ = libdevice.int_as_float if single else libdevice.longlong_as_double
    unsigned = u if single else w
    table = TABLE
    functions = {
        "add": lambda a, b: add_(a, b),
        "sub": lambda a, b: add_(a, -b),
        "mul": lambda a, b: mul_(a, b),
        "div": lambda a, b: div_(a, b),
        "fma": lambda a, b, c: fma_(a, b, c),
        "root": lambda x: root_(x),
        "floored": lambda x: floor_(x),
        "absolute": lambda x: fabs_(x),
        "signed": lambda a, b: sign_(a, b),
        "bits_of": lambda x: bits_(x),
        "float_of": lambda k: float_(k),
        "library_sin": lambda x: libdevice.sin(x),
        "library_cos": lambda x: libdevice.cos(x),
        "i_add": lambda a, b: i(a + b),
        "i_sub": lambda a, b: i(a - b),
        "i_and": lambda a, b: i(a & b),
        "i_or": lambda a, b: i(a | b),
        "i_xor": lambda a, b: i(a ^ b),
        "i_shl": lambda a, k: i(a << k),
        "i_shr": lambda a, k: i(unsigned(a) >> unsigned(k)),
        "u_add": lambda a, b: u(a + b),
        "u_or": lambda a, b: u(a | b),
        "u_xor": lambda a, b: u(a ^ b),
        "u_shl": lambda a, k: u(a << k),
        "u_shr": lambda a, k: u(a >> k),
        "w_add": lambda a, b: w(a + b),
        "w_sub": lambda a, b: w(a - b),
        "w_mul": lambda a, b: w(a * b),
        "w_and": lambda a, b: w(a & b),
        "w_or": lambda a, b: w(a | b),
        "w_shl": lambda a, k: w(a << k),
        "w_shr": lambda a, k: w(a >> k),
        "w_signed": lambda a: s(a),
        "w_whole": lambda x: s(x),
        "w_float": lambda a: f(a),
        "two_over_pi": lambda k: table[k],
        "index": lambda k: w(k),
    }
    return {"f": f, "i": i, "u": u, "w": w, "inline": device_function} | {
        name: device_function(function) for name, function in functions.items()
    }


def _simulated(precision: str) -> Names:
    dtype = np.dtype(precision)
    f, bits = dtype.type, 8 * dtype.itemsize
    whole = np.dtype(f"int{bits}").type

    def wrapped(k: int, width: int = bits) -> int:
        return (k + (1 << width - 1)) % (1 << width) - (1 << width - 1)

    def word(k: int | np.integer) -> int:
        return int(k) & 0xFFFFFFFF

    def wide(k: int | np.integer) -> int:
        return int(k) & 0xFFFFFFFFFFFFFFFF

    return {
        "inline": lambda function: function,
        "f": f,
        "i": lambda k: wrapped(int(k)),
        "u": word,
        "w": wide,
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "fma": _fused(dtype),
        "root": np.sqrt,
        "floored": np.floor,
        "absolute": abs,
        "signed": np.copysign,
        "bits_of": lambda x: int(x.view(whole)),
        "float_of": lambda k: whole(k).view(dtype),
        "library_sin": np.sin,
        "library_cos": np.cos,
        "i_add": lambda a, b: wrapped(a + b),
        "i_sub": lambda a, b: wrapped(a - b),
        "i_and": lambda a, b: a & b,
        "i_or": lambda a, b: a | b,
        "i_xor": lambda a, b: a ^ b,
        "i_shl": lambda a, k: wrapped(a << k),
        "i_shr": lambda a, k: wrapped((a & ((1 << bits) - 1)) >> k),
        "u_add": lambda a, b: word(a + b),
        "u_or": lambda a, b: a | b,
        "u_xor": lambda a, b: a ^ b,
        "u_shl": lambda a, k: word(a << k),
        "u_shr": lambda a, k: a >> k,
        "w_add": lambda a, b: wide(a + b),
        "w_sub": lambda a, b: wide(a - b),
        "w_mul": lambda a, b: wide(a * b),
        "w_and": lambda a, b: a & b,
        "w_or": lambda a, b: a | b,
        "w_shl": lambda a, k: wide(a << k),
        "w_shr": lambda a, k: a >> k,
        "w_signed": lambda a: wrapped(a, 64),
        "w_whole": int,
        "w_float": lambda a: np.int64(a).astype(dtype),
        "two_over_pi": lambda k: int(TABLE[k]),
        "index": lambda k: k,
    }


def _fused(dtype: np.dtype) -> Callable[[Scalar, Scalar, Scalar], Scalar]:
    """a b + c of scalars, rounded once: the C library's (PyDLL keeps the interpreter lock, so that simulated threads
    do not change places at every call); where there is none, NumPy's way round, far slower.
    """
    library = ctypes.util.find_library("m")
    if library is None:
        return NumpyLanes(dtype).fma
    single = dtype.itemsize == 4
    kind, f = (ctypes.c_float if single else ctypes.c_double), dtype.type
    function = getattr(ctypes.PyDLL(library), "fmaf" if single else "fma")
    function.argtypes, function.restype = [kind] * 3, kind
    return lambda a, b, c: f(function(a, b, c))
