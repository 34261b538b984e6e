"""The second pass over a graph: sums of matrix-vector products become one `affine` node (its order of summation is the
definition), and a * b + c becomes `fma`. Contraction is chosen here and never left to a compiler, which is why results
do not depend on the layout of lanes.
"""

from __future__ import annotations

from collections import Counter

from evornn.formula.node import Node
from evornn.formula.node_tools import GLOBAL, is_constant
from evornn.formula.trace import CALLS
from evornn.graph.folding import Builder, fold


class Contraction:
    """The rules: affine sums and fused multiply-adds.

    uses: readers of every node of the first pass's graph (a product with two readers is not merged into a sum: it would
    be done twice). fixed: ids of values that depend on parameters alone; dividing by one becomes multiplying by its
    reciprocal, computed once.
    """

    def __init__(self, uses: Counter[int], fixed: set[int]) -> None:
        self._uses, self._fixed = uses, fixed

    def __call__(self, b: Builder, node: Node, old: Node | None) -> Node | None:
        """The contracted form of `node`, or None to keep it; `old` is the node of the first pass it comes from."""
        if old is None:
            return fold(b, node)
        if node.op == "matvec":
            return b.make("affine", node.args, node.shape, "float", False)
        if node.op in ("add", "sub"):
            x, y = node.args
            if node.op == "sub":
                y = b.make("neg", (y,), y.shape)
            merged = self._affine(b, node, (x, y), old)
            return _fma(b, node, x, y) if merged is None else merged
        if node.op == "div" and old.args[1].id in self._fixed and not is_constant(node.args[0], 1):
            one = b.make("div", (b.constant(1.0), node.args[1]), node.args[1].shape)
            return b.make("mul", (node.args[0], one), node.shape)
        if node.op == "sum" and node.args[0].op == "mul" and all(a.shape for a in node.args[0].args):
            return b.make("dot", node.args[0].args)
        return None

    def _affine(self, b: Builder, node: Node, args: tuple[Node, Node], old: Node) -> Node | None:
        mergeable = [a.op == "affine" and self._uses[o.id] == 1 for a, o in zip(args, old.args, strict=True)]
        x, y = args
        if all(mergeable) and not (x.attr and y.attr):
            first, second = (y, x) if y.attr else (x, y)
            return b.make("affine", (*first.args, *second.args), node.shape, "float", first.attr)
        for one, other, can in ((x, y, mergeable[0]), (y, x, mergeable[1])):
            if can and not one.attr and other.shape == node.shape:
                return b.make("affine", (other, *one.args), node.shape, "float", True)
        return None


def _fma(b: Builder, node: Node, x: Node, y: Node) -> Node | None:
    for one, other in ((x, y), (y, x)):
        if one.op == "mul":
            return b.make("fma", (*one.args, other), node.shape)
        if one.op == "neg" and one.args[0].op == "mul":
            p, q = one.args[0].args
            return b.make("fma", (b.make("neg", (p,), p.shape), q, other), node.shape)
    return None


def parameters_only(nodes: list[Node]) -> set[int]:
    """Ids of the values that depend on parameters and constants alone: the same at every step."""
    fixed: set[int] = set()
    for node in nodes:
        if node.op in GLOBAL or (
            node.args and node.op not in (*CALLS, "item", "put") and all(a.id in fixed for a in node.args)
        ):
            fixed.add(node.id)
    return fixed
