"""Formulas: the mathematics of networks and tasks, written once and read by NumPy, CPU kernels, CUDA and gradients.

Read `elementwise` first, the table of operations, then `operations`, those of vectors and choices, and `axes`, those
along rows and columns; `surrogates` has slopes of other functions. `node` is the graph
behind a formula, `operators` what +, @ and [] mean on it, `trace` makes it; `state` and `noise` are what formulas carry
and draw, `numpy_api` what NumPy's names mean, `source_lines` the errors.
"""

from evornn.formula import elementwise
from evornn.formula.axes import argmax, cumprod, cumsum, max, mean, reshape, roll, softmax, sum
from evornn.formula.elementwise import *  # noqa: F403
from evornn.formula.node import Node
from evornn.formula.noise import Step, normal, uniform
from evornn.formula.numpy_api import names
from evornn.formula.operations import (
    arccos,
    arcsin,
    clip,
    concat,
    dot,
    gelu,
    lookup,
    outer,
    put,
    round,
    solve,
    split,
    stack,
    where,
)
from evornn.formula.source_lines import FormulaError
from evornn.formula.sparse_matrix import SparseMatrix
from evornn.formula.state import State
from evornn.formula.surrogates import step_function, with_slope_of
from evornn.formula.trace import call, function, repeat, tracing, when

__all__ = [
    "FormulaError", "Node", "SparseMatrix", "State", "Step", "arccos", "arcsin", "argmax", "call", "clip", "concat",
    "cumprod", "cumsum", "dot", "function", "gelu", "lookup", "max", "mean", "normal", "outer", "put", "repeat",
    "reshape", "roll", "round", "softmax", "solve", "split", "stack", "step_function", "sum", "tracing", "uniform",
    "when", "where", "with_slope_of",
]  # fmt: skip
__all__ += elementwise.__all__
names.OFFERED.extend(sorted(__all__))
