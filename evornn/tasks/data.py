"""Arrays of sequence tasks, as users have them: of one length or many, padded with NaN or with a mask of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import EvornnError

OBJECTS = np.dtype(object)
SHAPES = {2: "[E, T]", 3: "[E, T, n]"}


def prepared(inputs: Any, targets: Any, mask: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """inputs [E, T, n], targets [E, T, m] and mask [E, T] or None, all finite, from what the user gave.

    Sequences of different lengths, and NaN in all targets of a step, give a mask that is 0 where there is no target.
    NaN among the inputs is padding: at the end of a sequence only, where there are no targets either.
    """
    (x, x_ragged), (y, y_ragged) = (stacked(n, a, 3) for n, a in (("inputs", inputs), ("targets", targets)))
    if x_ragged or y_ragged:
        x, y = _of_equal_lengths(x, y)
    if x.shape[:2] != y.shape[:2]:
        raise EvornnError(f"inputs have shape {x.shape} and targets {y.shape}; [E, T] must agree")
    absent = np.isnan(y)
    missing = absent.all(axis=2)
    if (partial := absent.any(axis=2) & ~missing).any():
        raise EvornnError(
            f"targets have NaN beside numbers at {np.argwhere(partial)[0].tolist()}; a step has one weight: give "
            "numbers for all its targets, or NaN for all of them to leave it out"
        )
    ends = _ends(~missing | ~np.isnan(x).all(axis=2))
    padding = np.arange(x.shape[1]) >= ends[:, None]
    if (bad := np.isnan(x) & ~padding[..., None]).any():
        raise EvornnError(
            f"inputs have NaN, a value that is not finite, at {np.argwhere(bad)[0].tolist()}, before the end of the "
            "sequence; fill it, and say by one more input (0 or 1) that it was missing. Padding goes to the end, with "
            "NaN in inputs and targets"
        )
    weight = _mask(mask, missing, ends)
    return np.where(np.isnan(x), 0.0, x), np.where(absent, 0.0, y), weight


def stacked(name: str, given: Any, axes: int) -> tuple[np.ndarray, bool]:
    """float64 [E, T, ...], shorter sequences padded with NaN, and whether lengths differ; EvornnError if wrong."""
    if isinstance(given, np.ma.MaskedArray):
        given = np.ma.filled(given.astype(np.float64), np.nan)
    objects = getattr(given, "dtype", None) is OBJECTS and given.ndim > 0
    ragged = isinstance(given, list | tuple) or objects
    parts = _parts(name, given, axes) if ragged else None
    values = np.asarray([] if given is None else given) if parts is None else _padded(parts)
    if values.dtype.kind not in "fiub" or values.ndim != axes or not values.size:
        raise EvornnError(
            f"{name} have shape {values.shape} and dtype {values.dtype}; they must be numbers {SHAPES[axes]}"
            + _remedy(name, values, axes)
        )
    values = values.astype(np.float64)
    if np.isinf(values).any():
        raise EvornnError(f"{name} have a value that is not finite at {np.argwhere(np.isinf(values))[0].tolist()}")
    return values, parts is not None


def _parts(name: str, given: Any, axes: int) -> list[np.ndarray] | None:
    """The sequences of a list whose lengths differ, each [T, ...]; None if it is an array like others."""
    each = []
    for e, sequence in enumerate(given):
        if isinstance(sequence, np.ma.MaskedArray):
            sequence = np.ma.filled(sequence.astype(np.float64), np.nan)
        try:
            part = np.asarray(sequence)
            part = part.astype(np.float64) if part.dtype is OBJECTS else part
        except (TypeError, ValueError, OverflowError):
            raise EvornnError(
                f"sequence {e} of {name} is no array of numbers {SHAPES[axes].replace('E, ', '')}"
            ) from None
        each.append(part)
    if len({part.shape for part in each}) < 2 and getattr(given, "dtype", None) is not OBJECTS:
        return None
    for e, part in enumerate(each):
        if part.dtype.kind not in "fiub" or part.ndim != axes - 1 or not part.size:
            raise EvornnError(
                f"sequence {e} of {name} has shape {part.shape} and dtype {part.dtype}; it must be numbers "
                f"{SHAPES[axes].replace('E, ', '')}, at least one step" + _remedy(name, part, axes - 1)
            )
        if part.shape[1:] != each[0].shape[1:]:
            raise EvornnError(f"sequence {e} of {name} has shape {part.shape}, sequence 0 {each[0].shape}")
    return each


def _remedy(name: str, values: np.ndarray, axes: int) -> str:
    if values.ndim != axes - 1 or not values.size or values.dtype.kind not in "fiub" or name == "mask":
        return ""
    if axes == 2:
        return ": x[:, None] gives [T] its last axis"
    classes = f", np.eye(k)[{name}] turns k classes into numbers" if values.dtype.kind in "iu" else ""
    return f": {name}[None] makes one sequence [T, n] a batch, {name}[..., None] gives [E, T] its last axis{classes}"


def _padded(parts: list[np.ndarray]) -> np.ndarray:
    whole = np.full((len(parts), max(len(p) for p in parts), *parts[0].shape[1:]), np.nan)
    for row, part in zip(whole, parts, strict=True):
        row[: len(part)] = part
    return whole


def _of_equal_lengths(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both padded to the longest; EvornnError if a sequence has not as many inputs as targets."""
    if len(x) != len(y):
        raise EvornnError(f"{len(x)} sequences of inputs and {len(y)} of targets; there must be as many")
    lengths = [_ends(~np.isnan(a).all(axis=2)) for a in (x, y)]
    for e, (have, want) in enumerate(zip(*lengths, strict=True)):
        if have != want:
            raise EvornnError(
                f"sequence {e} has {have} steps of inputs and {want} of targets; they must agree (NaN in all targets "
                "of a step of an array [E, T, m] leaves it out)"
            )
    longest = max(x.shape[1], y.shape[1])
    rows = [np.full((len(a), longest, a.shape[2]), np.nan) for a in (x, y)]
    for whole, a in zip(rows, (x, y), strict=True):
        whole[:, : a.shape[1]] = a
    return rows[0], rows[1]


def _ends(present: np.ndarray) -> np.ndarray:
    """Steps [E] up to the last that is present [E, T]."""
    return np.where(present.any(axis=1), present.shape[1] - present[:, ::-1].argmax(axis=1), 0)


def _mask(given: Any, missing: np.ndarray, ends: np.ndarray) -> np.ndarray | None:
    """The mask [E, T], 0 where targets are missing; None if every step counts the same. ends [E]: of the sequences."""
    shape: tuple[int, ...] = missing.shape
    if given is None and not missing.any():
        return None
    mask = np.ones(shape)
    if given is not None:
        mask, ragged = stacked("mask", given, 2)
        if ragged and len(mask) == shape[0] and (wrong := _ends(~np.isnan(mask)) != ends).any():
            e = int(wrong.argmax())
            raise EvornnError(
                f"sequence {e} has {ends[e]} steps and {_ends(~np.isnan(mask))[e]} of mask; they must agree"
            )
        short = shape[1] - mask.shape[1]
        if len(mask) == shape[0] and short > 0 and missing[:, -short:].all():
            mask = np.hstack([mask, np.zeros((len(mask), short))])
        if mask.shape == shape and (bad := np.isnan(mask) & ~missing).any():
            raise EvornnError(f"mask have a value that is not finite at {np.argwhere(bad)[0].tolist()}")
    if mask.shape == shape:
        mask = np.where(missing, 0.0, mask)
    if mask.shape != shape or (mask < 0).any() or not (mask.sum(axis=1) > 0).all():
        empty = missing.all(axis=1)
        raise EvornnError(
            f"sequence {int(empty.argmax())} has no target: NaN at every step"
            if empty.any()
            else f"mask has shape {mask.shape}; it must be {shape}, without negative weights and with a positive one "
            "in every sequence"
        )
    return mask
