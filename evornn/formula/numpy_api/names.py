"""NumPy's functions and methods of traced values: the formula's operation where there is one, else an error that says
what to use.
"""

from __future__ import annotations

import difflib
import math
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from evornn.formula import arithmetic, elementwise, operations
from evornn.formula import node as graph
from evornn.formula.node import Node, Operand, as_float, binary, compare, lift, logical, unary
from evornn.formula.numpy_api.functions import FUNCTIONS, ravel
from evornn.formula.operators import install
from evornn.formula.source_lines import NoSuchAttribute, fail, user_line

OFFERED: list[str] = []  # the names of evornn.formula, which fills it


def _not(a: Operand) -> Node:
    return ~lift(a)


def _finite(x: Operand) -> Node:
    node = as_float(lift(x))
    return compare("eq", node - node, 0.0)


def _truncated(x: Operand) -> Node:
    node = as_float(lift(x))
    return operations.where(node < 0.0, -elementwise.floor(-node), elementwise.floor(node))


def _whole(op: str) -> Callable[..., Node]:
    return lambda a, b: arithmetic.whole_arithmetic(op, a, b)


def _comparison(op: str, swapped: bool = False) -> Callable[..., Node]:
    return lambda a, b: compare(op, b, a) if swapped else compare(op, a, b)


def _operator(op: str) -> Callable[..., Node]:
    return lambda *values: (unary if len(values) == 1 else binary)(op, *values)


_UFUNCS: dict[str, Callable[..., Any]] = {
    **{name: _operator(o.name) for o in elementwise.OPERATIONS.values() for name in o.numpy},
    "positive": lambda a: +lift(a),
    "power": arithmetic.power,
    "float_power": arithmetic.power,
    "floor_divide": _whole("floordiv"),
    "remainder": _whole("mod"),
    "divmod": lambda a, b: (_whole("floordiv")(a, b), _whole("mod")(a, b)),
    "square": lambda a: binary("mul", a, a),
    "reciprocal": lambda a: binary("div", 1.0, a),
    "exp2": lambda a: arithmetic.power(2.0, a),
    "log2": lambda a: unary("log", a) * (1.0 / math.log(2.0)),
    "log10": lambda a: unary("log", a) * (1.0 / math.log(10.0)),
    "tan": lambda a: unary("sin", a) / unary("cos", a),
    "hypot": lambda a, b: unary("sqrt", binary("mul", a, a) + binary("mul", b, b)),
    "arcsin": operations.arcsin,
    "arccos": operations.arccos,
    "rint": lambda a: operations.round(a),
    "ceil": lambda a: -unary("floor", unary("neg", a)),
    "trunc": _truncated,
    "deg2rad": lambda a: binary("mul", a, math.pi / 180.0),
    "radians": lambda a: binary("mul", a, math.pi / 180.0),
    "rad2deg": lambda a: binary("mul", a, 180.0 / math.pi),
    "degrees": lambda a: binary("mul", a, 180.0 / math.pi),
    "matmul": graph.matmul,
    "vecdot": graph.matmul,
    "matvec": graph.matmul,
    "less": _comparison("lt"),
    "less_equal": _comparison("le"),
    "greater": _comparison("lt", swapped=True),
    "greater_equal": _comparison("le", swapped=True),
    "equal": _comparison("eq"),
    "not_equal": _comparison("ne"),
    "isnan": lambda a: compare("ne", a, a),
    "isfinite": _finite,
    "isinf": lambda a: compare("eq", unary("abs", a), math.inf),
    **{
        f"{kind}_{op}": lambda a, b, op=op: logical(op, a, b)
        for op in ("and", "or", "xor")
        for kind in ("bitwise", "logical")
    },
    "invert": _not,
    "logical_not": _not,
}

_METHODS: dict[str, Callable[..., Any]] = {
    **{f.__name__: FUNCTIONS[f] for f in (np.sum, np.mean, np.max, np.min, np.prod, np.var, np.std, np.any, np.all)},
    **{f.__name__: FUNCTIONS[f] for f in (np.clip, np.dot, np.round, np.ravel, np.argmax, np.reshape, np.squeeze)},
    **{f.__name__: FUNCTIONS[f] for f in (np.cumsum, np.cumprod)},
    "flatten": ravel,
    "copy": lambda x: x,
}
_INSTEAD = {
    "logaddexp": "softplus", "expit": "sigmoid", "piecewise": "where", "select": "where", "interp": "lookup",
    "take": "lookup", "choose": "lookup", "place": "where", "put": "put", "fmax": "maximum", "fmin": "minimum",
    "fmod": "%", "einsum": "@", "tensordot": "@", "array_split": "split", "hsplit": "split",
    "sinh": "exp", "cosh": "exp", "log1p": "log", "expm1": "exp", "heaviside": "where",
    "nan_to_num": "where", "astype": "where", "item": "x[0]", "tolist": "concat",
    "column_stack": "stack", "atleast_1d": "stack", "array": "concat",
}  # fmt: skip


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """np.tanh(x) and array * x, traced like tanh(x) and x * array."""
    operation = _UFUNCS.get(ufunc.__name__)
    if "out" in kwargs:
        fail("a value of a formula cannot be written into an array: `a += x` on a NumPy array; write a = a + x")
    if method != "__call__" or operation is None:
        _unknown(f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method}", ufunc.__name__)
    if kwargs:
        fail(f"np.{ufunc.__name__} takes no {', '.join(kwargs)} in a formula")
    return operation(*inputs)


def apply_function(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """np.clip(x, 0, 1), np.concatenate([x, y]) and what else has a meaning."""
    module = function.__module__.removeprefix("numpy").strip(".")
    name = ".".join(["np", *([module] if module else []), function.__name__])
    operation = FUNCTIONS.get(function)
    if operation is None:
        _unknown(name, function.__name__)
    return _called(name, operation, *args, **kwargs)


def method(node: Node, name: str) -> Any:
    """x.sum() and other methods that arrays have."""
    operation = _METHODS.get(name)
    if operation is not None and node.dtype != "int":
        return lambda *args, **kwargs: _called(f".{name}", operation, node, *args, **kwargs)
    raise NoSuchAttribute(f"{user_line()}: a traced value has no .{name}{_hint(name)}")


def _called(name: str, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return operation(*args, **kwargs)
    except TypeError as error:
        fail(f"{name} in a formula: {str(error).split('() ', 1)[-1]}")


def _unknown(name: str, last: str) -> NoReturn:
    fail(f"{name} is not a formula operation{_hint(last)}")


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, OFFERED, n=1, cutoff=0.75)
    instead = _INSTEAD.get(name) or (close[0] if close else "")
    ours = f"formula.{instead}" if instead in OFFERED else instead
    return (f"; use {ours}" if ours else "") + f"; formulas have {', '.join(n for n in OFFERED if n.islower())}"


install("numpy_names", sys.modules[__name__])
