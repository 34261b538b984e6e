"""Associative recall (Graves, Wayne & Danihelka 2014, section 4.3): given an item of a list, give the next one.

An item is `vectors` vectors of random bits after a delimiter. After the list, a query delimiter and one item of the
list but the last are shown, and a query delimiter again; the item after it is wanted, without input. In the paper: 3
vectors of 6 bits an item, lists of 2 .. 6 items, tested with up to 20.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.options import fixed, whole
from evornn.tasks.generated import Generated, padded


class AssociativeRecall(Generated):
    """Associative recall: of a list of items, give the one that came after the item asked for (Graves 2014).

    inputs: bits, delimiter of items, delimiter of the query; targets: the bits of the item, at the end. Solved: all
    bits of all test sequences, whose lists are longer, are right.
    """

    LOSSES = ("binary_cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {
        "bits": 2, "vectors": 1, "items": 3, "test_items": 4, "sequences": 3, "test": 4,
    }  # fmt: skip

    bits: int = whole("of a vector", default=6, low=1)
    vectors: int = whole("of an item", default=3, low=1)
    items: int = whole("training lists have 2 .. items", default=6, low=2)
    test_items: int = whole("test lists have items + 1 .. test_items", default=20, low="items + 1")
    loss = "binary_cross_entropy"
    correct = fixed("threshold")

    def extent(self) -> tuple[int, int]:
        """Steps and numbers of a step."""
        return (self.test_items + 2) * (self.vectors + 1) + self.vectors, 2 * self.bits + 3

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """2 .. items."""
        return padded([self.sequence(rng, int(n)) for n in rng.integers(2, self.items + 1, count)])

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Longer lists."""
        return padded([self.sequence(rng, int(n)) for n in rng.integers(self.items + 1, self.test_items + 1, count)])

    def sequence(self, rng: np.random.Generator, items: int) -> tuple[np.ndarray, ...]:
        """List, query, answer."""
        shown = rng.integers(2, size=(items, self.vectors, self.bits)).astype(float)
        asked, size = int(rng.integers(items - 1)), self.vectors + 1
        inputs = np.zeros(((items + 1) * size + size, self.bits + 2))
        for k, item in enumerate([*shown, shown[asked]]):
            inputs[k * size, self.bits + (k == items)] = 1.0
            inputs[k * size + 1 : (k + 1) * size, : self.bits] = item
        inputs[(items + 1) * size, -1] = 1.0
        targets, mask = np.zeros((len(inputs), self.bits)), np.zeros(len(inputs))
        targets[-self.vectors :], mask[-self.vectors :] = shown[asked + 1], 1.0
        return inputs, targets, mask
