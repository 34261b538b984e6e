"""The seven regular languages of Tomita (1982) over 0 and 1: does a string belong to the language?

1: 1*.  2: (10)*.  3: no odd run of 1s directly before an odd run of 0s.  4: no 000.  5: an even number of 0s and of 1s.
6: the number of 0s less that of 1s is a multiple of 3.  7: 0*1*0*1*.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, one_of, whole
from evornn.tasks.generated import Generated, one_hot, padded

AUTOMATA: dict[int, tuple[list[tuple[int, int]], set[int]]] = {  # (next state on 0, on 1) of each state; accepting ones
    1: ([(1, 0), (1, 1)], {0}),
    2: ([(2, 1), (0, 2), (2, 2)], {0}),
    3: ([(0, 1), (2, 0), (3, 4), (2, 1), (4, 4)], {0, 1, 3}),
    4: ([(1, 0), (2, 0), (3, 0), (3, 3)], {0, 1, 2}),
    5: ([(2, 1), (3, 0), (0, 3), (1, 2)], {0}),
    6: ([(1, 2), (2, 0), (0, 1)], {0}),
    7: ([(0, 1), (2, 1), (2, 3), (4, 3), (4, 4)], {0, 1, 2, 3}),
}
END = 2  # the symbol after a string


class Tomita(Generated):
    """Tomita's grammars 1 to 7: read a string of 0s and 1s, then accept or reject it (Tomita 1982).

    Lengths are uniform in 0 .. length, as far as there are strings, and every second string belongs to the language.
    inputs: 0, 1 or end; the target, at the end, is 1 for accept. Solved: all training and test strings are right.
    """

    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {"length": 4, "test_length": 6, "sequences": 4, "test": 5}
    PUBLISHED: ClassVar[Mapping[int, float]] = {1: 182, 2: 1_511, 4: 13_833}

    grammar: int = one_of("which", AUTOMATA, default=1)
    length: int = whole("longest training string", default=8, low=4, high=50)
    test_length: int = whole("test strings have length + 1 .. test_length", default=16, low="length + 2", high=60)
    loss = "binary_cross_entropy"
    correct = fixed("threshold")

    def derive(self) -> None:
        """What was published of the grammar."""
        super().derive()
        if self.grammar in self.PUBLISHED:
            self.published = {"random guessing": self.PUBLISHED[self.grammar]}

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Strings up to `length`."""
        return self.strings(rng, count, range(self.length + 1))

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Longer ones."""
        return self.strings(rng, count, range(self.length + 1, self.test_length + 1))

    def strings(self, rng: np.random.Generator, count: int, lengths: range) -> tuple[np.ndarray, ...]:
        """`count` strings, every second one in the language, as data."""
        ways = [endings(self.grammar, lengths[-1], accept) for accept in (True, False)]
        sequences: list[tuple[np.ndarray, ...]] = []
        for i in range(count):
            table = ways[i % 2]
            string = sample(rng, self.grammar, table, int(rng.choice([n for n in lengths if table[n][0]])))
            targets, mask = np.zeros((len(string) + 1, 1)), np.zeros(len(string) + 1)
            targets[-1], mask[-1] = 1 - i % 2, 1.0
            sequences.append((one_hot([*string, END], 3), targets, mask))
        return padded(sequences)


def endings(grammar: int, longest: int, accept: bool) -> list[list[int]]:
    """[k][state]: how many strings of k symbols lead from the state to acceptance (or to rejection)."""
    moves, accepting = AUTOMATA[grammar]
    table = [[int((state in accepting) == accept) for state in range(len(moves))]]
    for _ in range(longest):
        table.append([table[-1][zero] + table[-1][one] for zero, one in moves])
    return table


def sample(rng: np.random.Generator, grammar: int, table: list[list[int]], length: int) -> list[int]:
    """A string of `length` symbols, uniform among those that `table` (of `endings`) counts."""
    string, state = [], 0
    for left in range(length - 1, -1, -1):
        zero, one = AUTOMATA[grammar][0][state]
        bit = int(rng.integers(table[left][zero] + table[left][one]) >= table[left][zero])
        string.append(bit)
        state = (zero, one)[bit]
    return string
