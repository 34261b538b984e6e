"""Temporal order of Hochreiter & Schmidhuber (1997), experiments 6a and 6b: which symbols came in which order?

A sequence starts with E, ends with B and has symbols a, b, c, d at random in between, but for an X or a Y at each of
some places; the class at the end is the order of those. Places at T = 100: 6a (symbols=3): in 10-20 and 50-60, four
classes; 6b (symbols=4): in 10-20, 33-43 and 66-76, eight classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, one_of, whole
from evornn.tasks.generated import Generated, one_hot

SYMBOLS = "EBabcdXY"
PLACES = {3: ((10, 20), (50, 60)), 4: ((10, 20), (33, 43), (66, 76))}  # per cent of the length


class TemporalOrder(Generated):
    """Temporal order: classify a long sequence by the order of its 2 or 3 relevant symbols (experiments 6a, 6b).

    symbols: 3 (6a: two relevant ones, the trigger at the end, 4 classes) or 4 (6b: three, 8 classes). inputs: one of 8
    symbols. Correct: no output 0.3 or more off at the end. Solved: all 2,000 fresh sequences are correct (in the paper,
    the last 2,000 of training).
    """

    LOSSES = ("mse", "cross_entropy")
    SMALL: ClassVar[dict[str, Any]] = {"length": 10, "sequences": 3, "test": 4}
    PUBLISHED: ClassVar[Mapping[tuple[int, int], float]] = {(3, 100): 31_390, (4, 100): 571_100}

    symbols: int = one_of("relevant ones and the trigger: experiment 6a, 6b", PLACES, default=3)
    length: int = whole("T; sequences have T to 1.1 T steps", default=100, low=10)
    test = 2000
    correct = fixed(0.3)

    def derive(self) -> None:
        """What was published of this length."""
        super().derive()
        if (self.symbols, self.length) in self.PUBLISHED:
            self.published = {"LSTM by gradient (sequences, 1997)": self.PUBLISHED[self.symbols, self.length]}

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
