"""A simulation run step by step, with the adjoint of every step at hand: the ground of online learning.

The states before a window of steps are stored on a tape, one row for each step: what is carried, the data row, and the
activations that the adjoint reads. Cotangents of what moves with the parameters are swept back over rows, many lanes of
them at once; each lane gathers its own gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evornn.backends.interpreter import Interpreter
from evornn.compiler.programs.function import FunctionKernel
from evornn.errors import EvornnError
from evornn.formula.trace import Function
from evornn.graph.jvp import Tangents
from evornn.graph.simulation_graphs import trace_folded, with_residuals
from evornn.graph.vjp import ACCUMULATION, Adjoints
from evornn.sharing import MAKING

if TYPE_CHECKING:
    from evornn.backends.base import SimulationLike


class StepGraphs:
    """The graphs of a simulation's steps. `moving` numbers the carried fields that move with the parameters; the
    running total is the last of them.
    """

    def __init__(self, simulation: SimulationLike, scenario_size: int) -> None:
        self.traced = traced = trace_folded(simulation, scenario_size)
        n, maker, adjoints = len(traced.carry), Tangents(simulation.parameters), Adjoints()
        start, _ = maker.moved(traced.start, (False,))
        rest = len(traced.step.inputs) - n
        _, moves = maker.loop(traced.step, tuple(t is not None for t in start.results) + (False,) * rest)
        self.moving = [i for i, moves_ in enumerate(moves) if moves_]
        if not self.moving or traced.names[self.moving[-1]] != "total":
            raise EvornnError(f"{simulation.describe()}: no step's reward changes with the weights, so none teaches")
        forward, adjoint, residuals = with_residuals(traced.step, adjoints.of(traced.step, tuple(moves)))
        self.forward = Function("step", forward.inputs, [*forward.outputs[n:], *forward.outputs[:n]], None)
        floats = [i for i, node in enumerate(traced.step.inputs) if node.dtype == "float"]
        back = [adjoint.outputs[floats.index(i)] for i in self.moving]
        effects = adjoint.outputs[len(floats) :]
        self.backward = Function("step_adjoint", adjoint.inputs, [*back, *effects], None)
        inputs = len(adjoint.inputs)
        self.bars = list(range(n + rest, n + rest + len(self.moving)))
        self.stored = [*range(n + rest - 1), *range(inputs - residuals, inputs)]  # carried, data, activations
        self.start_back = adjoints.of(traced.start, tuple(moves))
        self.finish_back = adjoints.of(traced.finish, (True, False, False))


class Stepwise:
    """One episode at a time of one network: `begin`, then `forward` step by step, and sweeps `back` over the tape.

    `size` is the number of state cotangents: those of the moving fields, the total last. start_moves: whether an
    episode's first state depends on the parameters.
    """

    def __init__(
        self, simulation: SimulationLike, scenario_size: int, precision: str, graphs: StepGraphs | None = None
    ) -> None:
        self.graphs = graphs = graphs or StepGraphs(simulation, scenario_size)
        self.simulation, self.precision = simulation, precision
        carry, data = graphs.traced.carry, graphs.traced.rows.values()
        self.start_moves = any(o.dtype == ACCUMULATION for o in graphs.start_back.outputs)
        self.size = sum(carry[i].size for i in graphs.moving)
        self._carry_size, self._data_size = sum(n.size for n in carry), sum(n.size for n in data)
        residuals = sum(n.size for n in graphs.forward.outputs) - self._carry_size
        self.row_size = self._carry_size + self._data_size + residuals
        self._carried = _slices([n.size for n in carry])
        self._forward = FunctionKernel(
            graphs.forward, range(len(carry) + len(data)), simulation.parameters, precision, row_size=self.row_size
        )
        self._backward: dict[bool, FunctionKernel] = {}

    def kernel(self, many: bool) -> FunctionKernel:
        """The kernel that sweeps one lane, or as many as there are state cotangents."""
        with MAKING:
            if many not in self._backward:
                graphs, lanes = self.graphs, self.size if many else 1
                feedback = dict(enumerate(graphs.bars))
                self._backward[many] = FunctionKernel(
                    graphs.backward, graphs.stored, self.simulation.parameters, self.precision, lanes, feedback
                )
            return self._backward[many]

    def open(self, window: int, lanes: int) -> Run:
        """Memory for running episodes with a tape of `window` steps, sweeping `lanes` cotangents."""
        return Run(self, window, lanes)


class Run:
    """The memory of one `Stepwise` in use. `steps`: taken in this episode; `held`: the last ones, on the tape."""

    def __init__(self, stepwise: Stepwise, window: int, lanes: int) -> None:
        self.stepwise, self.window = stepwise, window
        size, precision = stepwise.row_size, stepwise.precision
        self._flat = np.zeros((window + 1) * size, precision)
        self._tape = self._flat.reshape(window + 1, size)
        self._ahead = stepwise._forward.workspace(1, self._flat)
        self.sweep = stepwise.kernel(lanes > 1).workspace(lanes, self._flat)
        self.steps = self.held = 0
        self._data = np.zeros((0, 0))

    @property
    def bytes(self) -> int:
        """Bytes of the tape and of what is swept."""
        return self._flat.nbytes + self.sweep.inputs.nbytes + 2 * self.sweep.gradient.nbytes

    def begin(self, values: np.ndarray, scenario: np.ndarray, data: np.ndarray) -> None:
        """Start an episode: values [D], scenario [k], data rows [T, r]."""
        self.steps = self.held = 0
        self._data, self._scenario = data, np.asarray(scenario, dtype=np.float64)[:, None, None]
        self.learn(values)
        start = self._reader(1).run(self.stepwise.graphs.traced.start, [self._scenario])
        self._tape[0, : self.stepwise._carry_size] = np.concatenate([np.ravel(v) for v in start])

    def learn(self, values: np.ndarray) -> None:
        """Go on with other parameter values [D]."""
        self.values = np.array(values, dtype=np.float64)
        self._ahead.values[:-1] = self.sweep.values[:-1] = values

    def forward(self) -> None:
        """One step. With a full tape the oldest half is forgotten, unless `forget` was called before."""
        if self.held == self.window:
            self.forget(self.window // 2 if self.window > 1 else 0)
        step, row = self.stepwise, self.held
        begin = step._carry_size + step._data_size
        if step._data_size:
            self._tape[row, step._carry_size : begin] = self._data[self.steps]
        at = row * step.row_size
        out = self._flat[at + begin : at + step.row_size + step._carry_size]
        self._ahead.run(row, 1, 1, self.steps - row, out.reshape(1, -1))
        self.held, self.steps = self.held + 1, self.steps + 1

    def forget(self, keep: int = 0) -> None:
        """Keep only the last `keep` steps on the tape."""
        self._tape[: keep + 1] = self._tape[self.held - keep : self.held + 1].copy()
        self.held = keep

    def back(self, skip: int, count: int) -> None:
        """Sweep the cotangents in `sweep.inputs` back over `count` steps, after the last `skip`; what is left of them
        goes to `sweep.inputs` again, gradients are added to `sweep.gradient`.
        """
        if count:
            start = self.held - 1 - skip
            self.sweep.run(start, count, -1, self.steps - self.held)
            self.sweep.inputs[:] = self.sweep.outputs

    @property
    def alive(self) -> bool:
        """Whether the episode goes on."""
        graphs = self.stepwise.graphs
        field = graphs.traced.alive
        return field < 0 or bool(self._tape[self.held, self.stepwise._carried[field].start])

    # the ends, by NumPy -----------------------------------------------------------------------------------------------
    def start_gradient(self, bars: np.ndarray) -> np.ndarray:
        """Gradients [K, D] of cotangents [K, S] of the first state: some states start from parameters."""
        reader = self._reader(len(bars))
        reader.run(self.stepwise.graphs.start_back, [self._scenario, *self._fields(bars)])
        flat = [reader.gradients[name].reshape(-1, len(bars)) for name in self.stepwise.simulation.parameters]
        return np.concatenate(flat).T

    def finish(self) -> tuple[float, np.ndarray]:
        """The episode's fitness, and its cotangents [S]."""
        graphs, last = self.stepwise.graphs, self._tape[self.held]
        fields = zip(self.stepwise._carried, graphs.traced.carry, strict=True)
        carry = [last[cut].astype(n.dtype).reshape(*n.shape, 1, 1) for cut, n in fields]
        reader = self._reader(1)
        fitness = reader.run(graphs.traced.finish, carry)[0]
        bars = reader.run(graphs.finish_back, [*carry, np.ones((1, 1))])
        floats = [i for i, n in enumerate(graphs.traced.carry) if n.dtype == "float"]
        nodes = [graphs.traced.carry[i] for i in graphs.moving]
        parts = [bars[floats.index(i)] for i in graphs.moving]
        spread = [np.broadcast_to(b, (*n.shape, 1, 1)).ravel() for b, n in zip(parts, nodes, strict=True)]
        return float(np.ravel(fitness)[0]), np.concatenate(spread)

    def _fields(self, bars: np.ndarray) -> list[np.ndarray]:
        """Cotangents [K, S] field by field, lanes last."""
        nodes = [self.stepwise.graphs.traced.carry[i] for i in self.stepwise.graphs.moving]
        cuts = _slices([n.size for n in nodes])
        return [bars[:, cut].T.reshape(*n.shape, 1, len(bars)) for cut, n in zip(cuts, nodes, strict=True)]

    def _reader(self, lanes: int) -> Interpreter:
        genome, shapes = self.stepwise.simulation.genome, self.stepwise.simulation.parameters
        views = {name: self.values[cut].reshape(*shapes[name], 1, 1) for name, cut in genome.slices.items()}
        return Interpreter(np, views, np.float64, (1, lanes))


def _slices(sizes: list[int]) -> list[slice]:
    return [slice(int(end) - size, int(end)) for size, end in zip(sizes, np.cumsum(sizes), strict=True)]
