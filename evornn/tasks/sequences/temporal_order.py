"""Temporal order of Hochreiter & Schmidhuber (1997), experiments 6a and 6b: which symbols came in which order?

A sequence starts with E, ends with B and has symbols a, b, c, d at random in between, but for an X or a Y at each of
some places; the class at the end is the order of those. Places at T = 100: 6a (symbols=3): in 10-20 and 50-60, four
classes; 6b (symbols=4): in 10-20, 33-43 and 66-76, eight classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from evornn.errors import check_number, check_range
from evornn.tasks.generated import Generated, one_hot

SYMBOLS = "EBabcdXY"
PLACES = {3: ((10, 20), (50, 60)), 4: ((10, 20), (33, 43), (66, 76))}  # per cent of the length


class TemporalOrder(Generated):
    """Temporal order: classify a long sequence by the order of its 2 or 3 relevant symbols (experiments 6a, 6b).

    symbols: 3 (6a: two relevant ones, the trigger at the end, 4 classes) or 4 (6b: three, 8 classes). length: T;
    sequences have T to 1.1 T steps. inputs: one of 8 symbols. Correct: no output 0.3 or more off at the end. Solved:
    all 2,000 fresh sequences are correct (in the paper, the last 2,000 of training). loss: mse or cross_entropy.
    """

    LOSSES = ("mse", "cross_entropy")
    SMALL: ClassVar[dict[str, Any]] = {"length": 10, "sequences": 3, "test": 4}
    PUBLISHED: ClassVar[Mapping[tuple[int, int], float]] = {(3, 100): 31_390, (4, 100): 571_100}

    def __init__(
        self, symbols: int = 3, length: int = 100, sequences: int = 32, seed: int = 0, test: int = 2000,
        loss: str = "mse",
    ) -> None:  # fmt: skip
        self.symbols = check_number("symbols", symbols, PLACES)
        self.length = check_range("length", length, 10, integer=True)
        super().__init__(sequences, seed, test, loss, correct=0.3)
        if (symbols, length) in self.PUBLISHED:
            self.published = {"LSTM by gradient (sequences, 1997)": self.PUBLISHED[symbols, length]}

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return self.length + self.length // 10 + 1, len(SYMBOLS) + 2**self.symbols + 1

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """One sequence."""
        steps = int(rng.integers(self.length, self.length + self.length // 10 + 1))
        spans = [[percent * self.length // 100 for percent in span] for span in PLACES[self.symbols]]
        places = [int(rng.integers(low, high + 1)) for low, high in spans]
        order = rng.integers(2, size=len(places))
        symbols = 2 + rng.integers(4, size=steps)
        symbols[[0, -1]] = 0, 1
        symbols[places] = 6 + order
        targets, mask = np.zeros((steps, 2 ** len(places))), np.zeros(steps)
        targets[-1, int("".join(map(str, order)), 2)] = mask[-1] = 1.0
        return one_hot(symbols, len(SYMBOLS)), targets, mask
