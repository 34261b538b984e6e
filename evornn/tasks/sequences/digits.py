"""Handwritten digits of 8 x 8 pixels (Alpaydin & Kaynak 1998; data of scikit-learn), read as a sequence of pixels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evornn.errors import EvornnError
from evornn.options import Order, fixed, number, one_of, whole
from evornn.tasks.generated import Generated, library, one_hot

IMAGES, PIXELS, TEST_IMAGES = 1797, 64, 360  # the last 360 are for tests


class Digits(Generated):
    """Handwritten digits: read 64 pixels one after another, then name the digit (real data; needs evornn[data]).

    inputs: ink in [0, 1]; target: the digit, at the end. Solved: `accuracy` of the test images have the largest output
    at their digit.
    """

    LOSSES = ("cross_entropy", "mse")
    SMALL: ClassVar[dict[str, Any]] = {"pixels": 8, "sequences": 3, "test": 4}
    requires = ("sklearn",)

    pixels: int = one_of("at each step; 1 is hardest, 8 is a row at a time", (1, 2, 4, 8), default=1)
    sequences: int = whole("training images", default=64, low=1, high=IMAGES - TEST_IMAGES)
    test: int = whole("images of the champion test", default=TEST_IMAGES, low=1, high=TEST_IMAGES)
    accuracy: float = number(
        "share of correct test images that counts as solved", default=0.9, low=0, high=1, open_low=True
    )
    loss = "cross_entropy"
    correct = fixed("argmax")
    ORDER: ClassVar[Order] = (..., "sequences", "seed", "test", "accuracy", "loss")

    def generate(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """Some of the training images."""
        return self.images(rng.permutation(IMAGES - TEST_IMAGES)[:count])

    def generate_test(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        """The last images."""
        return self.images(np.arange(IMAGES - count, IMAGES))

    def images(self, numbers: np.ndarray) -> tuple[np.ndarray, ...]:
        """The images of these numbers, as data."""
        data = library("sklearn.datasets", "Digits").load_digits()
        if len(data.images) != IMAGES:
            raise EvornnError(f"scikit-learn gives {len(data.images)} digits; {IMAGES} are expected")
        inputs = data.images[numbers].reshape(len(numbers), PIXELS // self.pixels, self.pixels) / 16.0
        targets, mask = np.zeros((*inputs.shape[:2], 10)), np.zeros(inputs.shape[:2])
        targets[:, -1], mask[:, -1] = one_hot(data.target[numbers], 10), 1.0
        return inputs, targets, mask

    def required(self, count: int) -> int:
        """The share that `accuracy` names."""
        return int(np.ceil(self.accuracy * count))

    def worth_testing(self, fitness: float) -> bool:
        """Whether the training loss is below that of a network that gives every digit the same."""
        return bool(-fitness < (np.log(10) if self.loss == "cross_entropy" else 0.09))
