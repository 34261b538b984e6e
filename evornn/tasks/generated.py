"""Base of the sequence tasks of the literature: sequences drawn by a rule, and fresh ones to test a champion with."""

from __future__ import annotations

import copy
import importlib
from typing import Any, ClassVar, Self

import numpy as np

from evornn.errors import EvornnError
from evornn.memory import check_memory
from evornn.options import Order, fixed, whole
from evornn.representation import constructor_call
from evornn.tasks.base import Stage
from evornn.tasks.losses import largest_loss
from evornn.tasks.sequence import Sequence

COPIES, SEQUENCE = 4, 1000  # of the data while they are made; bytes of a sequence besides
TRAINING, TEST = 0, 1  # parts of the random stream of a seed


class Generated(Sequence):
    """Base of tasks that draw their own sequences. A subclass gives `draw` (or `generate`), and takes these options.

    Test sequences come from another stream of the seed. Cross-entropies want a linear readout.
    """

    LOSSES: ClassVar[tuple[str, ...]] = ("mse",)
    MORE: ClassVar[tuple[str, ...]] = ()  # names of the rows that a draw gives after the mask
    SMALL: ClassVar[dict[str, Any]] = {}  # options of `example`
    ALLOWED_WRONG: ClassVar[float] = 0.0  # share of test sequences: a champion passes with fewer than that, or none

    inputs = targets = mask = data = criterion = correct = rows = fixed(None)
    sequences: int = whole("training sequences", default=32, low=1, kw_only=True)
    seed: int = whole("of the draw of all sequences", default=0, low=0, high=2**32 - 1, kw_only=True)
    test: int = whole("fresh sequences in the champion test", default=256, low=1, kw_only=True)
    ORDER: ClassVar[Order] = (..., "sequences", "seed", "test", "loss")

    def derive(self) -> None:
        """Draw the sequences, once it is known that there is memory for them."""
        steps, numbers = self.extent()
        needed = (COPIES * 8 * steps * numbers + SEQUENCE) * (self.sequences + self.test)
        longest = f", with up to {steps:,} steps a sequence," if steps else ""
        check_memory(f"{constructor_call(self)}{longest}", needed, "fewer or shorter sequences need less")
        inputs, targets, mask, *more = self.generate(np.random.default_rng([self.seed, TRAINING]), self.sequences)
        self.hold(inputs, targets, mask, **dict(zip(self.MORE, more, strict=True)))
        self._fresh: Self | None = None

    # data -----------------------------------------------------------------------------------------------------------
    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """One sequence: inputs [t, n], targets [t, m], mask [t]; its own length t."""
        raise EvornnError(f"{type(self).__name__} draws no sequences")

    def extent(self) -> tuple[int, int]:
        """Steps of the longest sequence, of training or test, and numbers of a step: inputs, targets, mask, and what is
        computed with. Memory is predicted from it; no steps: there is nothing to fear.
        """
        return 0, 0

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Training sequences: inputs [E, T, n], targets [E, T, m], mask [E, T]."""
        return padded([self.draw(rng) for _ in range(count)])

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """The same for the champion test."""
        return self.generate(rng, count)

    def fresh(self) -> Self:
        """The task with its test sequences in place of the training sequences."""
        if self._fresh is None:
            self._fresh = copy.copy(self)
            inputs, targets, mask, *more = self.generate_test(np.random.default_rng([self.seed, TEST]), self.test)
            self._fresh.hold(inputs, targets, mask, **dict(zip(self.MORE, more, strict=True)))
        return self._fresh

    @classmethod
    def example(cls, **options: Any) -> Self:
        """A few short sequences."""
        return cls(**{**cls.SMALL, **options})

    # what runs ask --------------------------------------------------------------------------------------------------
    def stage(self, name: str, task: Sequence, required: int) -> Stage:
        """All sequences of `task`, of which `required` must come out correct."""
        return Stage(name, task.scenarios(task.episodes, 0), task.steps, required, task)

    def champion_test(self) -> list[Stage]:
        """Fresh sequences, of which enough must come out correct."""
        task = self.fresh()
        return [self.stage(f"{task.episodes:,} fresh sequences", task, self.required(task.episodes))]

    def required(self, count: int) -> int:
        """How many of `count` sequences must come out correct."""
        return count - max(0, int(np.ceil(round(self.ALLOWED_WRONG * count, 9))) - 1)

    def worth_testing(self, fitness: float) -> bool:
        """Whether the loss is one that correct training sequences can have (and wrong ones, where some may be wrong,
        with outputs up to 1 off).
        """
        allowed = largest_loss(self.correct, self.loss, self.actions) if "allowed" not in self.series else np.inf
        return bool(-fitness <= allowed + self.ALLOWED_WRONG)

    def describe(self) -> str:
        """The constructor call that makes this task."""
        return constructor_call(self)


def padded(sequences: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Arrays of unequal length t, stacked into [E, T, ...] with zeros after the end of each."""
    longest = max(len(sequence[0]) for sequence in sequences)
    stacked = []
    for parts in zip(*sequences, strict=True):
        array = np.zeros((len(parts), longest, *parts[0].shape[1:]))
        for e, part in enumerate(parts):
            array[e, : len(part)] = part
        stacked.append(array)
    return tuple(stacked)


def one_hot(symbols: Any, size: int) -> np.ndarray:
    """[t, size] from t whole numbers below `size`."""
    return np.eye(size)[np.asarray(symbols, dtype=int)]


def library(name: str, user: str) -> Any:
    """An optional module of the extra `data`; EvornnError saying how to get it if it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise EvornnError(
            f"{user} needs {name.partition('.')[0]}, which cannot be imported ({error}); "
            "install it with: pip install 'evornn[data]'"
        ) from None
