"""Sequence tasks: data arrays instead of a world. The network reads inputs row by row; fitness is its negative loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np

from evornn.errors import EvornnError, check_choice, check_range
from evornn.formula import State, dot, exp, log, max, mean, softplus, sum, where
from evornn.tasks.base import Task


def mse(y: Any, target: Any) -> Any:
    """Mean squared error."""
    return mean((y - target) * (y - target))


def mae(y: Any, target: Any) -> Any:
    """Mean absolute error."""
    return mean(abs(y - target))


def cross_entropy(y: Any, target: Any) -> Any:
    """-sum target log softmax(y), in nats; the target's entries add up to 1."""
    top = max(y)
    return top + log(sum(exp(y - top))) - dot(target, y)


def binary_cross_entropy(y: Any, target: Any) -> Any:
    """Mean of -target log s(y) - (1 - target) log(1 - s(y)), s the logistic function, in nats; targets in [0, 1]."""
    return mean(softplus(y) - target * y)


LOSSES = {"mse": mse, "mae": mae, "cross_entropy": cross_entropy, "binary_cross_entropy": binary_cross_entropy}
CORRECT = ("argmax", "threshold")
FAR = 1e30  # beyond any output


def largest_is_right(y: Any, target: Any) -> Any:
    """Whether the largest output is where the target is largest, and only there."""
    wanted = target >= max(target)
    return max(where(wanted, y, -FAR)) > max(where(wanted, -FAR, y))


def right_side(y: Any, target: Any, border: float) -> Any:
    """Whether outputs lie above `border` exactly where targets lie above 0.5; NaN lies on no side."""
    right = where(target > 0.5, y > border, y <= border)
    return sum(where(right, 0.0, 1.0)) < 0.5


def close(y: Any, target: Any, tolerance: float) -> Any:
    """Whether every output is less than `tolerance` off."""
    return max(abs(y - target)) < tolerance


class Sequence(Task):
    """Map input sequences to target sequences; fitness is the negative loss, averaged over steps, then sequences.

    inputs [E, T, n], targets [E, T, m]: E sequences of T steps. mask [E, T]: weight of each step, 0 where outputs do
    not matter; each sequence needs a positive one. data: a .npz file with these arrays, instead. With neither:
    `example()`. loss: mse, mae, cross_entropy or binary_cross_entropy (outputs are logits: use a linear readout).
    criterion: a sequence counts as learned if its loss is at most this, and the task as solved if the mean loss is.
    correct: what a step of positive weight must give for its sequence to count as correct, else it has failed: "argmax"
    (the largest output is the target's), "threshold" (outputs above 0.5, or above 0 for binary_cross_entropy, exactly
    where targets are above 0.5) or a number (every output less than this off); None: no sequence fails.
    """

    def __init__(
        self,
        inputs: Any = None,
        targets: Any = None,
        mask: Any = None,
        loss: str = "mse",
        criterion: float | None = None,
        data: str | Path | None = None,
        correct: str | float | None = None,
    ) -> None:
        if inputs is None and targets is None and mask is None:
            inputs, targets, mask = example_data() if data is None else stored(data)
        elif data is not None:
            raise EvornnError(f"data is {str(data)!r}, but arrays are given as well; give one or the other")
        self.loss = check_choice("loss", loss, LOSSES)
        if isinstance(correct, str):
            check_choice("correct", correct, CORRECT)
        elif correct is not None:
            check_range("correct", correct, 0, open_low=True)
        self.correct: Any = correct
        inputs, targets = checked("inputs", inputs, 3), checked("targets", targets, 3)
        if inputs.shape[:2] != targets.shape[:2]:
            raise EvornnError(f"inputs have shape {inputs.shape} and targets {targets.shape}; [E, T] must agree")
        self.series = {"inputs": inputs, "targets": targets}
        if mask is not None:
            mask = checked("mask", mask, 2)
            if mask.shape != inputs.shape[:2] or (mask < 0).any() or not (mask.sum(axis=1) > 0).all():
                raise EvornnError(
                    f"mask has shape {mask.shape}; it must be {inputs.shape[:2]}, without negative weights and with a "
                    "positive one in every sequence"
                )
            self.series["weight"] = mask / mask.sum(axis=1, keepdims=True)
        self.check_targets(targets)
        self.observations, self.actions = inputs.shape[2], targets.shape[2]
        self.episodes, self.steps = inputs.shape[:2]
        self.criterion = None if criterion is None else check_range("criterion", criterion, 0)
        self.solved_fitness = None if criterion is None else -float(criterion)

    @classmethod
    def example(cls, **options: Any) -> Self:
        """Eight noise sequences; the target is the input of 3 steps ago."""
        inputs, targets, mask = example_data()
        return cls(inputs, targets, mask, **options)

    def check_targets(self, targets: np.ndarray) -> None:
        """Raise EvornnError where targets cannot be probabilities and the loss needs them."""
        if self.loss == "cross_entropy" and not ((targets >= 0).all() and np.allclose(targets.sum(axis=2), 1.0)):
            raise EvornnError(
                "targets of cross_entropy must be probabilities: at least 0, adding up to 1 at every step"
            )
        if self.loss == "binary_cross_entropy" and not ((targets >= 0) & (targets <= 1)).all():
            raise EvornnError("targets of binary_cross_entropy must lie in [0, 1]")

    def start(self, scenario: Any) -> State:
        """The world is the data: nothing to carry but whether an output was wrong."""
        return State() if self.correct is None else State(wrong=np.bool_(False))

    def sense(self, s: Any, now: Any) -> Any:
        """The step's row of inputs [n]."""
        return now.inputs

    def advance(self, s: Any, action: Any, now: Any) -> State:
        """Note a wrong output."""
        return State() if self.correct is None else State(wrong=s.wrong | ~self.right(action, now))

    def right(self, y: Any, now: Any) -> Any:
        """Whether the step's outputs are correct, or do not matter."""
        if self.correct == "argmax":
            right = largest_is_right(y, now.targets)
        elif self.correct == "threshold":
            right = right_side(y, now.targets, 0.0 if self.loss == "binary_cross_entropy" else 0.5)
        else:
            right = close(y, now.targets, self.correct)
        return right | (now.weight <= 0.0) if "weight" in self.series else right

    def passed(self, s: Any) -> Any:
        """Whether every output was correct."""
        return True if self.correct is None else ~s.wrong

    def gain(self, s: Any, action: Any, after: Any, now: Any) -> Any:
        """The step's loss, negative, times its share of the mask."""
        loss = LOSSES[self.loss](action, now.targets)
        return -(loss * now.weight) if "weight" in self.series else -loss

    def score(self, s: Any, total: Any, steps: Any) -> Any:
        """The negative loss, averaged over the steps."""
        return total if "weight" in self.series else total / steps

    def title(self) -> str:
        """The class: sizes and data do not change a kernel."""
        return type(self).__name__

    def describe(self) -> str:
        """The sizes of the data, and the options."""
        sizes = ", ".join(f"{name}={list(array.shape)}" for name, array in self.series.items())
        correct = "" if self.correct is None else f", correct={self.correct!r}"
        return f"Sequence({sizes}, loss={self.loss!r}, criterion={self.criterion!r}{correct})"


def example_data(delay: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, targets and mask [8, 30, 1]: uniform noise, and the same `delay` steps later."""
    inputs = np.random.default_rng(0).uniform(-1.0, 1.0, (8, 30, 1))
    targets = np.zeros_like(inputs)
    targets[:, delay:] = inputs[:, :-delay]
    mask = np.ones((8, 30))
    mask[:, :delay] = 0
    return inputs, targets, mask


def stored(path: str | Path) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """inputs, targets and mask (or None) of a .npz file."""
    try:
        with np.load(path) as file:
            arrays = dict(file)
    except (OSError, ValueError, TypeError) as error:
        raise EvornnError(f"data is {str(path)!r}; it must be a .npz file: {error}") from None
    for name in arrays:
        check_choice(f"an array in {path}", name, ["inputs", "targets", "mask"])
    if "inputs" not in arrays or "targets" not in arrays:
        raise EvornnError(f"data is {str(path)!r} with arrays {sorted(arrays)}; inputs and targets are needed")
    return arrays["inputs"], arrays["targets"], arrays.get("mask")


def checked(name: str, array: Any, axes: int) -> np.ndarray:
    """The array as float64, its axes counted and its values finite."""
    values = np.asarray([] if array is None else array)
    if values.dtype.kind not in "fiub" or values.ndim != axes or not values.size:
        shape = "[E, T, n]" if axes == 3 else "[E, T]"
        raise EvornnError(f"{name} have shape {values.shape} and dtype {values.dtype}; they must be numbers {shape}")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise EvornnError(f"{name} have a value that is not finite at {np.argwhere(~np.isfinite(values))[0].tolist()}")
    return values
