"""Text to object code: Numba reads a kernel's text, LLVM writes machine code that needs neither of them to run.

The functions that a kernel is made of are lowered, and linked into the one that is called from outside; only then are
they optimised, together, and compiled once. What Numba makes of a function for calls from Python is left out: the entry
takes the arguments as they are, see `object_code`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType

import numpy as np
from llvmlite import ir
from llvmlite.binding import ModuleRef
from numba import njit
from numba.core import types
from numba.core.base import BaseContext
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, PassManager, StateDict
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import register_pass
from numba.core.funcdesc import FunctionDescriptor
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering
from numba.np.arrayobj import populate_array
from numba.np.numpy_support import from_dtype

from evornn.compiler.specialization import ENTRY, OTHER_KINDS, Kinds

INT8, INT32, INT64 = (ir.IntType(bits) for bits in (8, 32, 64))
SIZE = ir.IntType(8 * np.dtype(np.intp).itemsize)
# NumPy's objects as C code sees them, after what all of Python's have: places of fields, and their types
POINTER = INT8.as_pointer()
DESCRIPTOR = ir.LiteralStructType([POINTER, INT8, INT8, INT8])
CODE, ORDER = 2, 3  # letters: of the number type, and "=" for the processor's order of bytes
ARRAY = ir.LiteralStructType([POINTER, INT32, SIZE.as_pointer(), SIZE.as_pointer(), POINTER, POINTER, INT32])
DATA, DIMENSIONS, SHAPE, STRIDES, DTYPE, FLAGS = 0, 1, 2, 3, 5, 6
USABLE = 0x101  # flags: C-contiguous, aligned


class KernelLibrary(JITCodeLibrary):
    """The code of one function, and those that it calls: nothing is optimised or compiled before the whole is."""

    def add_linking_library(self, library: JITCodeLibrary) -> None:
        """As Numba's, which would compile it."""
        self._linking_libraries.append(library)

    def _callees(self) -> Iterator[JITCodeLibrary]:
        for library in self._linking_libraries:
            yield library
            if isinstance(library, KernelLibrary):
                yield from library._callees()

    def _get_module_for_linking(self) -> ModuleRef:
        module = self._final_module.clone()
        for function in module.functions:
            if not function.is_declaration:
                function.linkage = "linkonce_odr"  # inlined, or kept once
        return module

    def complete(self) -> KernelLibrary:
        """Link and optimise."""
        for library in dict.fromkeys(self._callees()):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._optimize_final_module()
        self._check_needs()
        self._final_module.verify()
        self._finalized = True
        return self

    def _check_needs(self) -> None:
        """Raise where it calls what is not part of it: LLVM ends the process when it cannot find a function."""
        needed = [one.name for one in self._final_module.functions if one.is_declaration]
        if missing := [name for name in needed if not name.startswith("llvm.")]:
            raise RuntimeError(f"{self.name} cannot run alone, it needs {', '.join(missing)}")

    def object_code(self) -> bytes:
        """The whole as a file that can be linked, in the format of the system."""
        return bytes(self._codegen._tm.emit_object(self._final_module))


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelLowering(NativeLowering):
    """Lowers a function into a `KernelLibrary`, and lets others call it."""

    _name = "kernel_lowering"

    def run_pass(self, state: StateDict) -> bool:
        """As Numba's."""
        state.library = KernelLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        key = [state.func_id.func_name].count  # by which callers find it; Numba takes only C functions, one for each
        state.targetctx.insert_user_function(key, state.cr.fndesc, [state.library])
        state.cr = state.cr._replace(cfunc=key)
        return True


class KernelCompiler(CompilerBase):
    """Numba's passes, with `KernelLowering` for the last."""

    def define_pipelines(self) -> list[PassManager]:
        """The one there is."""
        made = DefaultPassBuilder.define_nopython_pipeline(self.state)
        made.passes = [(KernelLowering if one is NativeLowering else one, why) for one, why in made.passes]
        made.finalize()
        return [made]


def _words(**options: object) -> Callable[[FunctionType], CPUDispatcher]:
    return njit(
        error_model="numpy",
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        _nrt=False,  # arrays belong to the caller
        pipeline_class=KernelCompiler,
        **options,
    )


inline, part_of_kernel = _words(forceinline=True), _words()  # decorators of a kernel's functions


def compiled(module: ModuleType, name: str, kinds: Kinds) -> KernelLibrary:
    """The function `name` of a kernel's module for these arguments, with the entry that `object_code` calls."""
    dispatcher = getattr(module, name)
    arguments = tuple(
        types.Array(from_dtype(np.dtype(code)), ndim, "C") if code else types.int64 for code, ndim in kinds
    )
    with global_compiler_lock:
        dispatcher.compile(arguments)
        made = dispatcher.overloads[arguments]
        _add_entry(made.target_context, made.library, made.fndesc, kinds)
        return made.library.complete()


def _add_entry(context: BaseContext, library: KernelLibrary, function: FunctionDescriptor, kinds: Kinds) -> None:
    module = context.create_module("entry")
    callee = ir.Function(
        module, context.call_conv.get_function_type(function.restype, function.argtypes), function.llvm_func_name
    )
    entry = ir.Function(module, ir.FunctionType(INT32, [INT64.as_pointer()]), ENTRY)
    given = _Given(context, ir.IRBuilder(entry.append_basic_block()), entry.args[0])
    values = [
        given.array(at, kind, code) if code else given.number(at)
        for at, (kind, (code, _)) in enumerate(zip(function.argtypes, kinds, strict=True))
    ]
    status, _ = context.call_conv.call_function(
        given.builder, callee, function.restype, function.argtypes, values, attrs=("noinline",)
    )
    given.builder.ret(status.code)
    library.add_ir_module(module)


class _Given:
    """The arguments that an entry is given: whole numbers, and addresses of NumPy's arrays."""

    def __init__(self, context: BaseContext, builder: ir.IRBuilder, start: ir.Value) -> None:
        self.context, self.builder, self.start = context, builder, start

    def number(self, at: int) -> ir.Value:
        """A whole number."""
        return self.builder.load(self.builder.gep(self.start, [ir.Constant(INT64, at)]))

    def array(self, at: int, kind: types.Array, code: str) -> ir.Value:
        """Numba's view of an array. Where it is not of this kind, the entry returns before anything has run."""
        b = self.builder
        array = self._object(b.inttoptr(self.number(at), POINTER), ARRAY)
        dtype = self._object(self._field(array, DTYPE), DESCRIPTOR)
        for structure, place, wanted, mask in (
            (dtype, CODE, ord(code), 0xFF),
            (dtype, ORDER, ord("="), 0xFF),
            (array, DIMENSIONS, kind.ndim, 0xFFFF),
            (array, FLAGS, USABLE, USABLE),
        ):
            found = self._field(structure, place)
            other = b.icmp_unsigned("!=", b.and_(found, found.type(mask)), found.type(wanted))
            with b.if_then(other, likely=False):
                b.ret(ir.Constant(INT32, OTHER_KINDS))
        view = self.context.make_array(kind)(self.context, b)
        populate_array(
            view,
            data=b.bitcast(self._field(array, DATA), view.data.type),
            shape=self._numbers(array, SHAPE, kind.ndim),
            strides=self._numbers(array, STRIDES, kind.ndim),
            itemsize=ir.Constant(SIZE, np.dtype(code).itemsize),
            meminfo=None,
        )
        return view._getvalue()

    def _object(self, address: ir.Value, structure: ir.Type) -> ir.Value:
        after = self.builder.gep(address, [ir.Constant(INT64, object.__basicsize__)])
        return self.builder.bitcast(after, structure.as_pointer())

    def _field(self, structure: ir.Value, place: int) -> ir.Value:
        return self.builder.load(self.builder.gep(structure, [ir.Constant(INT32, 0), ir.Constant(INT32, place)]))

    def _numbers(self, array: ir.Value, place: int, count: int) -> list[ir.Value]:
        start = self._field(array, place)
        return [self.builder.load(self.builder.gep(start, [ir.Constant(INT64, i)])) for i in range(count)]
