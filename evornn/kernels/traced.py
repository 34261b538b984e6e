"""A simulation's graphs: start, step and finish, and for gradients the adjoint of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evornn.errors import EvornnError
from evornn.formula.adjoint import EFFECT, Adjoints, full
from evornn.formula.graph import Node
from evornn.formula.record import State, leaf_names, unflatten
from evornn.formula.simplify import fold_functions, is_constant, simplify
from evornn.formula.tangent import Tangents
from evornn.formula.trace import Function, reachable, trace, tracing


@dataclass
class Traced:
    """A simulation's graph: what is carried (names, input nodes), and the three functions."""

    names: list[str]
    carry: list[Node]
    alive: int
    scenario: Node
    rows: dict[str, Node]
    time: Node
    start: Function
    step: Function
    finish: Function


COSTLY = ("tanh", "sigmoid", "softplus", "exp", "log", "sin", "cos", "sqrt")  # worth storing for the way back


@dataclass
class TracedGradient:
    """The forward graphs, and the adjoints of start, step and finish.

    back: numbers of the carried floats, each of which has a cotangent that is carried backwards. The last `saved`
    outputs of the forward step are not states but what its adjoint would have to compute again, given to it as its last
    inputs.
    """

    forward: Traced
    back: list[int]
    saved: int
    start: Function
    step: Function
    finish: Function


def trace_simulation(simulation: Any, scenario_size: int) -> Traced:
    """Trace start, step and finish; fields that never change are folded into the step as constants."""
    return _simplified(_traced(simulation, scenario_size, simulation.step))[0]


def trace_gradient(simulation: Any, scenario_size: int) -> TracedGradient:
    """The same with adjoints. A network that goes on after its episode has ended counts from zero: whatever it would
    become, it must not reach the gradient.
    """

    def step(p: Any, carry: Any, now: Any) -> Any:
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
    traced.step, backward[1], saved = saving(traced.step, backward[1])
    forward, more = _simplified(traced, backward)
    return TracedGradient(forward, back, saved, *more)


def saving(step: Function, adjoint: Function) -> tuple[Function, Function, int]:
    """The step also giving the activations that its adjoint reads, and the adjoint taking them: products and
    exponentials are then computed once.
    """
    read = {n.id for n in reachable(adjoint.outputs)}
    costly = [n for n in reachable(step.outputs) if n.op in COSTLY and n.id in read]
    inputs = {n.id: Node("input", (), n.shape, "float", "saved") for n in costly}
    taking = _substitute(adjoint, inputs)
    used = {n.id for n in reachable(taking.outputs)}
    kept = [n for n in costly if inputs[n.id].id in used]
    saving = Function(step.name, step.inputs, [*step.outputs, *kept], None)
    extra = [inputs[n.id] for n in kept]
    return saving, Function(adjoint.name, [*adjoint.inputs, *extra], taking.outputs, None), len(kept)


def trace_folded(simulation: Any, scenario_size: int, step: Any = None) -> Traced:
    """The graphs before contraction: what adjoints and tangents are made of."""
    traced = _traced(simulation, scenario_size, step or simulation.step)
    start, step, finish = fold_functions([traced.start, traced.step, traced.finish])
    n = len(traced.carry)
    rows = dict(zip(traced.rows, step.inputs[n:-1], strict=True))
    carry, time = step.inputs[:n], step.inputs[-1]
    return Traced(traced.names, carry, traced.alive, start.inputs[0], rows, time, start, step, finish)


def trace_tangent(simulation: Any, scenario_size: int) -> Traced:
    """Forward mode: what moves with the parameters is carried beside the state, and every parameter has its tangent
    beside it, named by `tangent.dotted`. finish gives the tangent of the fitness, the fitness, and failed.
    """
    traced, maker = trace_folded(simulation, scenario_size), Tangents(simulation.parameters)
    n = len(traced.carry)
    start, _ = maker.moved(traced.start, (False,))
    moves = tuple(t is not None for t in start.results)
    step, moving = maker.loop(traced.step, moves + (False,) * (len(traced.step.inputs) - n))
    k = n + sum(moving)
    first = [full(t, o.shape) for o, t, m in zip(start.outputs, start.results, moving, strict=True) if m]
    finish, whole = maker.moved(traced.finish, tuple(moving))
    fitness, _, failed = finish.outputs
    return _simplified(
        Traced(
            traced.names + [f"tangent_of_{name}" for name, m in zip(traced.names, moving, strict=True) if m],
            step.inputs[:k],
            traced.alive,
            start.inputs[0],
            dict(zip(traced.rows, step.inputs[k:-1], strict=True)),
            step.inputs[-1],
            Function("start", start.inputs, [*start.outputs, *first], None),
            step,
            Function("finish", whole.inputs, [full(finish.results[0], ()), fitness, failed], None),
        )
    )[0]


def _first(adjoint: Function, count: int) -> Function:
    """The adjoint with only its first cotangents, and all effects: nobody asks for those of scenarios and data."""
    outputs = [o for i, o in enumerate(adjoint.outputs) if i < count or o.dtype == EFFECT]
    return Function(adjoint.name, adjoint.inputs, outputs, None)


def _traced(simulation: Any, scenario_size: int, stepping: Any) -> Traced:
    with tracing():
        p = State(
            **{name: Node("parameter", (), shape, "float", name) for name, shape in simulation.parameters.items()}
        )
        scenario = Node("input", (), (scenario_size,), "float", "scenario")
        start = trace("start", simulation.start, [scenario], (p, scenario))
        carry = [Node("input", (), n.shape, n.dtype, f"carry{i}") for i, n in enumerate(start.outputs)]
        record = unflatten(start.definition, list(carry))
        names = [n.replace(".", "_") for n in leaf_names(record)]
        time = Node("time", (), (), "int")
        rows = {name: Node("input", (), shape, "float", name) for name, shape in simulation.series.items()}
        now = State(t=time, **rows)
        step = trace("step", stepping, [*carry, *rows.values(), time], (p, record, now))
        _check(step, start, names)
        finish = trace("finish", simulation.finish, carry, (record,))
    alive = names.index("alive")
    while (constant := _unchanging(start, step, carry)) is not None:
        swap = {carry[constant].id: start.outputs[constant]}
        start, step, finish = (_substitute(f, swap) for f in (start, step, finish))
        for kept in (carry, names, start.outputs, step.outputs):
            kept.pop(constant)
        step.inputs, finish.inputs = [*carry, *rows.values(), time], list(carry)
        alive = -1 if constant == alive else alive - (constant < alive)
    return Traced(names, carry, alive, scenario, rows, time, start, step, finish)


def _simplified(traced: Traced, more: list[Function] | None = None) -> tuple[Traced, list[Function]]:
    """Everything simplified together."""
    start, step, finish, *others = simplify([traced.start, traced.step, traced.finish, *(more or [])])
    n = len(traced.carry)
    rows = dict(zip(traced.rows, step.inputs[n:-1], strict=True))
    simple = Traced(
        traced.names, step.inputs[:n], traced.alive, start.inputs[0], rows, step.inputs[-1], start, step, finish
    )
    return simple, others


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
    known: dict[int, Node] = dict(swap)
    for node in reachable(function.outputs, frozenset(known)):
        if node.id not in known:
            args = tuple(known[a.id] for a in node.args)
            same = all(a is b for a, b in zip(args, node.args, strict=True))
            known[node.id] = node if same else Node(node.op, args, node.shape, node.dtype, node.attr)
    return Function(function.name, function.inputs, [known[o.id] for o in function.outputs], function.definition)
