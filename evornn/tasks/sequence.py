"""Sequence tasks: data arrays instead of a world. The network reads inputs row by row; fitness is its negative loss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from evornn.errors import EvornnError, check_choice, check_range, shown
from evornn.formula import Node, State
from evornn.genome import real_numbers
from evornn.options import Order, choice, number, other
from evornn.tasks import metrics
from evornn.tasks.base import Task
from evornn.tasks.data import prepared
from evornn.tasks.losses import LOSSES, RULES, is_right


def _file(what: str, data: Any, _: Any) -> str:
    if not isinstance(data, str | Path):
        raise EvornnError(f"{what} is {shown(data)}; it must be the name of a .npz file")
    return str(data)


def _rows(what: str, rows: Any, _: Any) -> dict[str, np.ndarray]:
    if not isinstance(rows, Mapping) or not all(isinstance(name, str) and name.isidentifier() for name in rows):
        raise EvornnError(f"{what} is {shown(rows)}; it must be a dict of arrays by name, such as dict(symbol=array)")
    if taken := {"inputs", "targets", "weight", "t"} & rows.keys():
        raise EvornnError(f"{what} has {min(taken)!r}, which is a name of the task's own")
    return {name: real_numbers(f"row {name!r}", row) for name, row in rows.items()}


def _rule(what: str, correct: Any, _: Any) -> Any:
    if isinstance(correct, str):
        return check_choice(what, correct, RULES)
    return check_range(what, correct, 0, open_low=True)


class Sequence(Task):
    """Map input sequences to target sequences; fitness is the negative loss, averaged over steps, then sequences.

    inputs [E, T, n], targets [E, T, m]: E sequences of T steps. mask [E, T]: weight of each step, 0 where outputs do
    not matter; each sequence needs a positive one. Sequences of different lengths: lists of arrays [t, n] and [t, m],
    or NaN after the end in both; NaN in all targets of a step leaves it out. The mask is made for them; a shorter
    sequence goes on with zeros, which count nothing, to the end of the longest. data: a .npz file with these arrays,
    instead. With neither: `example()`. rows: further data, name -> [E, T] or [E, T, k], which networks read as
    `now.NAME`; whole numbers stay whole, so they may be indices. A row called `forced`: where it is above 0, networks
    that feed their outputs back are given the targets in their place (teacher forcing).
    loss: mse, mae, cross_entropy or binary_cross_entropy (outputs are logits: use a linear readout).
    criterion: a sequence counts as learned if its loss is at most this, and the task as solved if the mean loss is.
    correct: what a step of positive weight must give for its sequence to count as correct, else it has failed: "argmax"
    (the largest output is the target's), "threshold" (outputs above 0.5, or above 0 for binary_cross_entropy, exactly
    where targets are above 0.5) or a number (every output, through softmax or the logistic function if the loss is a
    cross-entropy, less than this off); None: no sequence fails.
    """

    LOSSES: ClassVar[tuple[str, ...]] = tuple(LOSSES)  # that fit the targets

    inputs: Any = other("[E, T, n]", default=None)
    targets: Any = other("[E, T, m]", default=None)
    mask: Any = other("[E, T]", default=None)
    loss: str = choice("of the outputs at a step", "LOSSES", default="mse")
    criterion: float | None = number("loss that counts as learned", default=None, low=0)
    data: str | Path | None = other(".npz file with the arrays", default=None, check=_file)
    correct: Any = other(
        "what correct outputs are; None: any", default=None, allowed="argmax, threshold, > 0", check=_rule
    )
    rows: Any = other("further data, name -> [E, T] or [E, T, k]", default=None, check=_rows, kw_only=True)
    ORDER: ClassVar[Order] = ("inputs", "targets", "mask", "loss", "criterion", "data", "correct", ...)

    def derive(self) -> None:
        """Take the arrays, wherever they come from."""
        arrays = tuple(vars(self).pop(name) for name in ("inputs", "targets", "mask"))
        self.given = any(array is not None for array in arrays)
        if not self.given:
            arrays = example_data() if self.data is None else stored(self.data)
        elif self.data is not None:
            raise EvornnError(f"data is {shown(self.data)}, but arrays are given as well; give one or the other")
        self.hold(*arrays, **(self.rows or {}))
        self.solved_fitness = None if self.criterion is None else -float(self.criterion)

    def hold(self, inputs: Any, targets: Any, mask: Any = None, **rows: Any) -> None:
        """Take these data, and further `rows` name -> [E, T] or [E, T, k] for the formulas; EvornnError if wrong."""
        inputs, targets, mask = prepared(inputs, targets, mask)
        self.series = {"inputs": inputs, "targets": targets, **rows}
        for name, row in rows.items():
            if row.shape[:2] != inputs.shape[:2]:
                raise EvornnError(f"row {name!r} has shape {row.shape}; it must begin with {inputs.shape[:2]}")
        if mask is not None:
            self.series["weight"] = mask / mask.sum(axis=1, keepdims=True)
        self.check_targets(targets if mask is None else targets[mask > 0])
        self.observations, self.actions = inputs.shape[2], targets.shape[2]
        self.episodes, self.steps = inputs.shape[:2]

    @classmethod
    def example(cls, **options: Any) -> Self:
        """Eight noise sequences; the target is the input of 3 steps ago."""
        return cls(**options)

    def check_targets(self, targets: np.ndarray) -> None:
        """Raise EvornnError where targets cannot be probabilities and the loss needs them."""
        if self.loss == "cross_entropy" and not ((targets >= 0).all() and np.allclose(targets.sum(axis=-1), 1.0)):
            raise EvornnError(
                "targets of cross_entropy must be probabilities: at least 0, adding up to 1 at every step"
            )
        if self.loss == "binary_cross_entropy" and not ((targets >= 0) & (targets <= 1)).all():
            raise EvornnError("targets of binary_cross_entropy must lie in [0, 1]")

    def start(self, scenario: Node) -> State:
        """The world is the data: nothing to carry but whether an output was wrong."""
        return State() if self.correct is None else State(wrong=np.bool_(False))

    def sense(self, s: State, now: State) -> Node:
        """The step's row of inputs [n]."""
        return now.inputs

    def advance(self, s: State, action: Node, now: State) -> State:
        """Note a wrong output."""
        return State() if self.correct is None else State(wrong=s.wrong | ~self.right(action, now))

    def right(self, y: Node, now: State) -> Node:
        """Whether the step's outputs are correct, or do not matter."""
        wanted = now.allowed if "allowed" in self.series else now.targets
        right = is_right(self.correct, self.loss, y, wanted)
        return right | (now.weight <= 0.0) if "weight" in self.series else right

    def passed(self, s: State) -> Node | bool:
        """Whether every output was correct."""
        return True if self.correct is None else ~s.wrong

    def gain(self, s: State, action: Node, after: State, now: State) -> Node | float:
        """The step's loss, negative, times its share of the mask."""
        loss = LOSSES[self.loss](action, now.targets)
        return -(loss * now.weight) if "weight" in self.series else -loss

    def score(self, s: State, total: Node, steps: Node) -> Node:
        """The negative loss, averaged over the steps."""
        return total if "weight" in self.series else total / steps

    # measures ---------------------------------------------------------------------------------------------------------
    def right_steps(self, outputs: Any) -> np.ndarray:
        """[E, T]: whether `outputs` [E, T, m] (or a Trajectory for each sequence) are correct or do not matter."""
        if self.correct is None:
            raise EvornnError("correct is None; give a rule, such as correct='argmax', by which outputs are correct")
        rows = [{name: array[e] for name, array in self.series.items()} for e in range(self.episodes)]
        right = [
            [bool(self.right(y, State(**{name: row[t] for name, row in data.items()}))) for t, y in enumerate(ys)]
            for data, ys in zip(rows, self.stacked(outputs), strict=True)
        ]
        return np.array(right)

    def symbol_accuracy(self, outputs: Any) -> float:
        """Share of the steps that matter with correct outputs [E, T, m] (or a Trajectory for each sequence)."""
        return metrics.symbol_accuracy(self.right_steps(outputs), self.series.get("weight"))

    def sequence_accuracy(self, outputs: Any) -> float:
        """Share of sequences whose outputs [E, T, m] (or a Trajectory for each) are all correct."""
        return metrics.sequence_accuracy(self.right_steps(outputs), self.series.get("weight"))

    def stacked(self, outputs: Any) -> np.ndarray:
        """Outputs [E, T, m] from an array or one Trajectory for each sequence; EvornnError if shapes differ."""
        array = np.array([getattr(sequence, "actions", sequence) for sequence in outputs], dtype=np.float64)
        if array.shape != self.series["targets"].shape:
            raise EvornnError(f"outputs have shape {array.shape}; the targets have {self.series['targets'].shape}")
        return array

    def title(self) -> str:
        """The class: sizes and data do not change a kernel."""
        return type(self).__name__

    def describe(self) -> str:
        """The constructor call, with the sizes of arrays that were given."""
        if not self.given:
            return super().describe()
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
    except OSError as error:
        raise EvornnError(f"data is {shown(str(path))}, which cannot be read: {error.strerror or error}") from None
    except Exception as error:  # whatever NumPy and zipfile meet in a damaged file
        raise EvornnError(f"data is {shown(str(path))}; it must be a whole .npz file: {error}") from None
    for name in arrays:
        check_choice(f"an array in {path}", name, ["inputs", "targets", "mask"])
    if "inputs" not in arrays or "targets" not in arrays:
        raise EvornnError(f"data is {shown(str(path))} with arrays {sorted(arrays)}; inputs and targets are needed")
    return arrays["inputs"], arrays["targets"], arrays.get("mask")
