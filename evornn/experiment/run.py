"""The loop of every run: ask, evaluate, tell; exact budgets; champions tested in float64 before they are believed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from evornn.atomic_files import damaged
from evornn.errors import EvornnError
from evornn.experiment.arguments import check_callables, check_fresh, check_pair
from evornn.experiment.driver import Driver
from evornn.experiment.estimate import Prediction, check_fits, foretell, largest
from evornn.experiment.storage import run_directory as files
from evornn.experiment.storage.environment import describe_environment
from evornn.experiment.storage.records import TOTALS, Record, as_array, crc, summarise
from evornn.experiment.storage.run_directory import Store
from evornn.experiment.verification import Verifier
from evornn.spec.budget import Limits, Noise

if TYPE_CHECKING:
    from evornn.experiment.validation import Validated
    from evornn.problem import Problem
    from evornn.results import ChampionReport
    from evornn.search.core.search import Best, Search

CHECKPOINT_SECONDS = 10.0  # a resume replays at most about this much search time (no evaluations)


@dataclass(frozen=True)
class Result:
    """How a run ended.

    `solved`: a champion passed its test in float64; `verified` is that test's report. `best`: that champion, or else
    the best genome told. `evaluations`, `steps`, `seconds`: spent; `gradients`, `reevaluations`: how many of the
    evaluations were gradients, and how many of genomes evaluated before; `restarts`: of the search; `tests`,
    `test_steps`: champion tests and their simulated steps, counted apart. `stopped_by`: "solved", "search" (it has
    nothing more to ask) or the name of the limit that was reached. `history`: structured array, one row a generation
    (fields of `evornn.experiment.storage.records.Record`). `validated`: the best by episodes that the search has not
    seen, if that was asked for. `out`: the run directory, if any.
    """

    solved: bool
    stopped_by: str
    evaluations: int
    steps: int
    seconds: float
    best: Best | None
    history: np.ndarray
    verified: ChampionReport | None
    tests: int
    test_steps: int
    gradients: int
    reevaluations: int
    restarts: int
    validated: Validated | None
    out: Path | None


def run(
    problem: Problem,
    search: Search,
    *,
    evaluations: int | None = None,
    steps: int | None = None,
    seconds: float | None = None,
    generations: int | None = None,
    reevaluations: int | None = None,
    restarts: int | None = None,
    target: float | None = None,
    error_threshold: float | None = None,
    share_learned: float | None = None,
    fresh_episodes: bool = False,
    validation: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    spec: str | None = None,
    on_generation: Callable[[Record], None] | None = None,
    on_prediction: Callable[[Prediction], None] | None = None,
) -> Result:
    """Evolve until solved or until a limit is reached; `Limits` says what each means. One budget must be given.

    With `target=None` the task's champion test decides: the champion of each generation that is worth testing is tested
    in float64. With a number, a champion whose fitness reaches it is evaluated again in float64 and must reach it there
    too. `fresh_episodes`: every generation meets new episodes, its members the same ones; fitness is then noisy, and a
    search that keeps individuals may have to evaluate them anew (`reevaluate`). `validation`: episodes on which the
    best are compared at the end (see `evornn.experiment.validation`). `out`: directory to write (see
    `evornn.experiment.storage`); `resume=True` continues the run in it, bit for bit, given the same problem and search.
    `spec`: text kept as spec.toml in it. `on_generation` is called with each new `Record`, `on_prediction` once, before
    the first: with what the run will take (`predict`). Raises EvornnError; memory that this machine does not have is
    refused before any work.

    A curriculum: `on_generation` changes an attribute of the task, and from the next generation on evaluations,
    rollouts and tests see it. Keep what changes often in `scenarios`: another number in a formula is compiled anew. The
    best fitness stays what it was when it was found, so that easy stages must not pay more than hard ones. A run's
    files know nothing of such changes: before you resume it, set the task to what its last generation had.
    """
    limits = Limits(
        evaluations=evaluations,
        steps=steps,
        seconds=seconds,
        generations=generations,
        reevaluations=reevaluations,
        restarts=restarts,
        target=target,
        error_threshold=error_threshold,
        share_learned=share_learned,
    )
    noise = Noise(fresh_episodes=fresh_episodes, validation=validation)
    return conduct(problem, search, limits, noise, out, resume, spec, on_generation, on_prediction)


def conduct(
    problem: Problem,
    search: Search,
    limits: Limits,
    noise: Noise,
    out: str | Path | None = None,
    resume: bool = False,
    spec: str | None = None,
    on_generation: Callable[[Record], None] | None = None,
    on_prediction: Callable[[Prediction], None] | None = None,
) -> Result:
    """See `run`, whose keywords are here one `Limits` and one `Noise`."""
    limits.check_bounded()
    check_pair(problem, search)
    check_callables(on_generation=on_generation, on_prediction=on_prediction)
    noise.check(problem)
    check_fresh(search)
    search.prepare(problem)
    check_fits(problem, search)
    if out is None:
        if resume:
            raise EvornnError("resume=True needs out=, the directory of the run to continue")
        return _Run(problem, search, limits, noise, None, on_generation).go(on_prediction)
    directory = Path(out)
    environment = describe_environment(problem, search) | {"noise": noise.table()}

    def check(store: Store) -> None:
        limits.check_left(store.records)
        if not store.records and store.spare > largest(search):
            raise damaged(directory / files.HISTORY, f"it is empty, but {files.FITNESS} is not")

    opened = Store.reopen(directory, environment, spec, check) if resume else Store.create(directory, environment, spec)
    with opened as store:
        return _Run(problem, search, limits, noise, store, on_generation).go(on_prediction)


class _Run:
    """One run in progress; its records are the only account of what was spent."""

    def __init__(
        self,
        problem: Problem,
        search: Search,
        limits: Limits,
        noise: Noise,
        store: Store | None,
        on_generation: Callable[[Record], None] | None,
    ) -> None:
        self.problem, self.search, self.limits, self.noise, self.store = problem, search, limits, noise, store
        self.on_generation = on_generation or (lambda record: None)
        self.records: list[Record] = list(store.records) if store else []
        self.verifier = Verifier(problem, limits.target, store, self.records)
        self.started = time.monotonic() - (self.records[-1].seconds if self.records else 0.0)
        self.next_checkpoint = time.monotonic() + CHECKPOINT_SECONDS
        self.driver = Driver(search, problem, noise)

    @property
    def last(self) -> Record | None:
        return self.records[-1] if self.records else None

    def go(self, on_prediction: Callable[[Prediction], None] | None) -> Result:
        self._restore()
        reason = self._stop()
        if on_prediction is not None and reason is None:
            self._foretell(on_prediction)
        while reason is None:
            reason = self._generation() or self._stop()
        return self._finish(reason)

    def _stop(self) -> str | None:
        return self.limits.reached(self.last, time.monotonic() - self.started)

    def _foretell(self, tell: Callable[[Prediction], None]) -> None:
        """Say what the rest will take; finding that out is no part of the run's time."""
        begun = time.monotonic()
        elapsed = begun - self.started
        tell(foretell(self.problem, self.search, self.limits, self.noise, self.last, elapsed, self.store is not None))
        self.started += time.monotonic() - begun

    def _restore(self) -> None:
        """Bring the search to where the records end: load its newest checkpoint, tell it the fitness logged since."""
        if self.store is None:
            return
        start, state = self.store.load_checkpoint()
        if state is not None:
            self.driver.load_state_dict(state)
        elif not self.records:
            self._checkpoint()
        self.driver.replay(self.store, start)
        if self.last is not None and self.last.solved:
            champion, found = self.store.champion(self.search.state_dict())
            if not self.verifier.test(champion, self.last.top, found).solved:
                raise EvornnError(
                    f"{self.store.directory} was solved under another target; start a new run for this one"
                )

    def _generation(self) -> str | None:
        """One round; returns why the search cannot go on, if so."""
        before = self.last
        spent, simulated, taken = (before.evaluations, before.steps, before.gradients) if before else (0, 0, 0)
        longest = getattr(self.problem, "longest", None)
        genomes = self.driver.ask(self.limits.left(before, time.monotonic() - self.started, longest))
        if not len(genomes):
            return "search"
        if self.limits.evaluations is not None and spent + len(genomes) > self.limits.evaluations:
            return "evaluations"
        begun = time.monotonic()
        evaluation = self.driver.evaluate_with(genomes)
        simulating = time.monotonic() - begun
        believed = not self.search.provisional
        gradients = taken + self.driver.tell(genomes, evaluation.fitness, evaluation)
        best = self.search.best.fitness if self.search.best else math.nan
        record = Record(
            generation=len(self.records) + 1,
            evaluations=spent + len(genomes),
            steps=simulated + int(np.sum(evaluation.steps)),
            size=len(genomes),
            best=best,
            **summarise(evaluation.fitness),
            **self.verifier(genomes, evaluation.fitness, before, believed),
            learned=self._learned(best),
            seconds=time.monotonic() - self.started,
            simulating=simulating,
            genomes_crc=crc(genomes),
            fitness_crc=crc(evaluation.fitness),
            gradients=gradients,
            reevaluations=self.driver.asked.total,
            restarts=self.driver.restarts,
        )
        self.records.append(record)
        if self.store:
            self.store.append(record, evaluation.fitness)
            if time.monotonic() >= self.next_checkpoint:
                self._checkpoint()
        self.on_generation(record)
        return None

    def _learned(self, best: float) -> float:
        """Share of the training data that the best genome has learned, if a rule asks for it."""
        if self.limits.share_learned is None or self.search.best is None:
            return math.nan
        if self.last is not None and self.last.best == best:
            return self.last.learned
        return float(self.problem.share_learned(self.search.best.genome))

    def _checkpoint(self) -> None:
        """Save the search's state; rarely if it is large: writing takes at most a twentieth of the time."""
        assert self.store is not None
        begun = time.monotonic()
        self.store.save_checkpoint(self.driver.state_dict())
        best = self.verifier.champion or self.search.best
        if best is not None:
            self.store.save_best(best.genome)
        ended = time.monotonic()
        self.next_checkpoint = ended + max(CHECKPOINT_SECONDS, 20 * (ended - begun))

    def _finish(self, reason: str) -> Result:
        last = self.last
        totals = {name: getattr(last, name) if last else 0 for name in TOTALS}
        candidates = self.driver.candidates
        validated = candidates.validated(self.problem, self.noise.validation or 1) if candidates is not None else None
        result = Result(
            solved=self.verifier.champion is not None,
            stopped_by=reason,
            **totals,
            seconds=time.monotonic() - self.started,
            best=self.verifier.champion or self.search.best,
            history=as_array(self.records),
            validated=validated,
            verified=self.verifier.report,
            out=self.store.directory if self.store else None,
        )
        if self.store:
            self._checkpoint()
            best = result.best
            summary = {name: getattr(result, name) for name in ("solved", "stopped_by", "seconds", *TOTALS)}
            summary |= {"best_fitness": best and best.fitness, "best_evaluation": best and best.evaluation}
            if validated is not None:
                self.store.save_best(validated.genome, files.VALIDATED)
                summary["validated"] = {k: v for k, v in msgspec.structs.asdict(validated).items() if k != "genome"}
            self.store.write_json(files.RESULT, summary)
        return result
