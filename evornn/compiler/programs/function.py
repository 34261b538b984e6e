"""Any traced function as a kernel over lanes: what forward mode, Jacobians and online learning call step by step.

Inputs are uniform (the same for all lanes: parameters, states, data) or varying (one value a lane: tangents,
cotangents). Uniform inputs are read from a row of a table, so one call can sweep over many rows: the results named in
`feedback` are the varying inputs of the next row. One row is a call, h rows downwards are backpropagation through h
steps. Effects of adjoints add to gradients, one for each lane.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from evornn.compiler.emit.body import Body, Carry, results_of
from evornn.compiler.emit.values import Memory, Text, Value, part, plus
from evornn.compiler.host import native_lanes
from evornn.compiler.layout import constants_and_tables
from evornn.compiler.memory_plan import Plan
from evornn.compiler.object_code import Entry, entry, words
from evornn.compiler.programs.episode import functions_text, hoisted, module_text
from evornn.compiler.specialization import Shape
from evornn.compiler.target import Target
from evornn.errors import EvornnError
from evornn.formula.node import Node
from evornn.formula.trace import Function, reachable
from evornn.graph.simplify import in_registers, parameters_only, simplify
from evornn.sharing import made_once, not_made

ARRAYS = ("w", "K", "J", "S", "g")  # passed to every function: weights, constants, tables, scratch, gradients
ARGUMENTS = ("w", "K", "J", "u", "time", "start", "count", "stride", "Q", "O", "G", "S")


class FunctionKernel:
    """A traced function, compiled.

    uniform: positions of the inputs that come from the table, in the order in which they lie there; the others vary,
    but for a whole number, which is the time. parameters: name -> shape; their values are uniform. feedback: output ->
    varying input, for sweeps. lanes: values worked on at once; they share a vector. row_size: elements from row to row,
    if more than those inputs.
    """

    def __init__(
        self,
        function: Function,
        uniform: Sequence[int],
        parameters: Mapping[str, tuple[int, ...]],
        precision: str = "float64",
        lanes: int = 1,
        feedback: Mapping[int, int] | None = None,
        row_size: int = 0,
    ) -> None:
        (function,) = simplify([function])
        if any(n.op == "random" for n in reachable(function.outputs)):
            raise EvornnError(
                f"{function.name} draws noise, which a kernel over lanes cannot; use a task without noise"
            )
        width = 1
        while width < min(lanes, native_lanes(precision)):
            width *= 2
        self.function, self.feedback, self.parameters = function, dict(feedback or {}), dict(parameters)
        self.results, self.effects = results_of(function)
        self.shape = Shape(precision, width, "episodes")
        self.uniform = list(uniform)
        self.varying = [i for i, n in enumerate(function.inputs) if i not in uniform and n.dtype != "int"]
        self.times = [i for i, n in enumerate(function.inputs) if i not in uniform and n.dtype == "int"]
        self.row_at, self.row_size = _offsets([function.inputs[i] for i in self.uniform])
        self.row_size = max(self.row_size, row_size)
        self.in_at, self.in_size = _offsets([function.inputs[i] for i in self.varying])
        self.out_at, self.out_size = _offsets(self.results)
        self.plan = Plan(1, self.parameters)
        for name, shape in self.parameters.items():  # gradients [D] lie as the parameters do
            self.plan.gradients.offset(name, shape)
        self.text = self._text()
        ends = np.cumsum([0, *(int(np.prod(s, dtype=int)) for s in self.parameters.values())])
        self.dimension = int(ends[-1])
        order = self.plan.weight_order(dict(zip(self.parameters, ends.tolist(), strict=False)))
        self.order = np.where(order < 0, self.dimension, order)  # one past the end: a zero
        self.constants, self.tables = constants_and_tables(self.plan, precision)

    @made_once
    def entry(self) -> Entry:
        """The compiled `sweep`."""
        return entry(self.text, "sweep")

    def __getstate__(self) -> dict[str, object]:
        return not_made(self)

    # text -------------------------------------------------------------------------------------------------------------
    def _text(self) -> str:
        names, parts = functions_text([self.function], self.plan, Target(self.shape.layout), ARRAYS)
        text = Text()
        body = Body(self.plan, Target(self.shape.layout), names, text, arrays=ARRAYS)
        text.add("align_stack()")
        text.add("for group in range(len(Q)):")
        text.indent += 1
        text.add("q, o, g = Q[group], O[group], G[group]")
        carry, fed = self._begin(body)
        fixed = parameters_only(reachable(self.function.outputs))
        body.emit(hoisted(self.function.outputs, fixed))
        text.add("for turn in range(count):")
        text.indent += 1
        text.add(f"row = (start + turn * stride) * {self.row_size}")
        self._read_row(body)
        homes: dict[int, tuple[Node, Memory]] = {}
        for output, node in zip(fed, carry.inputs, strict=True):
            place = body.values[node.id]
            if isinstance(place, Memory):
                homes[output.id] = (node, place)
        body.emit(self.function.outputs, homes)
        for i, node in enumerate(self.results):
            if i not in self.feedback:
                body.copy(node, body.value(node), Memory("o", str(self.out_at[i])))
        carry.assign([body.value(n) for n in fed])
        text.indent -= 1
        for i, value in zip(self.feedback, carry.current(), strict=True):
            body.copy(self.results[i], value, Memory("o", str(self.out_at[i])))
        main = f"@part_of_kernel\ndef sweep({', '.join(ARGUMENTS)}):\n" + "\n".join(text.lines) + "\n"
        return module_text(f"The function {self.function.name}", self.shape, [*parts, main])

    def _begin(self, body: Body) -> tuple[Carry, list[Node]]:
        """Varying inputs: those that are fed back are carried from row to row, the others stay."""
        inputs = self.function.inputs
        places: dict[int, Value] = {}
        for at, i in zip(self.in_at, self.varying, strict=True):
            view = Memory("q", str(at))
            places[i] = body._fetch(inputs[i], view) if in_registers(inputs[i]) else view
        for i, value in places.items():
            if i not in self.feedback.values():
                body.values[inputs[i].id] = value
        carry = Carry(body, [inputs[i] for i in self.feedback.values()], "c")
        carry.assign([places[i] for i in self.feedback.values()])
        return carry, [self.results[i] for i in self.feedback]

    def _read_row(self, body: Body) -> None:
        for at, i in zip(self.row_at, self.uniform, strict=True):
            node = self.function.inputs[i]
            view = Memory("u", plus("row", str(at)))
            body.values[node.id] = body._fetch(node, view) if in_registers(node) else view
        for i in self.times:
            body.text.add("t = time + start + turn * stride")
            body.values[self.function.inputs[i].id] = part("t", self.function.inputs[i])

    # use --------------------------------------------------------------------------------------------------------------
    def workspace(self, count: int = 1, table: np.ndarray | None = None) -> Workspace:
        """Memory for `count` lanes, and the table of uniform inputs [rows, row_size] (default: one row)."""
        return Workspace(self, count, table)

    def __call__(self, values: ArrayLike, *inputs: ArrayLike, time: int = 0) -> list[np.ndarray]:
        """Outputs [K, *shape] for parameter values [D] and the inputs in order: uniform ones of their shape, varying
        ones [K, *shape]; the gradients [K, D] last, if the function has effects.
        """
        places = [i for i in range(len(self.function.inputs)) if i not in self.times]
        nodes = [self.function.inputs[i] for i in places]
        given = dict(zip(places, (np.asarray(x, dtype=np.float64) for x in inputs), strict=True))
        counts = {len(given[i]) for i in self.varying} or {1}
        for i, node in zip(places, nodes, strict=True):
            shape = node.shape if i in self.uniform else (max(counts), *node.shape)
            if given[i].shape != shape:
                raise EvornnError(f"input {i} has shape {given[i].shape}; it must be {shape}")
        space = self.workspace(max(counts))
        space.values[: self.dimension] = values
        for at, i in zip(self.row_at, self.uniform, strict=True):
            space.table[0, at : at + given[i].size] = given[i].ravel()
        if self.varying:
            space.fill(np.hstack([given[i].reshape(space.count, -1) for i in self.varying]))
        space.run(time=time)
        whole = np.split(space.lanes_of(space.outputs), self.out_at[1:], axis=1)
        outputs = [part.reshape(space.count, *n.shape) for part, n in zip(whole, self.results, strict=True)]
        return [*outputs, space.lanes_of(space.gradient)] if self.effects else outputs


class Workspace:
    """What one user of a kernel works with: parameter values, the table, and varying inputs and outputs in lanes.

    values [D + 1], the last of them 0: set them, then `run`. table: uniform inputs, row by row. inputs, outputs and
    gradient are [groups, size, lanes]; gradients are added to what is there.
    """

    def __init__(self, kernel: FunctionKernel, count: int, table: np.ndarray | None) -> None:
        shape = kernel.shape
        groups, lanes, dtype = -(-count // shape.lanes), shape.lanes, shape.precision
        self.kernel, self.count = kernel, count
        self.values = np.zeros(kernel.dimension + 1, dtype)
        self.table = np.zeros((1, max(kernel.row_size, 1)), dtype) if table is None else table
        self.inputs, self.outputs, self.gradient = (
            np.zeros((groups, size, lanes), dtype)
            for size in (kernel.in_size, kernel.out_size, kernel.dimension if kernel.effects else 0)
        )
        self._flat = tuple(_rows(a) for a in (self.inputs, self.outputs, self.gradient))
        self._weights = np.zeros(kernel.plan.weight_size, dtype)
        self._scratch = np.zeros(kernel.plan.scratch_size * lanes, dtype)

    @made_once
    def _prepared(self) -> tuple[list[np.ndarray | int], ctypes.Array[ctypes.c_int64]]:
        """The arguments of a run, and their words."""
        kernel, (q, o, g), table = self.kernel, self._flat, self.table.reshape(-1)
        found: list[np.ndarray | int]
        found = [self._weights, kernel.constants, kernel.tables, table, 0, 0, 1, 1, q, o, g, self._scratch]
        return found, (ctypes.c_int64 * len(found))(*words(found))

    def __getstate__(self) -> dict[str, object]:
        return not_made(self)

    def run(
        self, start: int = 0, count: int = 1, stride: int = 1, time: int = 0, outputs: np.ndarray | None = None
    ) -> None:
        """Sweep over `count` rows from `start`, each `stride` further; `time` is the step of row 0. outputs: where to
        write, [groups, out_size * lanes] (default: `self.outputs`).
        """
        self.values.take(self.kernel.order, out=self._weights, mode="clip")
        arguments, block = self._prepared
        if outputs is None:
            outputs = self._flat[1]
        arguments[9], block[9] = outputs, id(outputs)
        block[4:8] = [time, start, count, stride]
        self.kernel.entry.run(block, arguments)

    def fill(self, array: np.ndarray) -> None:
        """Set all varying inputs, side by side, from [K, in_size]; lanes beyond K repeat the last."""
        groups, _, lanes = self.inputs.shape
        rows = np.minimum(np.arange(groups * lanes), len(array) - 1)
        self.inputs[:] = array[rows].reshape(groups, lanes, -1).transpose(0, 2, 1)

    def lanes_of(self, packed: np.ndarray) -> np.ndarray:
        """inputs, outputs or gradient as [K, size]."""
        return packed.transpose(0, 2, 1).reshape(-1, packed.shape[1])[: self.count]


def _offsets(nodes: list[Node]) -> tuple[list[int], int]:
    """Where each node starts, and the size of all."""
    ends = np.cumsum([0, *(n.size for n in nodes)])
    return ends[:-1].tolist(), int(ends[-1])


def _rows(packed: np.ndarray) -> np.ndarray:
    """[groups, anything], never empty: a kernel may look at its type."""
    return packed.reshape(len(packed), -1) if packed.size else np.zeros((len(packed), 1), packed.dtype)
