"""Champions: which are worth a test, and what the test in float64 found. No run calls itself solved without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.experiment.storage.best import genome_digest
from evornn.experiment.storage.run_directory import CHAMPION, Store

if TYPE_CHECKING:
    from evornn.experiment.storage.records import Record
    from evornn.problem import Problem
    from evornn.results import ChampionReport
    from evornn.search import Best


class Verifier:
    """Tests the champions of a run, each once; `champion` and `report` are set by the first that passes."""

    def __init__(self, problem: Problem, target: float | None, store: Store | None, records: Sequence[Record]) -> None:
        self.problem, self.target, self.store = problem, target, store
        self.champion: Best | None = None
        self.report: ChampionReport | None = None
        self.failed = {r.tested for r in records if r.tested and not r.solved}  # an elite need not fail twice

    def __call__(
        self, genomes: np.ndarray, fitness: np.ndarray, before: Record | None, believed: bool = True
    ) -> dict[str, Any]:
        """Test a generation's champion if it may have solved the task; gives the fields of its record that say so.

        believed: False if the fitness comes from some of the episodes only.
        """
        spent, tests, test_steps = (before.evaluations, before.tests, before.test_steps) if before else (0, 0, 0)
        untested = {"solved": False, "tested": None, "tests": tests, "test_steps": test_steps}
        if not believed or np.isnan(fitness).all():
            return untested
        i = int(np.nanargmax(fitness))
        top = float(fitness[i])
        worth = self.problem.task.worth_testing(top) if self.target is None else top >= self.target
        digest = genome_digest(genomes[i])
        if not worth or digest in self.failed:
            return untested
        report = self.test(genomes[i], top, spent + i + 1)
        if not report.solved:
            self.failed.add(digest)
        return {
            "solved": bool(report.solved),
            "tested": digest,
            "tests": tests + 1,
            "test_steps": test_steps + sum(trial.episodes * trial.steps for trial in report.trials),
        }

    def test(self, genome: np.ndarray, fitness: float, evaluation: int) -> ChampionReport:
        """The champion's test in float64. A champion that passes is stored before the record that says so."""
        from evornn.search import Best

        report = self.problem.test_champion(genome) if self.target is None else self._against(self.target, genome)
        if report.solved:
            self.champion, self.report = Best(genome.copy(), fitness, evaluation), report
            if self.store:
                self.store.save_best(genome)
                self.store.write_json(CHAMPION, {"summary": report.describe(), "report": report})
        return report

    def _against(self, target: float, genome: np.ndarray) -> ChampionReport:
        """The genome's fitness once more, in float64, against a target."""
        from evornn.results import ChampionReport

        exact = self.problem.exact()
        fitness = float(exact.evaluate(genome[None]).fitness[0])
        return ChampionReport(fitness >= target, [], exact.precision, exact.backend_name, fitness)
