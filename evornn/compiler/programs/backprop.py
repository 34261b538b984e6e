"""Backpropagation through time as the text of one kernel module, for individuals or episodes as lanes.

`run_forward` steps through a segment of an episode and stores what the way back reads on a *tape*; `checkpoints` keep
the whole state at each segment's end. `differentiate` runs all segments, then goes back through them, running each but
the last forward once more: with one segment everything is stored, with more a shorter tape costs a second pass.
Products of weights are summed over BLOCK steps at a time (`outer_sum`), in registers.
"""

from __future__ import annotations

from dataclasses import dataclass

from evornn.compiler.emit.body import Body, Carry, results_of
from evornn.compiler.emit.values import Memory, Text
from evornn.compiler.memory_plan import Plan
from evornn.compiler.programs.episode import functions_text, hoisted, module_text, read_rows
from evornn.compiler.specialization import Shape
from evornn.compiler.target import Target
from evornn.formula.node import Node
from evornn.formula.trace import reachable
from evornn.graph.simplify import in_registers, parameters_only
from evornn.graph.simulation_graphs import TracedGradient

BLOCK = 16  # steps whose factors are kept before their products are added to the gradients
ARRAYS = ("w", "K", "J", "S", "g")


@dataclass
class GradientPlan:
    """What a gradient kernel needs besides its `Plan`: elements of a step on the tape, and of a whole state."""

    plan: Plan
    tape: int
    checkpoints: int


def gradient_text(
    traced: TracedGradient, shape: Shape, shapes: dict[str, tuple[int, ...]], title: str, early_exit: bool
) -> tuple[str, GradientPlan, Shape]:
    """The module's text, its memory, and `shape` with the strides that the plan gives."""
    writer = _Writer(traced, shape, shapes, early_exit)
    parts = writer.parts()
    shape = shape.with_strides(writer.plan.weight_size, writer.plan.scratch_size)
    return module_text(f"{title}, with gradients", shape, parts), writer.sizes(), shape


class _Writer:
    def __init__(
        self, traced: TracedGradient, shape: Shape, shapes: dict[str, tuple[int, ...]], early_exit: bool
    ) -> None:
        self.traced, self.forward, self.shape = traced, traced.forward, shape
        self.early_exit = early_exit and self.forward.alive >= 0
        self.plan = Plan(shape.group, shapes)
        read = {n.id for n in reachable(traced.step.outputs)}
        self.states = len(self.forward.carry)
        self.taped = [i for i, n in enumerate(traced.step.inputs[: self.states]) if n.id in read]
        self.residuals = self.forward.step.outputs[self.states :]

    def sizes(self) -> GradientPlan:
        carry = self.forward.carry
        return GradientPlan(self.plan, _width([carry[i] for i in self.taped] + self.residuals), _width(carry))

    def parts(self) -> list[str]:
        f, t = self.forward, self.traced
        functions = [f.start, f.step, f.finish, t.start, t.step, t.finish]
        self.functions, parts = functions_text(functions, self.plan, Target(self.shape.layout), ARRAYS)
        parts.append(self._run_forward())
        main = self._differentiate()  # tells which products there are
        return [*parts, self._products(), main]

    # what the functions share -----------------------------------------------------------------------------------------
    def _body(self, text: Text, prefix: str = "v") -> Body:
        return Body(self.plan, Target(self.shape.layout), self.functions, text, prefix, ARRAYS)

    def _save(self, body: Body, nodes: list[Node], array: str, at: str) -> str:
        """Copy values to consecutive places; gives the place after them."""
        for node in nodes:
            body.copy(node, body.value(node), Memory(array, at))
            at = _after(at, node.size)
        return at

    def _load(self, body: Body, nodes: list[Node], array: str, at: str) -> None:
        """Give nodes their values from stored states: small ones are read now, large ones where they are."""
        for node in nodes:
            view = Memory(array, at)
            body.values[node.id] = body._fetch(node, view) if in_registers(node) else view
            at = _after(at, node.size)

    def _rows_arguments(self) -> str:
        return "".join(f"rows_{r}, " for r in self.forward.rows)

    # forwards ---------------------------------------------------------------------------------------------------------
    def _run_forward(self) -> str:
        f, text = self.forward, Text()
        text.add("align_stack()")
        body = self._body(text)
        carry = Carry(body, f.carry, "", list(f.names))
        loader = self._body(text, "m")
        self._load(loader, f.carry, "checkpoints", "number * CHECKPOINT")
        carry.assign([loader.values[n.id] for n in f.carry])
        fixed = parameters_only(reachable(f.step.outputs))
        body.emit(hoisted(f.step.outputs, fixed))
        text.add("taken = 0")
        text.add("for t in range(begin, end):")
        text.indent += 1
        text.add("if t % 256 == 0 and stop[0]:")
        text.add("    break")
        if self.early_exit:
            text.add("if not any_lane(alive):")
            text.add("    break")
        text.add("row = (t - begin) * TAPE")
        at = self._save(body, [f.carry[i] for i in self.taped], "tape", "row")
        for node in self.residuals:
            body.places[node.id] = Memory("tape", at)
            at = _after(at, node.size)
        read_rows(body, f.rows, f.time)
        carry.advance(f.step.outputs[: self.states], self.residuals)
        for node in self.residuals:
            value, place = body.value(node), body.places[node.id]
            if value != place:
                body.copy(node, value, place)
        text.add("taken += 1")
        text.indent -= 1
        self._save(body, f.carry, "checkpoints", "(number + 1) * CHECKPOINT")
        text.add("return taken")
        arguments = (
            f"K, J, {self._rows_arguments()}n_rows, seed, group, episode, "
            "w, S, g, tape, checkpoints, number, begin, end, stop"
        )
        self._forward_call = f"run_forward({arguments})"
        return f"@part_of_kernel\ndef run_forward({arguments}):\n" + "\n".join(text.lines) + "\n"

    # both ways --------------------------------------------------------------------------------------------------------
    def _differentiate(self) -> str:
        text = Text()
        text.add("align_stack()")
        text.add("for job in range(first, last):")
        text.indent += 1
        text.add("part, block, turn = job % parts, job // parts, 0")
        text.add("gather_weights(w, values, order, block)")
        text.add("for i in range(GRADIENTS):")
        text.add("    store(g, i, 0.0)")
        text.add("for group in range(part * groups // parts, (part + 1) * groups // parts):")
        text.indent += 1
        first_lane = f"group * {self.shape.lanes}"
        text.add(f"episode = {first_lane if self.shape.layout == 'episodes' else 'numbers[group]'}")
        text.add(f"at = group * {self.forward.scenario.size}")
        self._forwards(text)
        bars = self._finish(text)
        self._backwards(text, bars)
        self._start_adjoint(text, bars)
        text.indent -= 1
        text.add("if turn:")
        text.add(f"    add_products(S, g, min(turn, {BLOCK}))")
        text.add("scatter(g, genes, slopes[part], block)")
        rows = self._rows_arguments()
        arguments = (
            f"values, order, K, J, q, seeds, numbers, {rows}n_rows, n_steps, seed, groups, parts, segment, genes, "
            "first, last, out, slopes, w, S, g, tape, checkpoints, stop"
        )
        sizes = self.sizes()
        numbers = f"TAPE, CHECKPOINT, GRADIENTS = {sizes.tape}, {sizes.checkpoints}, {max(self.plan.gradients.size, 1)}"
        return f"{numbers}\n\n\n{SCATTER[self.shape.layout].format(lanes=self.shape.lanes)}\n\n" + (
            f"@part_of_kernel\ndef differentiate({arguments}):\n" + "\n".join(text.lines) + "\n"
        )

    def _forwards(self, text: Text) -> None:
        f = self.forward
        body = self._body(text, "f")
        self._load(body, [f.scenario], "q", "at")
        body.emit(f.start.outputs)
        at = "0"
        for node, output in zip(f.carry, f.start.outputs, strict=True):
            body.copy(node, body.value(output), Memory("checkpoints", at))
            at = _after(at, node.size)
        text.add("taken, number = 0, -1")
        text.add("while taken < n_steps:")
        text.indent += 1
        text.add("number += 1")
        text.add("begin, end = number * segment, min((number + 1) * segment, n_steps)")
        text.add(f"taken += {self._forward_call}")
        text.add("if stop[0]:")
        text.add("    return")
        text.add("if taken < end:")
        text.add("    break")
        text.indent -= 1

    def _finish(self, text: Text) -> Carry:
        """Results, and the cotangents of the last state."""
        f, t = self.forward, self.traced
        last = self._body(text, "r")
        self._load(last, f.finish.inputs, "checkpoints", "(number + 1) * CHECKPOINT")
        last.emit(f.finish.outputs)
        for i, node in enumerate(f.finish.outputs):
            value = last.scalar(node)
            value = f"where({value}, 1.0, 0.0)" if node.dtype == "bool" else value
            text.add(f"store_result(out[block * groups + group], {i}, {value})")
        back = self._body(text, "e")
        *states, seed = t.finish.inputs
        self._load(back, states, "checkpoints", "(number + 1) * CHECKPOINT")
        self._load(back, [seed], "seeds", "group")
        outputs, effects = results_of(t.finish)
        back.emit([*outputs, *effects])
        body = self._body(text)
        first = self.states + len(f.rows) + 1
        names = [f"bar_{f.names[i]}" for i in t.back]
        bars = Carry(body, t.step.inputs[first : first + len(outputs)], "", names)
        bars.assign([back.value(o) for o in outputs])
        return bars

    def _backwards(self, text: Text, bars: Carry) -> None:
        f, t, body = self.forward, self.traced, bars.body
        outputs, effects = results_of(t.step)
        fixed = parameters_only(reachable(t.step.outputs))
        body.emit(hoisted(t.step.outputs, fixed))
        body.block = BLOCK
        n, inputs = self.states, t.step.inputs
        text.add("while number >= 0:")
        text.indent += 1
        text.add("begin = number * segment")
        text.add("if taken - begin > segment:")
        text.add(f"    end = begin + {self._forward_call.replace('begin, end,', 'begin, begin + segment,')}")
        text.add("else:")
        text.add("    end = taken")
        text.add("for t in range(end - 1, begin - 1, -1):")
        text.indent += 1
        text.add("row = (t - begin) * TAPE")
        self._load(body, [inputs[i] for i in self.taped] + inputs[len(inputs) - len(self.residuals) :], "tape", "row")
        rows = dict(zip(f.rows, inputs[n : n + len(f.rows)], strict=True))
        read_rows(body, rows, inputs[n + len(f.rows)])
        bars.advance(outputs, effects)
        if self.plan.products:
            text.add("turn += 1")
            text.add(f"if turn == {BLOCK}:")
            text.add("    add_products(S, g, turn)")
            text.add("    turn = 0")
        text.indent -= 1
        text.add("number -= 1")
        text.indent -= 1

    def _start_adjoint(self, text: Text, bars: Carry) -> None:
        t = self.traced
        body = self._body(text, "b")
        scenario, *given = t.start.inputs
        self._load(body, [scenario], "q", "at")
        body.values.update({n.id: v for n, v in zip(given, bars.current(), strict=True)})
        _, effects = results_of(t.start)
        body.emit(effects)

    def _products(self) -> str:
        text = Text()
        for at, left, right, rows, columns in self.plan.products:
            text.add(f"outer_sum(g, {at}, S, {left}, S, {right}, {rows}, {columns}, {BLOCK}, turns)")
        return "@part_of_kernel\ndef add_products(S, g, turns):\n" + "\n".join(text.lines or ["    pass"]) + "\n"


SCATTER = {
    "individuals": """@part_of_kernel
def scatter(g, genes, slopes, block):
    for lane in range(min({lanes}, slopes.shape[0] - block * {lanes})):
        for i in range(len(genes)):
            slopes[block * {lanes} + lane, genes[i]] += g[i * {lanes} + lane]
""",
    "episodes": """@part_of_kernel
def scatter(g, genes, slopes, block):
    for i in range(len(genes)):
        for lane in range({lanes}):
            slopes[block, genes[i]] += g[i * {lanes} + lane]
""",
}


def _width(nodes: list[Node]) -> int:
    return sum(n.size for n in nodes)


def _after(at: str, size: int) -> str:
    """The place `size` elements further on: `base + k`."""
    base, _, k = at.rpartition(" + ")
    if not base and at.isdigit():
        return str(int(at) + size)
    return f"{base} + {int(k) + size}" if base and k.isdigit() else f"{at} + {size}"
