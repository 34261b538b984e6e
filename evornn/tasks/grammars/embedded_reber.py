"""The embedded Reber grammar (Reber 1967; Smith & Zipser 1989; Fahlman 1991; Hochreiter & Schmidhuber 1997, exp. 1).

Strings B (T|P) B <Reber string> E (T|P) E, in which the second symbol returns as the second last. The network reads a
string symbol by symbol and always predicts the next one; where two symbols may follow, it cannot know which.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed
from evornn.tasks.base import Stage
from evornn.tasks.generated import Generated, one_hot

SYMBOLS = "BTPSXVE"
GRAMMAR: dict[int, dict[str, int]] = {  # Reber's automaton: state -> {symbol: next state}; the string ends in END
    0: {"B": 1},
    1: {"T": 2, "P": 3},
    2: {"S": 2, "X": 4},
    3: {"T": 3, "V": 5},
    4: {"X": 3, "S": 6},
    5: {"P": 4, "V": 6},
    6: {"E": 7},
}
END = 7


class EmbeddedReber(Generated):
    """Embedded Reber grammar: predict the next symbol; the second last repeats the second (Fahlman 1991).

    inputs: the symbol, one of 7. targets: the next one, as drawn. A string is correct if the symbols that may come next
    always have the largest outputs. Solved: every string of the training and of the test set is correct (the paper: 256
    and 256); no test string is a training string.
    """

    LOSSES = ("mse", "binary_cross_entropy", "cross_entropy")
    MORE = ("allowed",)
    SMALL: ClassVar[dict[str, Any]] = {"sequences": 3, "test": 4}

    sequences = 64
    correct = fixed("argmax")

    def derive(self) -> None:
        """Draw the training strings, which test strings are not to be."""
        self._training: set[str] = set()
        super().derive()
        self.published = {"LSTM by gradient (sequences, 1997)": 8_440}
        self._training = set(self.strings(self.series))

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """One string that is not a training string."""
        while True:
            string, sets = self.string(rng)
            if string not in self._training:
                break
        symbols = one_hot([SYMBOLS.index(c) for c in string], len(SYMBOLS))
        allowed = np.array([[c in following for c in SYMBOLS] for following in sets], dtype=float)
        return symbols[:-1], symbols[1:], np.ones(len(string) - 1), allowed

    def string(self, rng: np.random.Generator) -> tuple[str, list[str]]:
        """A random string, and what may follow each of its symbols but the last."""
        kind, inner, state = "TP"[rng.integers(2)], "", 0
        sets: list[str] = []
        while state != END:
            choices = "".join(GRAMMAR[state])
            symbol = choices[rng.integers(len(choices))]
            inner, sets, state = inner + symbol, [*sets, choices], GRAMMAR[state][symbol]
        return f"B{kind}{inner}{kind}E", ["TP", *sets, kind, "E"]

    def strings(self, series: Any) -> list[str]:
        """The strings behind data rows."""
        ends = (series["weight"] > 0).sum(axis=1)
        first = series["inputs"].argmax(axis=2)
        return ["".join(SYMBOLS[i] for i in row[:end]) + "E" for row, end in zip(first, ends, strict=True)]

    def champion_test(self) -> list[Stage]:
        """All training strings, then all test strings."""
        return [self.stage("training strings", self, self.episodes), *super().champion_test()]
