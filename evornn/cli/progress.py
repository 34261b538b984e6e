"""Live progress of a run: a bar on a terminal, a line now and then in a log file."""

from __future__ import annotations

import datetime
import sys
import time
from typing import Self

from evornn.cli.summary import in_words
from evornn.experiment.storage.records import Record
from evornn.spec.budget import Limits

CENTURY = 100 * 365 * 86_400.0  # seconds
LINE_SECONDS = 5.0  # between two lines in a log file


def in_clock(seconds: float) -> str:
    """A time as 1:02:03."""
    if not seconds < CENTURY:
        return "over a century"
    return str(datetime.timedelta(seconds=round(seconds)))


class Display:
    """A bar with a line of text beside it on a terminal; elsewhere the line alone, now and then."""

    def __init__(self, text: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bar

        self.last_line = time.monotonic()
        self.console = Console(file=sys.stderr, highlight=False)
        self.bar = Bar(
            SpinnerColumn(),
            *([BarColumn(bar_width=20)] if self.console.width >= 105 else []),
            TextColumn("{task.description}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task(text, total=None)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def show(self, text: str, share: float | None) -> None:
        """Show a text, and which share of the work is done, in [0, 1]."""
        self.bar.update(self.task, description=text, total=None if share is None else 1.0, completed=share or 0.0)
        if not self.console.is_terminal and time.monotonic() - self.last_line >= LINE_SECONDS:
            self.last_line = time.monotonic()
            print(text, file=sys.stderr, flush=True)


class Progress(Display):
    """Shows generation, evaluations, best fitness, steps a second and time left; `update` takes each record."""

    def __init__(self, limits: Limits) -> None:
        super().__init__("compiling network and task")
        self.limits = limits
        self.first: Record | None = None  # rates leave out the first generation: it compiles
        self.simulated = 0.0  # seconds of evaluation since then

    def update(self, record: Record) -> None:
        """Show the state after a generation."""
        self.simulated += record.simulating if self.first else 0.0
        self.first = self.first or record
        share = self._share(record)
        self.show(self.status(record, share), share)

    def status(self, record: Record, share: float) -> str:
        """Generation, evaluations, best fitness, speed and time left, in 80 columns."""
        assert self.first is not None
        budget = f" / {self.limits.evaluations:,}" if self.limits.evaluations else " evaluations"
        parts = [f"gen {record.generation:,}", f"{record.evaluations:,}{budget}", f"best {record.best:,.6g}"]
        elapsed, begun = record.seconds - self.first.seconds, self._share(self.first)
        if self.simulated > 0:
            parts.append(f"{in_words((record.steps - self.first.steps) / self.simulated)} steps/s")
        if elapsed > 0 and share > begun:
            left = (1.0 - share) * elapsed / (share - begun)
            parts.append(f"{in_clock(left)} left")
        return "  ".join(parts)

    def _share(self, record: Record) -> float:
        """How much of the budget that will end first is spent, in [0, 1]."""
        spent = {
            "evaluations": record.evaluations,
            "steps": record.steps,
            "seconds": record.seconds,
            "generations": record.generation,
        }
        budgets = {name: getattr(self.limits, name) for name in spent}
        return min(1.0, max((spent[name] / budget for name, budget in budgets.items() if budget), default=0.0))
