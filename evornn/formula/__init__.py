"""Formulas: the mathematics of networks and tasks, written once and read by NumPy, CPU kernels, CUDA and gradients.

Read `elementwise` first, the table of operations, then `operations`, those of vectors and choices. `node` is the graph
behind a formula, `operators` what +, @ and [] mean on it, `trace` makes it; `state` and `noise` are what formulas carry
and draw, `numpy_names` and `numpy_functions` what NumPy's names mean, `source_lines` the errors.
"""

from evornn.formula import elementwise, numpy_names
from evornn.formula.elementwise import *  # noqa: F403
from evornn.formula.node import Node
from evornn.formula.noise import Step, normal, uniform
from evornn.formula.operations import (
    clip,
    concat,
    dot,
    lookup,
    max,
    mean,
    outer,
    put,
    round,
    softmax,
    split,
    stack,
    sum,
    where,
)
from evornn.formula.source_lines import FormulaError
from evornn.formula.sparse_matrix import SparseMatrix
from evornn.formula.state import State
from evornn.formula.trace import call, function, repeat, tracing

__all__ = [
    "FormulaError", "Node", "SparseMatrix", "State", "Step", "call", "clip", "concat", "dot", "function", "lookup",
    "max", "mean", "normal", "outer", "put", "repeat", "round", "softmax", "split", "stack", "sum", "tracing",
    "uniform", "where",
]  # fmt: skip
__all__ += elementwise.__all__
numpy_names.OFFERED.extend(sorted(__all__))
