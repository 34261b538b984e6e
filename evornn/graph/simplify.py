"""Graph to simpler graph: what every backend should see, decided once so that all of them round alike.

Two passes: `folding`, then `contraction`.
"""

from __future__ import annotations

from collections import Counter

from evornn.formula.node import Node
from evornn.formula.node_tools import GLOBAL, in_registers, value_of
from evornn.formula.trace import CALLS, Function, body_of, reachable
from evornn.graph.folding import Builder, fold
from evornn.graph.fusion import Contraction, parameters_only

__all__ = ["GLOBAL", "everything", "fold_functions", "in_registers", "parameters_only", "simplify", "value_of"]


def everything(functions: list[Function]) -> tuple[list[Node], Counter[int]]:
    """The nodes of functions and of those that they call, and how many read each."""
    nodes: list[Node] = []
    uses: Counter[int] = Counter()
    seen: set[int] = set()
    todo = list(functions)
    while todo:
        function = todo.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        inside = reachable(function.outputs)
        nodes += inside
        uses.update(o.id for o in function.outputs)
        for node in inside:
            uses.update(a.id for a in node.args)
            if node.op in CALLS:
                todo.append(body_of(node))
    return sorted(nodes, key=lambda n: n.id), uses


def fold_functions(functions: list[Function]) -> list[Function]:
    """The first pass alone: what was captured becomes arguments, constants are folded, large sub-functions inlined."""
    folding = Builder(lambda b, node, old: fold(b, node))
    return [folding.function(f) for f in functions]


def simplify(functions: list[Function]) -> list[Function]:
    """The traced functions of one kernel, simplified together; sub-functions shared before are shared after. Adjoints
    and tangents are there by now: values take leave of the smooth functions whose slopes they had.
    """
    folding = Builder(lambda b, node, old: node.args[0] if node.op == "with_slope" else fold(b, node))
    folded = [folding.function(f) for f in functions]
    nodes, uses = everything(folded)
    contracting = Builder(Contraction(uses, parameters_only(nodes)))
    return [contracting.function(f) for f in folded]
