"""A simulation's graphs: start, step and finish, and for gradients the adjoint of each."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from evornn.errors import EvornnError
from evornn.formula.index_range import known_ranges
from evornn.formula.node import Node
from evornn.formula.node_tools import full, is_constant
from evornn.formula.state import State, leaf_names, unflatten
from evornn.formula.trace import Function, reachable, rebuilt, trace, tracing
from evornn.graph.derivatives import COSTLY
from evornn.graph.jvp import Tangents
from evornn.graph.simplify import fold_functions, simplify
from evornn.graph.vjp import ACCUMULATION, Adjoints

if TYPE_CHECKING:
    from evornn.backends.base import SimulationLike

Stepping = Callable[[State, State, State], State]  # parameters, what is carried, data rows -> what is carried


@dataclass
class Traced:
    """A simulation's graph: names of what is carried, which of it is `alive` (-1: nothing), names of the data rows, and
    the three functions: start(scenario), step(carried, data rows, time), finish(carried).
    """

    names: list[str]
    alive: int
    data: list[str]
    start: Function
    step: Function
    finish: Function

    @property
    def scenario(self) -> Node:
        """The start's input."""
        return self.start.inputs[0]

    @property
    def carry(self) -> list[Node]:
        """The step's inputs that are carried."""
        return self.step.inputs[: len(self.names)]

    @property
    def rows(self) -> dict[str, Node]:
        """The step's inputs that are data rows."""
        return dict(zip(self.data, self.step.inputs[len(self.names) : -1], strict=True))

    @property
    def time(self) -> Node:
        """The step's number, its last input."""
        return self.step.inputs[-1]


@dataclass
class TracedGradient:
    """The forward graphs, and the adjoints of start, step and finish.

    back: numbers of the carried floats, each of which has a cotangent that is carried backwards. The last `residuals`
    outputs of the forward step are not states but what its adjoint would have to compute again, given to it as its last
    inputs.
    """

    forward: Traced
    back: list[int]
    residuals: int
    start: Function
    step: Function
    finish: Function


def trace_simulation(simulation: SimulationLike, scenario_size: int) -> Traced:
    """Trace start, step and finish; fields that never change are folded into the step as constants."""
    return _simplified(_traced(simulation, scenario_size, simulation.step))[0]


def trace_gradient(simulation: SimulationLike, scenario_size: int) -> TracedGradient:
    """The same with adjoints. A network that goes on after its episode has ended counts from zero: whatever it would
    become, it must not reach the gradient.
    """

    def step(p: State, carry: State, now: State) -> State:
        return simulation.step(p, simulation.silenced(carry), now)

    traced = trace_folded(simulation, scenario_size, step)
    adjoints = Adjoints()
    given = tuple(i == 0 for i in range(len(traced.finish.outputs)))  # of the fitness alone
    back = [i for i, n in enumerate(traced.carry) if n.dtype == "float"]
    backward = [
        _first(adjoints.of(traced.start), 0),
        _first(adjoints.of(traced.step), len(back)),
        _first(adjoints.of(traced.finish, given), len(back)),
    ]
    traced.step, backward[1], residuals = with_residuals(traced.step, backward[1])
    forward, more = _simplified(traced, backward)
    return TracedGradient(forward, back, residuals, *more)


def with_residuals(step: Function, adjoint: Function) -> tuple[Function, Function, int]:
    """The step also giving the activations that its adjoint reads, and the adjoint taking them: products and
    exponentials are then computed once.
    """
    read = {n.id for n in reachable(adjoint.outputs)}
    costly = [n for n in reachable(step.outputs) if n.op in COSTLY and n.id in read]
    inputs = {n.id: Node("input", (), n.shape, "float", "residuals") for n in costly}
    taking = _substitute(adjoint, inputs)
    used = {n.id for n in reachable(taking.outputs)}
    kept = [n for n in costly if inputs[n.id].id in used]
    storing = Function(step.name, step.inputs, [*step.outputs, *kept], None)
    extra = [inputs[n.id] for n in kept]
    return storing, Function(adjoint.name, [*adjoint.inputs, *extra], taking.outputs, None), len(kept)


def check_traceable(simulation: SimulationLike, scenario_size: int, steps: int) -> None:
    """Raise FormulaError or EvornnError, once for a simulation and so many steps, where no kernel could be made of its
    formulas: NumPy has other rules for what is refused, such as sums of conditions.
    """
    if getattr(simulation, "traceable", 0) < steps:
        drawn = _drawn()
        with known_ranges(steps, simulation.task.series):
            first, second = (_raw(simulation, scenario_size, simulation.step) for _ in range(2))
        changed = [f.name for f, g in zip(first.functions, second.functions, strict=True) if _form(f) != _form(g)]
        if changed or drawn != _drawn():
            place = f" (met in its {changed[0]})" if changed else ""
            raise EvornnError(
                f"the formulas of {simulation.title()}{place} are not the same twice: what they read changes by "
                "itself, such as random numbers, the clock or a counter, and would become one constant; draw noise "
                "with formula.uniform(t) or formula.normal(t), and what differs between episodes in scenarios"
            )
        simulation.traceable = steps


def _drawn() -> tuple[Any, ...]:
    """How far the global random streams have come."""
    _, keys, place, *rest = np.random.get_state()  # noqa: NPY002
    return np.asarray(keys).tobytes(), place, *rest, random.getstate()


def _form(function: Function) -> list[Any]:
    """A graph as plain values: the same for graphs that compute the same in the same way."""
    nodes = [*function.inputs, *function.captured, *reachable(function.outputs)]
    number: dict[int, int] = {}
    for node in nodes:
        number.setdefault(node.id, len(number))
    rows = [(n.op, n.shape, n.dtype, _plain(n.attr), tuple(number.get(a.id, -1) for a in n.args)) for n in nodes]
    return [*rows, [number[o.id] for o in function.outputs]]


def _plain(attr: Any) -> Any:
    """What distinguishes a node's attribute."""
    if isinstance(attr, Function):
        return _form(attr)
    if isinstance(attr, tuple):
        return [_plain(a) for a in attr]
    return repr(attr) if isinstance(attr, float) else attr


def trace_folded(simulation: SimulationLike, scenario_size: int, step: Stepping | None = None) -> Traced:
    """The graphs before contraction: what adjoints and tangents are made of."""
    traced = _traced(simulation, scenario_size, step or simulation.step)
    start, folded, finish = fold_functions([traced.start, traced.step, traced.finish])
    return replace(traced, start=start, step=folded, finish=finish)


def trace_tangent(simulation: SimulationLike, scenario_size: int) -> Traced:
    """Forward mode: what moves with the parameters is carried beside the state, and every parameter has its tangent
    beside it, named by `tangent.dotted`. finish gives the tangent of the fitness, the fitness, and failed.
    """
    traced, maker = trace_folded(simulation, scenario_size), Tangents(simulation.parameters)
    n = len(traced.carry)
    start, _ = maker.moved(traced.start, (False,))
    moves = tuple(t is not None for t in start.results)
    step, moving = maker.loop(traced.step, moves + (False,) * (len(traced.step.inputs) - n))
    first = [full(t, o.shape) for o, t, m in zip(start.outputs, start.results, moving, strict=True) if m]
    finish, whole = maker.moved(traced.finish, tuple(moving))
    fitness, _, failed = finish.outputs
    moved = replace(
        traced,
        names=traced.names + [f"tangent_of_{name}" for name, m in zip(traced.names, moving, strict=True) if m],
        start=Function("start", start.inputs, [*start.outputs, *first], None),
        step=step,
        finish=Function("finish", whole.inputs, [full(finish.results[0], ()), fitness, failed], None),
    )
    return _simplified(moved)[0]


def _first(adjoint: Function, count: int) -> Function:
    """The adjoint with only its first cotangents, and all effects: nobody asks for those of scenarios and data."""
    outputs = [o for i, o in enumerate(adjoint.outputs) if i < count or o.dtype == ACCUMULATION]
    return Function(adjoint.name, adjoint.inputs, outputs, None)


def _check_names(names: list[str]) -> None:
    """Kernels call their variables like the state's fields."""
    for i, name in enumerate(names):
        if not name.isidentifier() or name in names[:i]:
            why = (
                "is the name of two fields of the state" if name in names[:i] else "cannot be part of a variable's name"
            )
            raise EvornnError(f"{name!r} {why}; rename the field")


class _Raw(NamedTuple):
    """Start, step and finish as traced, and what the step takes."""

    carry: list[Node]
    names: list[str]
    rows: dict[str, Node]
    time: Node
    functions: list[Function]


def row_nodes(simulation: SimulationLike) -> dict[str, Node]:
    """A step's data rows, as inputs."""
    kinds = simulation.row_kinds
    return {name: Node("input", (), shape, kinds[name], name) for name, shape in simulation.series.items()}


def _raw(simulation: SimulationLike, scenario_size: int, stepping: Stepping) -> _Raw:
    """The formulas as they are written."""
    with tracing():
        p = State(
            **{name: Node("parameter", (), shape, "float", name) for name, shape in simulation.parameters.items()}
        )
        scenario = Node("input", (), (scenario_size,), "float", "scenario")
        start = trace("start", simulation.start, [scenario], (p, scenario))
        carry = [Node("input", (), n.shape, n.dtype, f"carry{i}") for i, n in enumerate(start.outputs)]
        record = unflatten(start.definition, list(carry))
        names = [n.replace(".", "_") for n in leaf_names(record)]
        _check_names(names)
        time = Node("time", (), (), "int")
        rows = row_nodes(simulation)
        now = State(t=time, **rows)
        step = trace("step", stepping, [*carry, *rows.values(), time], (p, record, now))
        _check(step, start, names)
        finish = trace("finish", simulation.finish, carry, (record,))
    return _Raw(carry, names, rows, time, [start, step, finish])


def _traced(simulation: SimulationLike, scenario_size: int, stepping: Stepping) -> Traced:
    carry, names, rows, time, (start, step, finish) = _raw(simulation, scenario_size, stepping)
    alive = names.index("alive")
    while (constant := _unchanging(start, step, carry)) is not None:
        swap = {carry[constant].id: start.outputs[constant]}
        start, step, finish = (_substitute(f, swap) for f in (start, step, finish))
        for kept in (carry, names, start.outputs, step.outputs):
            kept.pop(constant)
        step.inputs, finish.inputs = [*carry, *rows.values(), time], list(carry)
        alive = -1 if constant == alive else alive - (constant < alive)
    return Traced(names, alive, list(rows), start, step, finish)


def _simplified(traced: Traced, more: list[Function] | None = None) -> tuple[Traced, list[Function]]:
    """Everything simplified together."""
    start, step, finish, *others = simplify([traced.start, traced.step, traced.finish, *(more or [])])
    return replace(traced, start=start, step=step, finish=finish), others


def _check(step: Function, start: Function, names: list[str]) -> None:
    if step.definition != start.definition:
        raise EvornnError(f"the step returns other state fields than the start, which has {names}")
    for name, a, b in zip(names, start.outputs, step.outputs, strict=True):
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            raise EvornnError(
                f"state field {name!r} starts as {a.dtype}{list(a.shape)}, a step makes it {b.dtype}{list(b.shape)}"
            )


def _unchanging(start: Function, step: Function, carry: list[Node]) -> int | None:
    """A field that starts constant and that the step passes on (after folding)."""
    folded_start, folded_step = simplify([start, step])
    for i in range(len(carry)):
        if is_constant(folded_start.outputs[i]) and folded_step.outputs[i] is folded_step.inputs[i]:
            start.outputs[i] = folded_start.outputs[i]
            return i
    return None


def _substitute(function: Function, swap: dict[int, Node]) -> Function:
    outputs = rebuilt(function.outputs, dict(swap))
    return Function(function.name, function.inputs, outputs, function.definition)
