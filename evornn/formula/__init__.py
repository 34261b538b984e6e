"""Formulas: the mathematics of networks and tasks, written once and read by NumPy, CPU kernels, CUDA and gradients."""

from evornn.formula import numpy_names
from evornn.formula.node import Node
from evornn.formula.noise import Step, normal, uniform
from evornn.formula.operations import (
    absolute,
    clip,
    concat,
    cos,
    dot,
    exp,
    floor,
    log,
    lookup,
    max,
    maximum,
    mean,
    minimum,
    outer,
    put,
    relu,
    round,
    sigmoid,
    sign,
    sin,
    softmax,
    softplus,
    split,
    sqrt,
    stack,
    sum,
    tanh,
    where,
)
from evornn.formula.source_lines import FormulaError
from evornn.formula.sparse_matrix import SparseMatrix
from evornn.formula.state import State
from evornn.formula.trace import call, function, repeat, tracing

__all__ = [
    "FormulaError", "Node", "SparseMatrix", "State", "Step", "absolute", "call", "clip", "concat", "cos", "dot",
    "exp", "floor", "function",
    "log", "lookup", "max", "maximum", "mean", "minimum", "normal", "outer", "put", "relu", "repeat", "round",
    "sigmoid",
    "sign", "sin", "softmax",
    "softplus", "split", "sqrt", "stack", "sum", "tanh", "tracing", "uniform", "where",
]  # fmt: skip
numpy_names.OFFERED.extend(__all__)
