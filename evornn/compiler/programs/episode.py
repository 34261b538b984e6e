"""A simulation as the text of one kernel module: start, the loop over steps, finish, for every (individual group,
episode group).
"""

from __future__ import annotations

import textwrap

from evornn.compiler.emit.body import Body, Carry, results_of
from evornn.compiler.emit.core import ARRAYS
from evornn.compiler.emit.values import Memory, Text, part
from evornn.compiler.memory_plan import Plan
from evornn.compiler.specialization import Shape
from evornn.compiler.target import Target
from evornn.formula.node import Node
from evornn.formula.trace import CALLS, Function, body_of, reachable
from evornn.graph.simplify import GLOBAL, in_registers, parameters_only
from evornn.graph.simulation_graphs import Traced


def _sub_functions(functions: list[Function]) -> list[Function]:
    """Sub-functions of registers only, callees first."""
    found: dict[int, Function] = {}

    def visit(function: Function) -> None:
        for node in reachable(function.outputs):
            if node.op in CALLS:
                inner = body_of(node)
                if id(inner) not in found:
                    visit(inner)
                    found[id(inner)] = inner

    for function in functions:
        visit(function)
    return [f for f in found.values() if _registers_only(f)]


def _registers_only(function: Function) -> bool:
    inside = (*function.inputs, *reachable(function.outputs))
    return all(n.op in GLOBAL or n.dtype == "tuple" or in_registers(n) for n in inside)


HEADER = '''"""{title}

{precision}, {lanes} lanes, layout "{layout}"{jobs}. Written by evornn; intrinsics: evornn/compiler/simd/intrinsics.py.
"""

from evornn.compiler.simd.intrinsics import intrinsics
from evornn.compiler.simd.native import inline, part_of_kernel
from evornn.compiler.specialization import Shape

globals().update(intrinsics({shape!r}))
'''


def kernel_text(traced: Traced, shape: Shape, title: str, early_exit: bool) -> tuple[str, Plan, Shape]:
    """The module's text, its memory plan, and `shape` with the strides that the plan gives."""
    plan, target = Plan(shape.group), Target(shape.layout)
    functions, parts = functions_text([traced.start, traced.step, traced.finish], plan, target)
    parts.append(_simulate_text(traced, shape, Episode(traced, plan, target, functions), early_exit))
    shape = shape.with_strides(plan.weight_size, plan.scratch_size)
    return module_text(title, shape, parts), plan, shape


def functions_text(
    functions: list[Function], plan: Plan, target: Target, arrays: tuple[str, ...] = ARRAYS
) -> tuple[dict[int, str], list[str]]:
    """Names and texts of all sub-functions that are kept as functions."""
    names: dict[int, str] = {}
    parts = []
    for function in _sub_functions(functions):
        name = function.name if function.name not in names.values() else f"{function.name}_{len(names)}"
        parts.append(_function_text(function, name, plan, target, names, arrays))
        names[id(function)] = name
    return names, parts


def module_text(title: str, shape: Shape, parts: list[str]) -> str:
    """The whole module."""
    jobs = f", {shape.jobs} individuals side by side" if shape.jobs > 1 else ""
    header = HEADER.format(
        title=textwrap.fill(title, 130),
        precision=shape.precision,
        lanes=shape.lanes,
        layout=shape.layout,
        jobs=jobs,
        shape=shape,
    )
    return header + "".join(f"\n\n{p}" for p in parts)


def _function_text(
    function: Function, name: str, plan: Plan, target: Target, functions: dict[int, str], arrays: tuple[str, ...]
) -> str:
    text = Text()
    body = Body(plan, target, functions, text, arrays=arrays)
    names = [f"a{i}" for i in range(len(function.inputs))]
    for node, argument in zip(function.inputs, names, strict=True):
        body.values[node.id] = part(argument, node)
    body.emit(function.outputs)
    results, _ = results_of(function)
    text.add(f"return ({', '.join(body.expression(o) for o in results) or '0'},)")
    return f"@inline\ndef {name}({', '.join([*arrays, *names])}):\n" + "\n".join(text.lines) + "\n"


def _simulate_text(traced: Traced, shape: Shape, episode: Episode, early_exit: bool) -> str:
    text = Text()
    arguments = [
        "values",
        "order",
        "K",
        "J",
        "q",
        *(f"rows_{r}" for r in traced.rows),
        "n_rows",
        "n_steps",
        "seed",
        "groups",
        "first",
        "last",
        "out",
        "w",
        "S",
        "stop",
    ]
    text.add("align_stack()")
    text.add("for job in range(first, last):")
    text.indent += 1
    text.add("group = job % groups")
    text.add(f"episode = group * {shape.lanes if shape.layout == 'episodes' else 1}")
    text.add("if group == 0 or job == first:")
    text.add("    gather_weights(w, values, order, job // groups)")
    leave = ["if t % 256 == 0 and stop[0]:", "    return"]
    if early_exit and traced.alive >= 0:
        leave += ["if not any_lane(alive):", "    break"]
    for i, value in enumerate(episode.write(text, leave)):
        text.add(f"store_result(out[job], {i}, {value})")
    return f"@part_of_kernel\ndef simulate({', '.join(arguments)}):\n" + "\n".join(text.lines) + "\n"


class Episode:
    """The statements of one episode, the same for every target: start, the loop over steps, finish."""

    def __init__(self, traced: Traced, plan: Plan, target: Target, functions: dict[int, str]) -> None:
        self.traced, self.plan, self.target, self.functions = traced, plan, target, functions

    def _body(self, text: Text, prefix: str = "v") -> Body:
        return Body(self.plan, self.target, self.functions, text, prefix)

    def write(self, text: Text, leave: list[str]) -> list[str]:
        """Write it, with the lines `leave` at the begin of each step; gives the expressions of fitness, steps, failed.

        The text has `group` (the episode's data) and what the target's intrinsics need.
        """
        traced, body = self.traced, self._body(text)
        text.add(f"at = group * {traced.scenario.size}")
        view = Memory("q", "at")
        body.values[traced.scenario.id] = body._fetch(traced.scenario, view) if in_registers(traced.scenario) else view
        carry = Carry(body, traced.carry, "", list(traced.names))
        first = self._body(text, "f")
        first.values = dict(body.values)
        first.emit(traced.start.outputs)
        carry.assign([first.value(o) for o in traced.start.outputs])
        fixed = parameters_only(reachable(traced.step.outputs))
        body.emit(hoisted(traced.step.outputs, fixed))
        text.add("for t in range(n_steps):")
        text.indent += 1
        for line in leave:
            text.add(line)
        read_rows(body, traced.rows, traced.time)
        carry.advance(traced.step.outputs)
        text.indent -= 1
        last = self._body(text, "r")
        last.values = {o.id: v for o, v in zip(traced.finish.inputs, carry.current(), strict=True)}
        last.emit(traced.finish.outputs)
        return [
            last.as_number(last.scalar(node)) if node.dtype == "bool" else last.scalar(node)
            for node in traced.finish.outputs
        ]


def read_rows(body: Body, rows: dict[str, Node], time: Node) -> None:
    """Step t's time and data rows."""
    body.values[time.id] = part("t", time)
    for name, node in rows.items():
        body.text.add(f"at_{name} = (group * n_rows + t) * {node.size}")
        view = Memory(f"rows_{name}", f"at_{name}")
        if node.dtype == "int":
            body.read_whole(node, view)
            continue
        body.values[node.id] = body._fetch(node, view) if in_registers(node) else view


def hoisted(outputs: list[Node], fixed: set[int]) -> list[Node]:
    """Computed values that depend on parameters alone and are read by the step: computed once, before the loop."""
    wanted: dict[int, Node] = {}
    for node in reachable(outputs):
        for arg in node.args if node.id not in fixed else ():
            if arg.id in fixed and arg.op not in ("parameter", "constant", "transpose"):
                wanted[arg.id] = arg
    return [wanted[i] for i in sorted(wanted)]
