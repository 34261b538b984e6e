"""What an elementwise operation does to a cotangent: rule(bar, y, *arguments) -> the arguments' shares, None for none.

At a kink (abs, minimum, maximum) the slope is that of one side: 0 for abs, the first argument's where both are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evornn.formula.node import Node, lift
from evornn.formula.operations import cos, sigmoid, sign, sin

Shares = tuple[Any, ...]

WITHOUT_SLOPE = (
    "floor",
    "sign",
    "to_float",
    "lookup",
    "random",
    "roundoff",
)  # constant almost everywhere, or no argument

PARTIAL = ("sqrt", "log", "div", "exp")  # infinite or NaN somewhere


def _where(mask: Node, x: Any, y: Any) -> Node:
    a, b = lift(x), lift(y)
    return Node("where", (mask, a, b), mask.shape or a.shape or b.shape)


def _chosen(bar: Node, first: Node) -> Shares:
    return _where(first, bar, 0.0), _where(first, 0.0, bar)


ELEMENTWISE: dict[str, Callable[..., Shares]] = {
    "add": lambda bar, y, a, b: (bar, bar),
    "sub": lambda bar, y, a, b: (bar, -bar),
    "mul": lambda bar, y, a, b: (bar * b, bar * a),
    "div": lambda bar, y, a, b: (bar / b, -(bar / b) * y),
    "neg": lambda bar, y, a: (-bar,),
    "abs": lambda bar, y, a: (bar * sign(a),),
    "sqrt": lambda bar, y, a: (bar * 0.5 / y,),
    "exp": lambda bar, y, a: (bar * y,),
    "log": lambda bar, y, a: (bar / a,),
    "tanh": lambda bar, y, a: (bar - bar * (y * y),),
    "sigmoid": lambda bar, y, a: (bar * (y - y * y),),
    "softplus": lambda bar, y, a: (bar * sigmoid(a),),
    "sin": lambda bar, y, a: (bar * cos(a),),
    "cos": lambda bar, y, a: (-(bar * sin(a)),),
    "minimum": lambda bar, y, a, b: _chosen(bar, a <= b),
    "maximum": lambda bar, y, a, b: _chosen(bar, a >= b),
    "where": lambda bar, y, mask, a, b: (None, *_chosen(bar, mask)),
}
