"""Carrying out a comparison: what is still to be done, done in worker processes, and counted as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evornn import memory as machine
from evornn.atomic_files import disk_errors, write_atomic
from evornn.compare import cells as grid
from evornn.compare import stored as cells
from evornn.compare.cells import Cell
from evornn.compare.imported import check_imports, check_labels, keep
from evornn.compare.results import Results, load, write
from evornn.compare.tasks import compiling, running
from evornn.errors import EvornnError
from evornn.executors.base import Message
from evornn.executors.processes import WorkerPool, check_workers
from evornn.experiment.estimate import check_fits
from evornn.spec.comparison import Comparison, chosen
from evornn.spec.run import Spec


class Tally:
    """How far a comparison has come. `before`: cells that had ended when it began; `at`: the runs going on, each with
    its newest numbers; `failed`: runs that broke off, and why.
    """

    def __init__(self, comparison: Comparison, wanted: int, pending: Sequence[Cell], workers: int) -> None:
        self.before = wanted - len(pending)
        self.pending, self.workers = set(pending), workers
        self._cells = [(cell.problem, cell.method) for cell in pending]
        self._budgets = {name: problem.limits.evaluations for name, problem in comparison.problems.items()}
        self.compiling = True
        self.memory = 0  # bytes that the workers need, predicted
        self.foretold: dict[tuple[str, str], tuple[float, float]] = {}  # seconds of a run, at least and at most
        self.ended: dict[Cell, dict[str, Any]] = {}
        self.failed: dict[Cell, str] = {}
        self.at: dict[Cell, dict[str, Any]] = {}
        self._begun: dict[Cell, float] = {}
        self._took: dict[tuple[str, str], list[float]] = {}

    @property
    def total(self) -> int:
        """All cells asked for."""
        return self.before + len(self.pending) + len(self.ended) + len(self.failed)

    @property
    def solved(self) -> int:
        """How many of the runs that ended now have solved their problem."""
        return sum(end["solved"] for end in self.ended.values())

    def note(self, cell: Cell, message: Message) -> None:
        """Take a worker's message into account."""
        if (said := message.get("said")) is not None:
            if "begun" in said:
                self._begun[cell] = time.monotonic()
            self.at[cell] = said.get("at", {})
        else:
            self.at.pop(cell, None)
            self.pending.discard(cell)
            if "ended" in message:
                self.ended[cell] = message["ended"]
                took = time.monotonic() - self._begun[cell]
                self._took.setdefault((cell.problem, cell.method), []).append(took)
            else:
                self.failed[cell] = message["failed"]

    def seconds_left(self) -> float | None:
        """An estimate from how long runs of the same problem and method have taken; None before any has ended."""
        means = {pair: sum(took) / len(took) for pair, took in self._took.items()}
        if not means:
            return None
        typical, now = sum(means.values()) / len(means), time.monotonic()
        left = [self._left(cell, means.get((cell.problem, cell.method), typical), now) for cell in self.pending]
        return max(sum(left) / self.workers, max(left, default=0.0))

    @property
    def seconds_foretold(self) -> tuple[float, float] | None:
        """The time of all runs that had not ended when it began, at least and at most, if none is solved earlier; None
        while it is not known of every problem and method.
        """
        if not self._cells or any(pair not in self.foretold for pair in self._cells):
            return None
        times = [[self.foretold[pair][end] for pair in self._cells] for end in (0, 1)]
        least, most = (max(sum(each) / self.workers, max(each)) for each in times)
        return least, most

    def _left(self, cell: Cell, typical: float, now: float) -> float:
        """Seconds that a run still needs: one that goes on for longer than others is taken to spend its budget."""
        if cell not in self.at:
            return typical
        elapsed, spent, budget = now - self._begun[cell], self.at[cell].get("evaluations"), self._budgets[cell.problem]
        if elapsed < typical or not spent or budget is None:
            return max(0.0, typical - elapsed)
        return elapsed * max(0.0, budget / spent - 1.0)


PROCESS = 250_000_000  # bytes of a worker with Python, NumPy, SciPy and the compiler, measured
Watcher = Callable[[Tally], None]


def run(
    comparison: Comparison | str | Path,
    out: str | Path,
    *,
    workers: int | None = None,
    only: Sequence[str] = (),
    foreign: Sequence[str | Path] = (),
    watch: Watcher | None = None,
) -> Results:
    """Carry out a comparison (or the spec file of one) in the directory `out`, or what is left of it to do.

    workers: processes, each running one cell at a time in one thread. only: names of problems and methods to confine it
    to. foreign: CSV files of results from elsewhere, kept beside these (`results.import_csv`). `watch` hears of every
    change.

    What has ended is never run again, what was interrupted goes on where it was; the results are those of a comparison
    that never was, but for wall time. More seeds, problems and methods can be added later; other options under the same
    name are an EvornnError that says what differs. Runs that break off by an error of their method are told in
    `Results.failed`, and tried again the next time.
    """
    comparison = comparison if isinstance(comparison, Comparison) else Comparison.load(comparison)
    out, count = Path(out), check_workers(workers or comparison.workers)
    wanted = grid.cells(comparison, *chosen(comparison, list(only)))
    specs = grid.specs(comparison, wanted)
    done, _ = cells.read_all(wanted, out)  # what is damaged is tried again
    pending = [cell for cell in wanted if cell not in done]
    firsts = one_of_each(pending)
    needs = check_builds([specs[cell] for cell in firsts])  # what is refused leaves nothing behind
    pairs = {(cell.problem, cell.method): need for cell, need in zip(firsts, needs, strict=True)}
    at_once = min(count, max(1, len(pending)))
    memory = check_together([pairs[cell.problem, cell.method] for cell in pending], at_once)
    joined = grid.joined(comparison, out)
    check_labels(joined, out)
    imports = check_imports(joined, out, foreign)
    with grid.opened(comparison, out):
        keep(imports, out)
        for cell in wanted:
            grid.check_begun(cell, specs[cell], out)
        done, _ = cells.read_all(pending, out)  # another process may have been at it
        pending = [cell for cell in pending if cell not in done]
        tally = Tally(comparison, len(wanted), pending, at_once)
        tally.memory = memory
        watch = watch or (lambda tally: None)
        watch(tally)
        if pending:
            _carry_out({cell: specs[cell] for cell in pending}, out, tally, watch)
        results = load(out)
        results.failed = dict(tally.failed)
        write(results)
    return results


def one_of_each(cells: Sequence[Cell]) -> list[Cell]:
    """The first cell of each problem and method."""
    firsts: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        firsts.setdefault((cell.problem, cell.method), cell)
    return list(firsts.values())


def check_builds(specs: Sequence[Spec]) -> list[int]:
    """Bytes that each of these needs, predicted. EvornnError if a problem or a search cannot be made, do not go
    together, or need more memory than there is, before any work.
    """
    needs = []
    for spec in specs:
        problem, search = spec.build()
        try:
            search.prepare(problem)
            spec.noise.check(problem)
            needs.append(check_fits(problem, search))
        except EvornnError as error:
            raise EvornnError(f"{spec.origin}: {error}") from None
    return needs


def check_together(needs: Sequence[int], workers: int) -> int:
    """Bytes that the largest of these runs take when `workers` go on at once, each in a process of its own.

    EvornnError, with the number of workers that fit, if this machine has fewer.
    """
    largest = [PROCESS + need for need in sorted(needs, reverse=True)[:workers]]
    available = machine.physical_memory()
    fitting = next((n for n in range(len(largest), 0, -1) if sum(largest[:n]) <= available), 1)
    what = f"a comparison with {workers:,} workers, its {len(largest):,} largest runs at once,"
    machine.check_memory(what, sum(largest), f"use --workers {fitting:,}, or smaller populations")
    return sum(largest)


def _carry_out(specs: dict[Cell, Spec], out: Path, tally: Tally, watch: Watcher) -> None:
    """Compile what the cells need, each problem's kernels in one process; then run the cells."""

    def heard(message: Message) -> None:
        if "ended" not in message:
            raise EvornnError(message.get("fatal") or message["failed"])

    def noted(cell: Cell, message: Message) -> None:
        if "fatal" in message:
            raise EvornnError(message["fatal"])
        tally.note(cell, message)
        if "failed" in message:
            with disk_errors(out):
                cell.error_file(out).parent.mkdir(exist_ok=True)
                write_atomic(cell.error_file(out), message.get("traceback", message["failed"]).encode())
        elif "ended" in message:
            with disk_errors(out):
                cell.error_file(out).unlink(missing_ok=True)
        watch(tally)

    kernels: dict[str, list[tuple[str, str]]] = {}  # problem -> text of a run and its method
    for cell in one_of_each(list(specs)):
        kernels.setdefault(cell.problem, []).append((specs[cell].text(), cell.method))
    with WorkerPool(tally.workers) as workers:
        found = workers.results([compiling([text for text, _ in runs]) for runs in kernels.values()], heard)
        for (problem, runs), times in zip(kernels.items(), found, strict=True):
            tally.foretold |= {(problem, m): tuple(t) for (_, m), t in zip(runs, times, strict=True) if t is not None}
        tally.compiling = False
        watch(tally)
        workers.carry_out([(cell, running(spec, cell.directory(out))) for cell, spec in specs.items()], noted)
