"""A network in a task as one formula: the closed loop that every backend reads.

`start`, `step` and `finish` are pure; a backend binds parameters and scenarios, repeats `step`, and reads `finish`. An
episode that has failed is frozen: its state, total and step count no longer change, whatever the lane goes on
computing.
"""

from __future__ import annotations

import functools
from typing import TypeVar, cast

import numpy as np

from evornn.errors import EvornnError, shown
from evornn.formula import Node, State, where
from evornn.formula.elementwise import roundoff
from evornn.formula.node import lift
from evornn.formula.state import flatten, leaf_names, tree_map
from evornn.genome import Genome
from evornn.networks.base import Network, complete, started, stepped
from evornn.tasks.base import Task

S = TypeVar("S")


class Simulation:
    """The closed loop of `network` (bound here to the task's sizes) and `task`.

    early_exit: whether a backend may stop an episode group when all have failed (the result is the same either way).
    """

    def __init__(self, network: Network, task: Task, early_exit: bool = True) -> None:
        network.check_methods(Network)
        task.check_methods(Task)
        self.network = network.bind(task.observations, task.actions)
        self.task = task
        self.early_exit = early_exit
        self.traceable = 0  # steps for which a trace has shown it
        parameters = self.network.parameters()
        self.genome = Genome(parameters, self.network.refine, self.network.neurons)
        self.parameters = {name: p.shape for name, p in self.genome.parameters.items()}
        self.series = {name: array.shape[2:] for name, array in task.series.items()}
        self.row_kinds = {name: row_kind(name, array) for name, array in task.series.items()}
        if "t" in self.series:
            raise EvornnError(f"{type(task).__name__} has a series called 't', which is the time step: rename it")

    def start(self, p: State, scenario: Node | np.ndarray) -> State:
        """Everything that is carried from step to step, before the first."""
        cost = self._shaped("penalty", self.network, self.network.penalty(complete(self.network, p)), ())
        return State(
            **({} if isinstance(cost, float) and cost == 0 else {"penalty": cost}),
            net=_given("start", self.network, started(self.network, p)),
            task=_given("start", self.task, self.task.start(cast(Node, scenario))),
            lost=np.float64(0),
            total=np.float64(0),
            steps=np.float64(0),
            alive=np.bool_(True),
        )

    def step(self, p: State, carry: State, now: State) -> State:
        """One control step; `now` has the step t and the data rows of sequence tasks."""
        network, task, alive = self.network, self.task, carry.alive
        seen = self._shaped("observe", task, task.sense(carry.task, now), (task.observations,))
        net, action = stepped(network, p, carry.net, seen, now)
        self._like("step", network, net, carry.net)
        self._shaped("step", network, action, (task.actions,))
        if "forced" in self.series and "targets" in self.series:
            forced = network.forced(net, cast(Node, action), now.targets)
            net = tree_map(functools.partial(where, now.forced > 0), forced, net)
        after = self._like("step", task, task.advance(carry.task, action, now), carry.task)
        gain = self._shaped("reward", task, task.gain(carry.task, action, after, now), ())
        total, lost = self._added(carry, gain)
        return carry.replace(
            net=net,
            task=where(alive, after, carry.task),
            lost=lost,
            total=total,
            steps=where(alive, now.t + 1, carry.steps),
            alive=alive & ~self._truth("failed", after) & ~self._truth("finished", after),
        )

    def _added(self, carry: State, gain: Node | float) -> tuple[Node, Node]:
        """The running total with `gain` added while the episode goes on, and what rounding has dropped from it so far:
        together they hold a long sum to twice the precision (Kahan 1965; Dekker 1971).
        """
        if isinstance(gain, float | int) and gain == 0:
            return carry.total, carry.lost
        gain = where(carry.alive, gain, 0.0)
        rough, lost = carry.total + gain, carry.lost + roundoff(carry.total, gain)
        return rough + lost, roundoff(rough, lost)

    @staticmethod
    def _like(method: str, part: Network | Task, state: S, before: State) -> S:
        """The state, if it has the fields, shapes and kinds of numbers of the one before; looked at while tracing."""
        leaves, fields = flatten(before)
        if leaves and not any(isinstance(leaf, Node) for leaf in leaves):
            return state
        what, names = f"{type(part).__name__}.{method}", leaf_names(before)
        found, other = flatten(_given(method, part, state))
        if other != fields:
            raise EvornnError(f"{what} returns the state fields {leaf_names(state)}; the start gives {names}")
        for name, a, b in zip(names, map(lift, leaves), map(lift, found), strict=True):
            if a.shape != b.shape or (a.dtype == "bool") != (b.dtype == "bool"):
                field = f"state field {name!r}" if name else "the state"
                raise EvornnError(
                    f"{what} makes {field} {b.dtype}{list(b.shape)}; the start gives {a.dtype}{list(a.shape)}"
                )
        return state

    def _truth(self, method: str, state: State) -> Node | np.bool_:
        """What one of the task's questions is answered by: a condition, or Python's True or False as NumPy's, whose ~
        is a logical not.
        """
        value = getattr(self.task, method)(state)
        if isinstance(value, bool):
            return np.bool_(value)
        kind = getattr(value, "dtype", None)
        if (kind != "bool" and kind != np.bool_) or np.shape(value):
            raise EvornnError(
                f"{type(self.task).__name__}.{method} returns {_form(value)}; it must return one condition, such as "
                "state.x > 1"
            )
        return value

    @staticmethod
    def _shaped(method: str, part: Network | Task, value: Node | float, shape: tuple[int, ...]) -> Node | float:
        """The value, if it has the shape that the method must give: nothing is stretched in silence."""
        if np.shape(_given(method, part, value)) != shape:
            what = "outputs" if method == "step" else "values"
            wanted = f"[{shape[0]}] {what}, a vector" if shape else "one number"
            raise EvornnError(
                f"{type(part).__name__}.{method} gives shape {list(np.shape(value))}; it must give {wanted}"
            )
        return value

    def silenced(self, carry: State) -> State:
        """The same with the network's state at zero once the episode has ended."""
        net = tree_map(lambda x: where(carry.alive, x, np.zeros(x.shape) if x.shape else 0.0), carry.net)
        return carry.replace(net=net)

    def finish(self, carry: State) -> State:
        """fitness, steps taken and failed of the episode: ended short of its goal, or with a wrong result."""
        failed = (~carry.alive & ~self._truth("finished", carry.task)) | ~self._truth("passed", carry.task)
        fitness = self._shaped("score", self.task, self.task.score(carry.task, carry.total, carry.steps), ())
        if "penalty" in dict(carry.items()):
            fitness = fitness - carry.penalty
        return State(fitness=fitness, steps=carry.steps, failed=failed)

    def title(self) -> str:
        """What heads the text of a kernel; simulations that differ only in data have one kernel, so one title."""
        return f"{self.network.describe()} in {self.task.title()}"

    def describe(self) -> str:
        """The two constructor calls."""
        return f"{self.network.describe()} in {self.task.describe()}"


KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool"}  # NumPy's kinds of numbers -> those of formulas
LARGEST = 2**24  # whole numbers up to here are exact in float32, in which kernels may hold data rows


def row_kind(name: str, array: np.ndarray) -> str:
    """What a data row is in formulas: whole numbers are indices, truth values conditions; EvornnError for others."""
    kind = KINDS.get(array.dtype.kind)
    if kind is None:
        raise EvornnError(f"series {name!r} has dtype {array.dtype}; it must be of real numbers or truth values")
    if kind == "int" and array.size and max(-int(array.min()), int(array.max())) > LARGEST:
        raise EvornnError(
            f"series {name!r} has whole numbers from {array.min():,} to {array.max():,}; they must lie in "
            f"+-{LARGEST:,}; larger ones are data for .astype(float)"
        )
    return kind


def _given(method: str, part: Network | Task, value: S) -> S:
    """The value, if there is one: a method without `return` gives None."""
    if value is None:
        raise EvornnError(f"{type(part).__name__}.{method} returns nothing (None): does it end without `return`?")
    return value


def _form(value: object) -> str:
    """A value in words: what a person takes it for."""
    if not isinstance(value, Node):
        return shown(value)
    kind = {"bool": "condition", "int": "whole number"}.get(value.dtype, "number")
    return f"an array of shape {list(value.shape)}" if value.shape else f"a {kind}"
