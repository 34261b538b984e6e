"""Losses of sequence tasks, what outputs mean under each, and rules for when a step's outputs are correct.

Formulas of outputs y [m] and targets [m]. Cross-entropies take logits, so they want a network with a linear readout.
"""

from __future__ import annotations

import math

from evornn.formula import Node, dot, exp, log, max, mean, sigmoid, softmax, softplus, sum, where

FAR = 1e30  # beyond any output


def mse(y: Node, target: Node) -> Node:
    """Mean squared error."""
    return mean((y - target) * (y - target))


def mae(y: Node, target: Node) -> Node:
    """Mean absolute error."""
    return mean(abs(y - target))


def cross_entropy(y: Node, target: Node) -> Node:
    """-sum target log softmax(y), in nats; the target's entries add up to 1."""
    top = max(y)
    return top + log(sum(exp(y - top))) - dot(target, y)


def binary_cross_entropy(y: Node, target: Node) -> Node:
    """Mean of -target log s(y) - (1 - target) log(1 - s(y)), s the logistic function, in nats; targets in [0, 1]."""
    return mean(softplus(y) - target * y)


LOSSES = {"mse": mse, "mae": mae, "cross_entropy": cross_entropy, "binary_cross_entropy": binary_cross_entropy}
PREDICTIONS = {
    "cross_entropy": softmax,
    "binary_cross_entropy": sigmoid,
}  # what is compared with targets; else y itself
RULES = ("argmax", "threshold")


def is_right(rule: str | float, loss: str, y: Node, target: Node) -> Node:
    """Whether outputs are correct by "argmax", "threshold" or a tolerance; NaN never is."""
    if rule == "argmax":
        return largest_are_right(y, target)
    if rule == "threshold":
        return right_side(y, target, 0.0 if loss == "binary_cross_entropy" else 0.5)
    return max(abs(PREDICTIONS.get(loss, lambda y: y)(y) - target)) < float(rule)


def largest_are_right(y: Node, target: Node) -> Node:
    """Whether the outputs where the target is largest are above all others."""
    wanted = target >= max(target)
    lowest = -max(where(wanted, -y, -FAR))
    return lowest > max(where(wanted, -FAR, y))


def right_side(y: Node, target: Node, border: float) -> Node:
    """Whether outputs lie above `border` exactly where targets lie above 0.5."""
    right = where(target > 0.5, y > border, y <= border)
    return sum(where(right, 0.0, 1.0)) < 0.5


def largest_loss(rule: str | float, loss: str, outputs: int) -> float:
    """The largest loss of a step whose outputs are right; infinity if there is none."""
    if rule == "argmax":  # of a target with one largest entry
        return math.log(outputs) if loss == "cross_entropy" else math.inf
    if rule == "threshold":
        return math.log(2) if loss == "binary_cross_entropy" else math.inf
    tolerance = float(rule)
    entropy = -math.log(1 - tolerance) if tolerance < 1 else math.inf
    return {"mse": tolerance**2, "mae": tolerance}.get(loss, entropy)
