"""A network in a task as one formula: the closed loop that every backend reads.

`start`, `step` and `finish` are pure; a backend binds parameters and scenarios, repeats `step`, and reads `finish`. An
episode that has failed is frozen: its state, total and step count no longer change, whatever the lane goes on
computing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import State, where
from evornn.formula.ops import roundoff
from evornn.formula.record import tree_map
from evornn.genome import Genome
from evornn.networks.base import Network
from evornn.tasks.base import Task


class Simulation:
    """The closed loop of `network` (bound here to the task's sizes) and `task`.

    early_exit: whether a backend may stop an episode group when all have failed (the result is the same either way).
    """

    def __init__(self, network: Network, task: Task, early_exit: bool = True) -> None:
        self.network = network.bind(task.observations, task.actions)
        self.task = task
        self.early_exit = early_exit
        self.traceable = False  # until a trace has shown it
        parameters = self.network.parameters()
        self.genome = Genome(parameters, self.network.refine, self.network.neurons)
        self.parameters = {name: p.shape for name, p in self.genome.parameters.items()}
        self.series = {name: array.shape[2:] for name, array in task.series.items()}

    def start(self, p: Any, scenario: Any) -> State:
        """Everything that is carried from step to step, before the first."""
        return State(
            net=self.network.start(p),
            task=self.task.start(scenario),
            lost=np.float64(0),
            total=np.float64(0),
            steps=np.float64(0),
            alive=np.bool_(True),
        )

    def step(self, p: Any, carry: Any, now: Any) -> State:
        """One control step; `now` has the step t and the data rows of sequence tasks."""
        network, task, alive = self.network, self.task, carry.alive
        seen = self._shaped("observe", task, task.sense(carry.task, now), (task.observations,))
        net, action = self._pair(network.step(p, carry.net, seen))
        self._shaped("step", network, action, (task.actions,))
        after = task.advance(carry.task, action, now)
        gain = self._shaped("reward", task, task.gain(carry.task, action, after, now), ())
        total, lost = self._added(carry, gain)
        return State(
            net=net,
            task=where(alive, after, carry.task),
            lost=lost,
            total=total,
            steps=where(alive, now.t + 1, carry.steps),
            alive=alive & ~as_mask(task.failed(after)) & ~as_mask(task.finished(after)),
        )

    def _added(self, carry: Any, gain: Any) -> tuple[Any, Any]:
        """The running total with `gain` added while the episode goes on, and what rounding has dropped from it so far:
        together they hold a long sum to twice the precision (Kahan 1965; Dekker 1971).
        """
        if isinstance(gain, float | int) and gain == 0:
            return carry.total, carry.lost
        gain = where(carry.alive, gain, 0.0)
        rough, lost = carry.total + gain, carry.lost + roundoff(carry.total, gain)
        return rough + lost, roundoff(rough, lost)

    def _pair(self, result: Any) -> tuple[Any, Any]:
        """What a network's step returns, two values."""
        if not (isinstance(result, tuple) and len(result) == 2):
            raise EvornnError(
                f"{type(self.network).__name__}.step returns {type(result).__name__}; it must return two values, "
                "the new state and the outputs: `return State(...), y`"
            )
        return result

    @staticmethod
    def _shaped(method: str, part: Network | Task, value: Any, shape: tuple[int, ...]) -> Any:
        """The value, if it has the shape that the method must give: nothing is stretched in silence."""
        if np.shape(value) != shape:
            what = "outputs" if method == "step" else "values"
            wanted = f"[{shape[0]}] {what}, a vector" if shape else "one number"
            raise EvornnError(
                f"{type(part).__name__}.{method} gives shape {list(np.shape(value))}; it must give {wanted}"
            )
        return value

    def silenced(self, carry: Any) -> State:
        """The same with the network's state at zero once the episode has ended."""
        net = tree_map(lambda x: where(carry.alive, x, np.zeros(x.shape) if x.shape else 0.0), carry.net)
        return carry.replace(net=net)

    def finish(self, carry: Any) -> State:
        """fitness, steps taken and failed of the episode: ended short of its goal, or with a wrong result."""
        failed = (~carry.alive & ~as_mask(self.task.finished(carry.task))) | ~as_mask(self.task.passed(carry.task))
        return State(fitness=self.task.score(carry.task, carry.total, carry.steps), steps=carry.steps, failed=failed)

    def title(self) -> str:
        """What heads the text of a kernel; simulations that differ only in data have one kernel, so one title."""
        return f"{self.network.describe()} in {self.task.title()}"

    def describe(self) -> str:
        """The two constructor calls."""
        return f"{self.network.describe()} in {self.task.describe()}"


def as_mask(value: Any) -> Any:
    """Python's True and False as NumPy's, whose ~ is a logical not."""
    return np.bool_(value) if isinstance(value, bool) else value
