"""Layouts: which one a batch of work gets, and how scenarios and results are arranged for it.

The rule (measured by `evornn bench --layouts`): units as lanes for large networks with few episodes; episodes as lanes
when they fill the vectors at least as well as individuals do; else individuals as lanes. The numbers that come out are
the same.
"""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from evornn.compiler.memory_plan import Plan
from evornn.compiler.specialization import Shape
from evornn.formula.node import Node
from evornn.formula.trace import Function, reachable
from evornn.graph.simplify import GLOBAL, everything

UNITS_FROM = 32  # units from which a network's own rows fill vectors better than individuals fill caches
SLOWER = 16  # times that element by element takes longer where units are lanes
PACKS = 4  # packs of rows that hide the latency of multiply-add; narrower networks run several side by side


def choose(individuals: int, episodes: int, units: int, native: int, without: Container[str]) -> tuple[str, int, int]:
    """(layout, lanes, jobs) for P individuals x E episodes of networks with `units` rows in their largest product;
    `without`: layouts that do not have an operation of theirs.
    """
    if "units" not in without and units >= UNITS_FROM and episodes < native:
        jobs = 1
        while jobs * units < PACKS * native and 2 * jobs <= individuals:
            jobs *= 2
        return "units", native * jobs, jobs
    if "episodes" in without:
        return "individuals", native, 1
    if episodes >= native and _waste(episodes, native) <= _waste(individuals, native) + 0.25:
        return "episodes", native, 1
    if episodes > individuals:
        return "episodes", native, 1
    return "individuals", native, 1


def _waste(count: int, lanes: int) -> float:
    """Share of idle lanes."""
    return 1 - count / (-(-count // lanes) * lanes)


def widest_product(outputs: list[Node]) -> int:
    """Rows of the largest matrix-vector product below these nodes."""
    return max((n.shape[0] for n in reachable(outputs) if n.op == "affine"), default=1)


def units_of(outputs: list[Node]) -> int:
    """The smaller side of the largest matrix-vector product below these nodes: a layer's units, gates not counted."""
    return max((min(n.shape[0], _columns(n)) for n in reachable(outputs) if n.op == "affine"), default=1)


def units_suit(step: Function) -> bool:
    """Whether a step's products share their work among units so far that what is done element by element does not
    matter, all lanes doing the same.
    """
    nodes, _ = everything([step])
    shared = sum(n.size * _columns(n) for n in nodes if n.op == "affine" and not _alone(n))
    return SLOWER * sum(map(_alone, nodes)) <= shared


def _alone(node: Node) -> int:
    """Multiply-adds of a node that lanes cannot share; 0 if they can."""
    if node.op in ("sparse", "sparse_values"):
        return node.attr.csr.nnz
    if node.op == "affine":
        matrices = [a for a in node.args if a.ndim == 2]
        computed = [a for a in matrices if a.op not in (*GLOBAL, "transpose")]
        return sum(a.size for a in computed)
    if node.op == "solve":
        return node.size**3 // (6 if node.attr else 3)
    return node.size if node.op == "recurrence" else 0


def _columns(product: Node) -> int:
    return max(a.shape[1] for a in product.args if a.ndim == 2)


def blocks_of(individuals: int, shape: Shape) -> int:
    """Blocks of individuals that share a kernel's lanes."""
    side = {"individuals": shape.lanes, "episodes": 1, "units": shape.jobs}[shape.layout]
    return -(-individuals // side)


def arrange_episodes(array: np.ndarray, shape: Shape) -> np.ndarray:
    """Per-episode numbers [E, ...] as the kernel reads them: flat; in layout "episodes" [groups, ..., lane]."""
    array = np.asarray(array, dtype=shape.precision)
    if shape.layout == "episodes":
        groups = -(-len(array) // shape.lanes)
        rows = np.minimum(np.arange(groups * shape.lanes), len(array) - 1)
        array = np.moveaxis(array[rows].reshape(groups, shape.lanes, *array.shape[1:]), 1, -1)
    return np.concatenate([np.ascontiguousarray(array).ravel(), np.zeros(shape.lanes, shape.precision)])


def groups_of(episodes: int, shape: Shape) -> int:
    """Groups of episodes that one individual (or block of them) runs."""
    return -(-episodes // shape.lanes) if shape.layout == "episodes" else episodes


def collect(out: np.ndarray, individuals: int, episodes: int, shape: Shape) -> np.ndarray:
    """Kernel results [jobs, 3 * lanes] as [3, P, E]."""
    groups = groups_of(episodes, shape)
    table = out.reshape(-1, groups, 3, shape.lanes)
    if shape.layout == "episodes":
        return table.transpose(2, 0, 1, 3).reshape(3, -1, groups * shape.lanes)[:, :individuals, :episodes]
    if shape.layout == "units":
        table = table.reshape(*table.shape[:3], shape.jobs, shape.group)[..., 0]
    return table.transpose(2, 0, 3, 1).reshape(3, -1, groups)[:, :individuals]


def constants_and_tables(plan: Plan, precision: str) -> tuple[np.ndarray, np.ndarray]:
    """The constant pool and the table of whole numbers."""
    return plan.constant_values().astype(precision), np.asarray([*plan.tables, 0], dtype=np.int64)
