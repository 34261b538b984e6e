"""Base of series prediction: from each value give the next one; teacher-forced, then running free on its own outputs.

A training episode has `washout` steps that do not count, `fit` steps on true values, and `free` steps on which the
network sees its own last output in place of the true value; the last two count. The test is a free run of `horizon`
steps after a start on true values as long as washout and fit. The row `teach` of the data says whether a step is on
true values.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.errors import EvornnError
from evornn.formula import Node, State, where
from evornn.options import Order, fixed, number, whole
from evornn.tasks import metrics
from evornn.tasks.base import Stage
from evornn.tasks.generated import Generated
from evornn.tasks.sequence import Sequence


class Series(Generated):
    """Base of the series tasks. A subclass gives `values`; or `generate`, if its input is another series.

    washout, fit, free, horizon: steps, as above.
    """

    MORE: ClassVar[tuple[str, ...]] = ("teach",)
    SMALL: ClassVar[dict[str, Any]] = {"washout": 3, "fit": 5, "free": 3, "horizon": 4}
    FREE_TEST: ClassVar[bool] = True  # whether the test is a free run, or goes on with true values
    NUMBERS: ClassVar[int] = 12  # of a step, with those that values are computed from
    LAST_ONLY: ClassVar[bool] = False  # whether only the last step of the test counts

    washout: int = whole("first steps, which do not count", default=30, low=0, kw_only=True)
    fit: int = whole("steps on true values that count", default=70, low=0, kw_only=True)
    free: int = whole("steps on the network's own outputs", default=0, low=0, kw_only=True)
    horizon: int = whole("steps of the test that count", default=50, low=1, kw_only=True)
    sequences, test = 8, 100
    goal: float = number("NRMSE of the test that counts as solved", default=0.1, low=0, open_low=True, kw_only=True)
    loss = fixed("mse")
    ORDER: ClassVar[Order] = (..., "washout", "fit", "free", "horizon", "sequences", "seed", "test", "goal")

    def derive(self) -> None:
        """Steps on true values, then the series."""
        if self.fit + self.free < 1:
            raise EvornnError(f"fit is {self.fit} and free is {self.free}; at least one step must count")
        self.start_steps = self.washout + self.fit  # on true values
        super().derive()

    # data -----------------------------------------------------------------------------------------------------------
    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return self.start_steps + max(self.free, self.horizon) + 1, self.NUMBERS

    def values(self, rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
        """`count` series of `steps` values: [count, steps, m]."""
        raise EvornnError(f"{type(self).__name__} gives no series")

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Training series, all that comes after the washout counting."""
        return self.arranged(rng, count, self.start_steps + self.free, self.start_steps, self.washout)

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Test series, of which the last `horizon` steps count."""
        steps = self.start_steps + self.horizon
        first = steps - 1 if self.LAST_ONLY else self.start_steps
        return self.arranged(rng, count, steps, self.start_steps if self.FREE_TEST else steps, first)

    def arranged(
        self, rng: np.random.Generator, count: int, steps: int, true: int, first: int
    ) -> tuple[np.ndarray, ...]:
        """Inputs, targets, mask and teach: `steps` steps, `true` of them on true values, counted from `first` on."""
        values = self.values(rng, count, steps + 1)
        at = np.broadcast_to(np.arange(steps), (len(values), steps))
        return values[:, :-1], values[:, 1:], (at >= first) * 1.0, (at < true) * 1.0

    # formulas -------------------------------------------------------------------------------------------------------
    def start(self, scenario: Node) -> State:
        """No output yet."""
        return State(last=np.zeros(self.actions))

    def sense(self, s: State, now: State) -> Node:
        """The true value, or the last output in its place."""
        return where(now.teach > 0.5, now.inputs, s.last)

    def advance(self, s: State, action: Node, now: State) -> State:
        """Keep the output."""
        return State(last=action)

    # measures -------------------------------------------------------------------------------------------------------
    @property
    def variance(self) -> float:
        """Of the targets over all steps of all series, averaged over their elements."""
        return float(self.series["targets"].var(axis=(0, 1)).mean())

    def nrmse(self, outputs: Any) -> float:
        """NRMSE of outputs [E, T, m] (or a Trajectory for each series) over the steps that count."""
        return metrics.nrmse(self.stacked(outputs), self.series["targets"], self.series["weight"], self.variance)

    def nrmse_of(self, fitness: float) -> float:
        """NRMSE that belongs to a fitness, the negative mean squared error."""
        return float(np.sqrt(np.maximum(0.0, -fitness) / self.variance))

    # what runs ask --------------------------------------------------------------------------------------------------
    def stage(self, name: str, task: Sequence, required: int) -> Stage:
        """The series of `task`, whose errors must together come to the goal."""
        wanted = -task.variance * self.goal**2 if isinstance(task, Series) else None
        return Stage(name, task.scenarios(task.episodes, 0), task.steps, required, task, wanted)

    def champion_test(self) -> list[Stage]:
        """The test series, together."""
        task = self.fresh()
        return [self.stage(self.question, task, task.episodes)]

    @property
    def question(self) -> str:
        """What the test asks, for people."""
        what = f"step {self.horizon}" if self.LAST_ONLY else f"{self.horizon:,} steps"
        return f"NRMSE at most {self.goal:g} in {what} {'of free run' if self.FREE_TEST else 'to come'}"

    def worth_testing(self, fitness: float) -> bool:
        """Whether the training error is as small as the test's must be."""
        return self.nrmse_of(fitness) <= self.goal
