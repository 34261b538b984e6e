"""First-order trainers: independent learners side by side, mini-batches, clipping, bounds, restarts.

A learner's step is  x <- project(x + rate * schedule(t) * direction(g)),  g = d fitness / d x, uphill, since fitness
is to grow; `project` sets on the bounds whatever leaves them. A step uses nothing of the other learners.

**Mini-batches.** With `batch` = k every generation consults the next k episodes, the same for all learners, in an order
drawn anew for each epoch from (seed, epoch); k = 1 is learning pattern by pattern. A batch may be lucky, so its fitness
is provisional: `best`, targets and champions go by checks, generations without gradients that evaluate all learners on
all episodes, before the first batch and after every `check_every` epochs; they count like all evaluations.

**Learners that cannot step** (a fitness or gradient that is NaN or infinite, or a step that leaves every gene where it
was) start again from a fresh draw: at once if all episodes were consulted, since nothing would change; else after
`patience` such generations in a row. `restarts` counts.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.errors import EvornnError, check_range
from evornn.options import number, other, whole
from evornn.search.core.memory import MemoryModel
from evornn.search.core.types import ProblemLike
from evornn.training.schedules import SCHEDULES
from evornn.training.schedules import schedule as schedule_of
from evornn.training.trainer import Trainer


class FirstOrder(Trainer):
    """Base of first-order trainers. A subclass names its memory, arrays that start at zero, and gives `_direction`."""

    population = 16
    rate: float = number("step, in units of the genes", default=0.01, low=0, open_low=True)
    schedule: Any = other("of the rate: a name, or a table with one", default="constant", allowed=", ".join(SCHEDULES))
    clip: float = number("longest gradient; 0: none is cut", default=1.0, low=0)
    batch: int | None = whole("episodes of a mini-batch; None: all", default=None, low=1)
    check_every: int = whole("epochs between checks on all episodes", default=1, low=1)
    patience: int = whole("generations without a step until a fresh draw", default=3, low=1)
    MEMORY: ClassVar[tuple[str, ...]] = ()
    _STATE = (*Trainer._STATE, "learners", "_memory", "_taken", "_idle", "_epoch", "_place", "restarts")
    _SEEN = ("_total",)

    def derive(self) -> None:
        """Learners are still to be drawn."""
        super().derive()
        self.schedule = schedule_of(self.schedule)
        self.restarts = 0
        self.learners: np.ndarray | None = None  # [P, D] where the learners are; None before the first draw
        self._memory = np.empty((len(self.MEMORY), 0, self.dimension))  # [M, P, D]
        self._taken = self._idle = np.empty(0, dtype=np.int64)  # [P] steps since the start; generations without one
        self._epoch = 0
        self._place = 0 if self.batch is None else -1  # the next batch of the epoch; -1: a check
        self._total: int | None = None  # episodes of the problem, once it has been seen

    @property
    def memory(self) -> int:
        """Bytes, with the arrays in `MEMORY` and the copies that a step makes of them."""
        return MemoryModel(8.5 + 3.2 * len(self.MEMORY), member=512).bytes(self.population, self.dimension)

    def _direction(self, uphill: np.ndarray, memory: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """The step [k, D] for a rate of 1, from gradients [k, D]; memory [M, k, D] is changed in place; taken [k, 1]
        counts the steps, this one included.
        """
        raise NotImplementedError

    # -- learners: what a memetic search uses as well --------------------------------------------------------------

    def place(self, genomes: np.ndarray) -> None:
        """Fresh learners at genomes [k, D]."""
        self.learners = np.array(genomes, dtype=np.float64)
        self._memory = np.zeros((len(self.MEMORY), *self.learners.shape))
        self._taken, self._idle = np.zeros(len(genomes), dtype=np.int64), np.zeros(len(genomes), dtype=np.int64)

    def keep(self, which: np.ndarray) -> None:
        """Go on with some of the learners, `which` [k] of bool."""
        assert self.learners is not None
        self.learners, self._memory = self.learners[which], self._memory[:, which]
        self._taken, self._idle = self._taken[which], self._idle[which]

    def step(self, fitness: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        """One step of every learner whose fitness [k] and gradient [k, D] are finite; returns which moved [k]."""
        assert self.learners is not None
        moved = np.isfinite(fitness) & np.isfinite(gradients).all(axis=1)
        rows = np.flatnonzero(moved)
        memory, taken = self._memory[:, rows], self._taken[rows] + 1
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is caught below
            share = self.schedule(taken - 1)
            direction = self._direction(self._clipped(gradients[rows]), memory, taken[:, None])
            reached = self.learners[rows] + (self.rate * share)[:, None] * direction
        reached = np.clip(reached, self.lower, self.upper)
        fine = np.isfinite(memory).all(axis=(0, 2)) & np.isfinite(reached).all(axis=1)
        moved[rows] = fine & (reached != self.learners[rows]).any(axis=1)
        rows = rows[fine]
        self.learners[rows], self._memory[:, rows], self._taken[rows] = reached[fine], memory[:, fine], taken[fine]
        return moved

    def _clipped(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients [k, D] no longer than `clip` (Pascanu, Mikolov & Bengio 2013, algorithm 1)."""
        if not self.clip:
            return gradients
        largest = np.abs(gradients).max(axis=1, keepdims=True)  # squares of large ones would overflow
        scale = np.where(largest > 0.0, largest, 1.0)
        norm = scale * np.sqrt(np.square(gradients / scale).sum(axis=1, keepdims=True))
        return np.where(norm > self.clip, gradients * (self.clip / np.maximum(norm, self.clip)), gradients)

    # -- generations -------------------------------------------------------------------------------------------------

    @property
    def _whole(self) -> bool:
        return self.batch is None or self.batch == self._total

    @property
    def _checked(self) -> bool:
        """Whether what is met while learning is no genome's fitness on all episodes, so that checks have to say it."""
        return not self._whole

    @property
    def wants_gradients(self) -> bool:
        """False in a check."""
        return self._place >= 0

    @property
    def provisional(self) -> bool:
        """True while the fitness that is met is no claim."""
        return self._place >= 0 and self._checked

    @property
    def episodes(self) -> np.ndarray | None:
        """The episodes of the present mini-batch, or None for all."""
        if not self.wants_gradients or self._whole or self._total is None or self.batch is None:
            return None
        order = np.random.default_rng((self.seed, self._epoch)).permutation(self._total)
        return order[self._place * self.batch : (self._place + 1) * self.batch]

    def prepare(self, problem: ProblemLike) -> None:
        """Learn how many episodes the problem has; raises EvornnError if `batch` is larger."""
        super().prepare(problem)
        if self.batch is not None:
            self._total = self._differentiable(problem).episodes
            check_range("batch", self.batch, 1, self._total, integer=True)

    def _receive_gradients(self, gradients: np.ndarray | None) -> None:
        if self.batch is not None and self._total is None:
            raise EvornnError("mini-batches are drawn by search.evaluate_with(problem, genomes); it was not called")
        super()._receive_gradients(gradients)

    def _generate(self) -> np.ndarray:
        if self.learners is None:
            self.place(self._sample(self.population))
            assert self.learners is not None
        return self.learners.copy()

    def _learn(self, genomes: np.ndarray, fitness: np.ndarray, gradients: np.ndarray | None) -> None:
        if gradients is not None:
            self._idle = np.where(self.step(fitness, gradients), 0, self._idle + 1)
            self._renew(self._idle >= (1 if self._whole else self.patience))
        self._next_place()

    def _renew(self, which: np.ndarray) -> None:
        """Fresh draws for some learners, `which` [P] of bool."""
        count = int(which.sum())
        if count and self.learners is not None:
            self.learners[which], self._memory[:, which] = self._sample(count), 0.0
            self._taken[which] = self._idle[which] = 0
            self.restarts += count

    def _next_place(self) -> None:
        if not self._checked:
            self._place = 0
            return
        self._place += 1
        lessons = 1 if self.batch is None or self._total is None else -(-self._total // self.batch)
        if self._place >= lessons:
            self._epoch += 1
            self._place = -1 if self._epoch % self.check_every == 0 else 0
