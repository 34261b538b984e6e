"""What a traced value cannot be, and what to write instead."""

from __future__ import annotations

from typing import Any, NoReturn

from evornn.formula.source_lines import fail


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

    def __round__(self, digits: Any = None) -> NoReturn:
        fail("Python's round() gives whole numbers of another kind; use np.round(x) or formula.round(x)")

    __trunc__ = __ceil__ = __round__

    def __floor__(self) -> NoReturn:
        fail("math.floor gives whole numbers of another kind; use floor(x)")

    def __lshift__(self, other: Any) -> NoReturn:
        fail("bits of a traced value cannot be shifted; multiply, or divide and take floor")

    __rlshift__ = __rshift__ = __rrshift__ = __lshift__

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        fail(
            "a value of a formula cannot be changed in place; make a new one: put(x, i, value) for a row at the time "
            "step, concat(x[:i], value, x[i + 1:]), or where(condition, a, b)"
        )

    __delitem__ = __setitem__

    def __format__(self, spec: str) -> str:
        return repr(self)  # prints for debugging are no reason not to trace

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        fail("a traced value cannot become a NumPy array; use the functions of evornn.formula (concat, stack, ...)")
