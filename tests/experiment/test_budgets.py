"""Budgets of every search and trainer: exact, and equal to what was simulated, counted where it happens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import evornn
from evornn.backends.stepwise import Run
from evornn.experiment.storage import run_directory
from evornn.networks import FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import Sequence
from evornn.training.online import episodes
from tests.experiment.fakes import SEARCHES

EPISODES, STEPS, MOST = 2, 3, 101
ONE = EPISODES * STEPS  # steps that one evaluation simulates
WAYS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in SEARCHES),
    ("Online", {"method": "tbptt", "k1": 1, "k2": 2}),
    ("Online", {"method": "hybrid", "block": 2}),
    ("Online", {"method": "bptt"}),
    ("Online", {"batch": 1, "check_every": 2}),
    ("Online", {"batch": 2}),
    ("Adam", {"batch": 1}),
    ("Memetic", {"share": 0.5, "steps": 2}),
    ("GeneticAlgorithm", {"reevaluate": True, "restart_after": 2}),
]
QUICK = ("GeneticAlgorithm", "Online", "Memetic", "IslandModel")
CASES = [
    pytest.param(name, options, marks=() if name in QUICK else pytest.mark.slow, id=f"{name}-{options}")
    for name, options in WAYS
]


class Counted:
    """A problem without early ends, and how many evaluations and steps were made of it in truth."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        draws = np.random.default_rng(0).uniform(-1, 1, (EPISODES, STEPS, 1))
        self.problem = Problem(FullyRecurrent(2), Sequence(draws, draws[:, ::-1].copy()), backend="plain", seed=1)
        self.rows = self.presented = self.steps = 0
        backend, evaluate, gradient = self.problem.backend, self.problem.backend.evaluate, self.problem.backend.gradient
        forward = Run.forward

        def evaluated(values: np.ndarray, *rest: Any, **options: Any) -> Any:
            self.rows += len(values)
            return self._taken(evaluate(values, *rest, **options))

        def graded(values: np.ndarray, *rest: Any, **options: Any) -> Any:
            self.rows += len(values) if not self.presenting else 0
            return self._taken(gradient(values, *rest, **options))

        def stepped(run: Run) -> None:
            self.steps += 1
            forward(run)

        backend.evaluate, backend.gradient = evaluated, graded
        monkeypatch.setattr(Run, "forward", stepped)
        self.presenting = False
        for cls in (episodes.Episodes, episodes.WholeEpisodes):
            monkeypatch.setattr(cls, "present", self._presented(cls.present))

    def _taken(self, found: Any) -> Any:
        self.steps += int(np.sum(found[1]))
        return found

    def _presented(self, present: Any) -> Any:
        def presented(*arguments: Any) -> Any:
            self.presented, self.presenting = self.presented + 1, True
            try:
                return present(*arguments)
            finally:
                self.presenting = False

        return presented


def made(name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[Counted, Any]:
    """A problem that counts, and a search of it in a small population."""
    counted = Counted(monkeypatch)
    population = max(6, SEARCHES[name].MIN_POPULATION)
    return counted, SEARCHES[name](counted.problem.space, population=population, seed=3, **options)


def check_true(result: Any, counted: Counted, options: dict[str, Any]) -> None:
    """The counts of a run are what was simulated."""
    assert counted.steps == result.steps
    lesson = options.get("batch") or EPISODES
    assert counted.presented % lesson == 0
    assert result.evaluations == counted.rows + counted.presented // lesson
    if "batch" not in options:
        assert result.steps == ONE * result.evaluations


SMALL = (lambda size: 1, lambda size: 2, lambda size: size - 1, lambda size: size, lambda size: size + 1)
IN_TURNS = [  # half of the small budgets by default, taking turns
    pytest.param(*case.values, SMALL[part::2], marks=case.marks or (() if i % 2 == part else pytest.mark.slow),
                 id=f"{case.id}-{part}")
    for i, case in enumerate(CASES)
    for part in (0, 1)
]  # fmt: skip


@pytest.mark.parametrize(("name", "options", "small"), IN_TURNS)
def test_evaluations_are_exact_and_counted_in_full(tmp_path, monkeypatch, name, options, small):
    """Also of a run that goes on with a larger budget, which is then that of a run that had it from the start."""
    size = max(6, SEARCHES[name].MIN_POPULATION)
    whole = None
    for budget in (MOST, *(of(size) for of in small)):
        out = tmp_path / str(budget)
        with monkeypatch.context() as patch:
            counted, search = made(name, options, patch)
            result = evornn.run(counted.problem, search, evaluations=budget, target=1e9, out=out)
            assert (result.evaluations, result.stopped_by) == (budget, "evaluations")
            check_true(result, counted, options)
        whole = whole or result
        if budget < MOST:
            with monkeypatch.context() as patch:
                counted, search = made(name, options, patch)
                result = evornn.run(counted.problem, search, evaluations=MOST, target=1e9, out=out, resume=True)
        for total in ("evaluations", "steps", "gradients", "reevaluations", "restarts"):
            assert getattr(result, total) == getattr(whole, total), total
        assert (out / run_directory.FITNESS).read_bytes() == (tmp_path / str(MOST) / run_directory.FITNESS).read_bytes()


@pytest.mark.parametrize(("name", "options"), CASES)
def test_steps_are_passed_by_less_than_one_evaluation(monkeypatch, name, options):
    for budget in (1, ONE, ONE + 1, 100):
        with monkeypatch.context() as patch:
            counted, search = made(name, options, patch)
            result = evornn.run(counted.problem, search, steps=budget, target=1e9)
            check_true(result, counted, options)
        assert result.stopped_by == "steps"
        assert budget <= result.steps < budget + ONE
