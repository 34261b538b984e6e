"""Python's operators on traced values: what each makes a node of, and what cannot be.

The modules that make nodes build on this one; they are known here by `install`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from evornn.formula.source_lines import fail

if TYPE_CHECKING:
    from evornn.formula.node import Index, Node, Operand

_built_on_nodes: dict[str, ModuleType] = {}  # modules that build on this one, and that its operators call


def install(name: str, module: ModuleType) -> None:
    """Make a module known to the operators, when it is imported."""
    _built_on_nodes[name] = module


def nodes() -> Any:
    """How nodes are made."""
    return _built_on_nodes["node"]


def arithmetic() -> Any:
    """What is composed of several operations: powers and remainders."""
    return _built_on_nodes["arithmetic"]


def numpy_names() -> Any:
    """What NumPy's functions of traced values mean."""
    return _built_on_nodes["numpy_names"]


class Operators:
    """The operators of `Node`, and NumPy's functions of one."""

    __slots__ = ()
    op: str
    shape: tuple[int, ...]
    dtype: str

    # arithmetic -------------------------------------------------------------------------------------------------------
    def __add__(self, other: Operand) -> Node:
        return nodes().binary("add", self, other)

    def __radd__(self, other: Operand) -> Node:
        return nodes().binary("add", other, self)

    def __sub__(self, other: Operand) -> Node:
        return nodes().binary("sub", self, other)

    def __rsub__(self, other: Operand) -> Node:
        return nodes().binary("sub", other, self)

    def __mul__(self, other: Operand) -> Node:
        return nodes().binary("mul", self, other)

    def __rmul__(self, other: Operand) -> Node:
        return nodes().binary("mul", other, self)

    def __truediv__(self, other: Operand) -> Node:
        return nodes().binary("div", self, other)

    def __rtruediv__(self, other: Operand) -> Node:
        return nodes().binary("div", other, self)

    def __floordiv__(self, other: Operand) -> Node:
        return arithmetic().whole_arithmetic("floordiv", self, other)

    def __rfloordiv__(self, other: Operand) -> Node:
        return arithmetic().whole_arithmetic("floordiv", other, self)

    def __mod__(self, other: Operand) -> Node:
        return arithmetic().whole_arithmetic("mod", self, other)

    def __rmod__(self, other: Operand) -> Node:
        return arithmetic().whole_arithmetic("mod", other, self)

    def __divmod__(self, other: Operand) -> tuple[Node, Node]:
        return self // other, self % other

    def __rdivmod__(self, other: Operand) -> tuple[Node, Node]:
        return self.__rfloordiv__(other), self.__rmod__(other)

    def __neg__(self) -> Node:
        return nodes().unary("neg", self)

    def __pos__(self) -> Node:
        nodes().refuse_conditions("+", self)
        return nodes().lift(self)

    def __abs__(self) -> Node:
        return nodes().unary("abs", self)

    def __pow__(self, power: Operand, modulus: None = None) -> Node:
        return arithmetic().power(self, power) if modulus is None else fail("pow takes no modulus in a formula; use %")

    def __rpow__(self, base: Operand) -> Node:
        return arithmetic().power(base, self)

    def __matmul__(self, other: Operand) -> Node:
        return nodes().matmul(self, other)

    def __rmatmul__(self, other: Operand) -> Node:
        return nodes().matmul(other, self)

    # comparisons and masks --------------------------------------------------------------------------------------------
    def __lt__(self, other: Operand) -> Node:
        return nodes().compare("lt", self, other)

    def __le__(self, other: Operand) -> Node:
        return nodes().compare("le", self, other)

    def __gt__(self, other: Operand) -> Node:
        return nodes().compare("lt", other, self)

    def __ge__(self, other: Operand) -> Node:
        return nodes().compare("le", other, self)

    def __eq__(self, other: Operand) -> Node:  # type: ignore[override]
        return nodes().compare("eq", self, other)

    def __ne__(self, other: Operand) -> Node:  # type: ignore[override]
        return nodes().compare("ne", self, other)

    __hash__ = object.__hash__

    def __and__(self, other: Operand) -> Node:
        return nodes().logical("and", self, other)

    __rand__ = __and__

    def __or__(self, other: Operand) -> Node:
        return nodes().logical("or", self, other)

    __ror__ = __or__

    def __xor__(self, other: Operand) -> Node:
        return nodes().logical("xor", self, other)

    __rxor__ = __xor__

    def __invert__(self) -> Node:
        if self.dtype != "bool":
            fail("~ needs a condition (a comparison), not a number")
        return nodes().Node("not", (self,), self.shape, "bool")

    # parts ------------------------------------------------------------------------------------------------------------
    def __len__(self) -> int:
        if not self.shape:
            fail("a scalar has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Node]:
        return iter([self[i] for i in range(len(self))])

    def __getitem__(self, key: Index) -> Node:
        return nodes().index(self, key)

    # NumPy's names ----------------------------------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Operand, **kwargs: object) -> object:
        return numpy_names().apply_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Callable[..., object], types: object, args: Any, kwargs: Any) -> object:
        return numpy_names().apply_function(function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in type(self).__slots__:
            raise AttributeError(name)
        return numpy_names().method(self, name)


class Refusals:
    """Uses of a number that would need to know it while a formula is traced."""

    __slots__ = ()

    def __bool__(self) -> NoReturn:
        fail(
            "a traced value has no truth value: it differs between individuals, so `if`, `while`, `and`, `or`, `not`, "
            "`a < b < c`, `in`, `min` and `max` "
            "cannot follow it; use where(condition, a, b), `&`, `|`, `~`, minimum or maximum"
        )

    def __float__(self) -> NoReturn:
        fail(
            "float() of a traced value, or a function of `math`: it has no number yet; keep it in the formula, "
            "choose with where(condition, a, b), and use the functions of evornn.formula (sin, exp, floor, ...) or "
            "their NumPy names"
        )

    __complex__ = __float__

    def __int__(self) -> NoReturn:
        fail("int() of a traced value: it has no number yet; use floor(x), lookup(table, x) or where(condition, a, b)")

    __index__ = __int__

    def __round__(self, digits: int | None = None) -> NoReturn:
        fail("Python's round() gives whole numbers of another kind; use np.round(x) or formula.round(x)")

    __trunc__ = __ceil__ = __round__

    def __floor__(self) -> NoReturn:
        fail("math.floor gives whole numbers of another kind; use floor(x)")

    def __lshift__(self, other: object) -> NoReturn:
        fail("bits of a traced value cannot be shifted; multiply, or divide and take floor")

    __rlshift__ = __rshift__ = __rrshift__ = __lshift__

    def __setitem__(self, key: object, value: object) -> NoReturn:
        fail(
            "a value of a formula cannot be changed in place; make a new one: put(x, i, value) for a row at the time "
            "step, concat(x[:i], value, x[i + 1:]), or where(condition, a, b)"
        )

    __delitem__ = __setitem__

    def __format__(self, spec: str) -> str:
        return repr(self)  # prints for debugging are no reason not to trace

    def __array__(self, *_: object, **__: object) -> NoReturn:
        fail("a traced value cannot become a NumPy array; use the functions of evornn.formula (concat, stack, ...)")
