"""What may be infinite or NaN where nobody takes it: 0 times that is not 0, so slopes guard against it."""

from __future__ import annotations

from evornn.formula.node import Node
from evornn.formula.trace import CALLS, Function, body_of, reachable
from evornn.graph.derivatives import PARTIAL
from evornn.graph.fusion import parameters_only


def partial_values(function: Function, inputs: set[int] | frozenset[int] = frozenset()) -> frozenset[int]:
    """Ids of what may be infinite or NaN where nobody takes it: what depends on a function with a pole or an edge, or
    on such `inputs`, and that function's argument.
    """
    nodes = reachable(function.outputs)
    found: set[int] = set(inputs)
    for node in nodes:
        if _is_partial(node) or any(a.id in found for a in node.args):
            found.add(node.id)
        if node.op in ("div", "log"):
            found.add(node.args[-1].id)
    fixed = parameters_only(nodes)  # guarded only where they are branches themselves: a guard costs time at every step
    branches = [arg for node in nodes if node.op == "where" for arg in node.args[1:] if arg.id in fixed]
    return frozenset(found - fixed) | (found & {node.id for node in reachable(branches)})


def _is_partial(node: Node) -> bool:
    """Whether it is a function with a pole or an edge, or calls one."""
    if node.op in CALLS:
        return any(_is_partial(n) for n in reachable(body_of(node).outputs))
    return node.op in PARTIAL
