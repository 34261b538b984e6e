"""Limits of a run: its budgets, its target, and the three classic stopping rules of neuroevolution programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from evornn.errors import EvornnError, check_flag, check_range
from evornn.tasks.episodes import check_episodes

if TYPE_CHECKING:
    from evornn.experiment.storage.records import Record
    from evornn.problem import Problem

MOST = 10**15  # of what is counted: more than any machine gets through
LONGEST = 1e10  # seconds, three hundred years
_WHOLE = ("evaluations", "steps", "generations")
_COUNTED = ("reevaluations", "restarts")  # limits too, but nothing makes sure that they are ever reached


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Budgets and stopping rules of one run; what is left out stops nothing, and one of four budgets must be given.

    `evaluations`: fitness evaluations, exact and never exceeded (the last generation is cut short). `steps`: simulated
    control steps; generations are cut so that only the last genome's episodes may pass it. `seconds`: wall time, which
    the last genomes may pass as well. `generations`: ask/tell rounds (classic rule 1). `reevaluations`, `restarts`: of
    genomes evaluated before, and of the search; looked at between generations. `error_threshold`: stop when the best
    fitness reaches `-error_threshold` (classic rule 2; for tasks whose fitness is a negative loss). `share_learned`:
    stop when the best genome has learned this share of the training data, in (0, 1] (classic rule 3; sequence tasks).
    `target`: fitness that counts as solved, verified in float64; left out, the task's own champion test decides.
    """

    evaluations: int | None = None
    steps: int | None = None
    seconds: float | None = None
    generations: int | None = None
    reevaluations: int | None = None
    restarts: int | None = None
    error_threshold: float | None = None
    share_learned: float | None = None
    target: float | None = None

    def __post_init__(self) -> None:
        for name in (*_WHOLE, *_COUNTED):
            _check(self, name, 1, MOST, integer=True)
        _check(self, "seconds", 0, LONGEST, open_low=True)
        _check(self, "error_threshold", 0)
        _check(self, "share_learned", 0, 1, open_low=True)
        _check(self, "target")

    def check_bounded(self) -> None:
        """Raise unless something is sure to end the run."""
        if all(getattr(self, name) is None for name in (*_WHOLE, "seconds")):
            raise EvornnError("nothing would stop this run; give evaluations, steps, seconds or generations")

    def check_left(self, records: Sequence[Record]) -> None:
        """Raise EvornnError if a run with these records had reached a budget before its end: it is too small for it."""
        if not records:
            return
        exact = {"evaluations": records[-1], "generations": records[-1]}  # others may be passed by the last generation
        for name in (*_WHOLE, *_COUNTED, "seconds"):
            budget, at = getattr(self, name), exact.get(name, records[-2] if len(records) > 1 else None)
            spent = self._spent(at, at.seconds if at else 0.0)[name]
            if budget is not None and (spent > budget if name in exact else at is not None and spent >= budget):
                shown = f"{spent:,.0f}" if float(spent).is_integer() else f"{spent:,.3g}"
                raise EvornnError(
                    f"{name} is {budget:,}; this run has spent {shown} already. Resume it with this budget or "
                    "a larger one"
                )

    def left(self, last: Record | None, seconds: float, longest: int | None) -> int | None:
        """How many genomes may be evaluated next in a run that is at record `last` after `seconds`: as many as fit all
        budgets if each takes `longest` steps (None: not known) and as much time as those so far; None without any.
        """
        left = self.left_over(last, seconds)
        fit = [left["evaluations"]] if "evaluations" in left else []
        if "steps" in left and longest:
            fit.append(max(1.0, left["steps"] // longest))
        if "seconds" in left and last is not None:
            fit.append(max(1.0, left["seconds"] / max(seconds, 1e-9) * last.evaluations))
        return int(min(fit)) if fit else None

    def left_over(self, last: Record | None, seconds: float) -> dict[str, float]:
        """What is left of each budget in a run that is at record `last` after `seconds`."""
        spent = self._spent(last, seconds)
        budgets = {name: getattr(self, name) for name in (*_WHOLE, "seconds")}
        return {name: max(0.0, budget - spent[name]) for name, budget in budgets.items() if budget is not None}

    @staticmethod
    def _spent(last: Record | None, seconds: float) -> dict[str, float]:
        names = (*_WHOLE, *_COUNTED)
        if last is None:
            return dict.fromkeys((*names, "seconds"), 0.0)
        fields = {"generations": "generation"}
        return {name: float(getattr(last, fields.get(name, name))) for name in names} | {"seconds": seconds}

    def reached(self, last: Record | None, seconds: float) -> str | None:
        """The name of the first rule that stops a run which is at record `last` after `seconds`, or None to go on."""
        if last is None:
            return None
        if last.solved:
            return "solved"
        for name, amount in self._spent(last, seconds).items():
            budget = getattr(self, name)
            if budget is not None and amount >= budget:
                return name
        if self.error_threshold is not None and last.best >= -self.error_threshold:
            return "error_threshold"
        if self.share_learned is not None and last.learned >= self.share_learned:
            return "share_learned"
        return None


class Noise(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a run deals with episodes that differ.

    `fresh_episodes`: new ones in every generation. `validation`: on how many its best are compared at the end.
    """

    fresh_episodes: bool = False
    validation: int | None = None

    def __post_init__(self) -> None:
        check_flag("fresh_episodes", self.fresh_episodes)
        if self.validation is not None:
            check_range("validation", self.validation, 1, MOST, integer=True)

    def table(self) -> dict[str, Any]:
        """What is not left to its default, as in a spec."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}

    def check(self, problem: Problem) -> None:
        """Raise EvornnError if this cannot be had of the problem."""
        if self.fresh_episodes or self.validation:
            row = problem.redrawn(0, 1)
            if self.validation and hasattr(row, "scenarios"):
                check_episodes(row.scenarios, self.validation, "validation")


def _check(limits: Limits, name: str, *bounds: float, **kinds: Any) -> None:
    value = getattr(limits, name)
    if value is not None:
        check_range(name, value, *bounds, **kinds)
