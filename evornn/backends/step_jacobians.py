"""Jacobians of one step of a network: by its state and inputs in forward mode, by its genes in reverse mode."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from evornn.compiler.programs.function import FunctionKernel
from evornn.errors import EvornnError
from evornn.formula import State, tracing
from evornn.formula.node import Node
from evornn.formula.state import flatten, leaf_names, unflatten
from evornn.formula.trace import Function, reachable, trace
from evornn.graph.jvp import Tangents
from evornn.graph.simplify import fold_functions
from evornn.graph.simulation_graphs import row_nodes
from evornn.graph.vjp import Adjoints
from evornn.networks.base import Network, started, stepped

if TYPE_CHECKING:
    from evornn.backends.base import SimulationLike


@dataclass(frozen=True)
class Linear:
    """A network's step s', y = f(s, x) near one state and input.

    state [S], output [m]: after the step. Jacobians: state_by_state [S, S], state_by_input [S, n],
    output_by_state [m, S], output_by_input [m, n].
    """

    state: np.ndarray
    output: np.ndarray
    state_by_state: np.ndarray
    state_by_input: np.ndarray
    output_by_state: np.ndarray
    output_by_input: np.ndarray


class StepJacobians:
    """The network of a simulation, one step at a time, with its Jacobians in float64.

    States are flat [S]: the fields of the network's state in order, `fields` name -> slice. Raises EvornnError on wrong
    shapes, or if the network is not smooth.
    """

    def __init__(self, simulation: SimulationLike) -> None:
        network, shapes = simulation.network, simulation.parameters
        if not network.smooth:
            raise EvornnError(f"{network.describe()} is not smooth: its step has no useful Jacobian")
        self.genome, self.inputs, self.outputs = simulation.genome, network.inputs, network.outputs
        step, self.fields, rows = _traced(network, shapes, simulation)
        self._rows = {name: node.shape for name, node in rows.items()}
        uniform = range(len(step.inputs) - 1)  # all but the time
        self._shapes = [n.shape for n in step.inputs[: len(uniform) - len(rows)]]
        self.size = sum(n.size for n in step.inputs[: len(self._shapes) - 1])
        self._forward = FunctionKernel(Tangents().of(step), uniform, shapes, lanes=self.size + self.inputs)
        self._reverse = FunctionKernel(Adjoints().of(step), uniform, shapes, lanes=self.size + self.outputs)

    def at(
        self, genome: ArrayLike, state: ArrayLike, observation: ArrayLike, time: int = 0, **rows: ArrayLike
    ) -> Linear:
        """Step `time` from `state` [S] under `observation` [n], for genome [D], and its Jacobians. rows: the task's
        data rows by name, for a network that reads them.
        """
        values, *given = self._given(genome, state, observation, rows)
        results = self._forward(values, *given, *self._units(self._shapes), time=time)
        half = len(results) // 2
        after, slopes = (np.hstack([r.reshape(len(r), -1) for r in part]) for part in (results[:half], results[half:]))
        n = self.size
        by = slopes.T  # [S + m, S + n]
        return Linear(after[0, :n], after[0, n:], by[:n, :n], by[:n, n:], by[n:, :n], by[n:, n:])

    def by_genes(
        self, genome: ArrayLike, state: ArrayLike, observation: ArrayLike, time: int = 0, **rows: ArrayLike
    ) -> tuple[np.ndarray, np.ndarray]:
        """d state' / d genes [S, D] and d output / d genes [m, D] of that step."""
        values, *given = self._given(genome, state, observation, rows)
        shapes = [*self._shapes[:-1], (self.outputs,)]
        by_values = self._reverse(values, *given, *self._units(shapes), time=time)[-1]
        genes = np.broadcast_to(np.asarray(genome, dtype=np.float64), by_values.shape)
        slopes = self.genome.pull_back(genes, by_values)
        return slopes[: self.size], slopes[self.size :]

    def _units(self, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
        """One lane for each number of arrays of these shapes, 1 there and 0 elsewhere."""
        ends = np.cumsum([0, *(int(np.prod(s, dtype=int)) for s in shapes)])
        one = np.eye(int(ends[-1]))
        return [one[:, a:b].reshape(-1, *s) for a, b, s in zip(ends[:-1], ends[1:], shapes, strict=True)]

    def _given(
        self, genome: ArrayLike, state: ArrayLike, observation: ArrayLike, rows: Mapping[str, ArrayLike]
    ) -> list[np.ndarray]:
        arrays = []
        for name, array, size in (
            ("genome", genome, self.genome.dimension),
            ("state", state, self.size),
            ("observation", observation, self.inputs),
        ):
            arrays.append(np.asarray(array, dtype=np.float64))
            if arrays[-1].shape != (size,):
                raise EvornnError(f"{name} has shape {arrays[-1].shape}; it must be ({size},)")
        ends = [cut.stop for cut in self.fields.values()]
        parts = np.split(arrays[1], ends[:-1]) if ends else []
        fields = [part.reshape(shape) for part, shape in zip(parts, self._shapes[:-1], strict=True)]
        if rows.keys() != self._rows.keys():
            raise EvornnError(f"rows are {sorted(rows)}; the network reads {sorted(self._rows)}")
        data = [np.broadcast_to(rows[name], shape) for name, shape in self._rows.items()]
        return [self.genome.values(arrays[0][None])[0], *fields, arrays[2], *data]


def _traced(
    network: Network, shapes: dict[str, tuple[int, ...]], simulation: SimulationLike
) -> tuple[Function, dict[str, slice], dict[str, Node]]:
    """The step's graph: inputs are the state's fields, the observation, the data rows that it reads and the time step,
    outputs the fields and y; where each field is in a flat state; and those rows.
    """
    with tracing():
        p = State(**{name: Node("parameter", (), shape, "float", name) for name, shape in shapes.items()})
        start = started(network, p)
        leaves, definition = flatten(start)
        state = [Node("input", (), np.shape(leaf) if not isinstance(leaf, Node) else leaf.shape) for leaf in leaves]
        x, time = Node("input", (), (network.inputs,)), Node("time", (), (), "int")
        rows = row_nodes(simulation)
        arguments = (p, unflatten(definition, list(state)), x, State(t=time, **rows))
        step = trace("step", functools.partial(stepped, network), [*state, x, *rows.values(), time], arguments)
        read = {n.id for n in reachable(step.outputs)}
        rows = {name: node for name, node in rows.items() if node.id in read}
        step.inputs = [*state, x, *rows.values(), time]
    (step,) = fold_functions([step])
    ends = np.cumsum([0, *(n.size for n in state)])
    names = leaf_names(start)
    fields = {name: slice(int(a), int(b)) for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)}
    return step, fields, rows
