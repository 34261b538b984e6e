"""Memory plan of a kernel: the order of weights in memory, constant pools, and offsets in scratch.

A matrix that is multiplied by a large vector is stored in tiles, [tile][column][row in tile], so that a product reads
memory forward; every other parameter is stored as it is. Offsets count elements; in layout "units" a vector is padded
to whole packs of units.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

import numpy as np

from evornn.formula.node import Constant

K = TypeVar("K", bound=Hashable)  # names of parameters, or constants

TILE = 4  # packs of rows that a tile of a matrix-vector product keeps in registers, for each of its two chains


def tiles(rows: int, step: int) -> list[tuple[int, int]]:
    """(first pack, packs) of each tile of `rows` rows stored `step` to a pack."""
    packs = -(-rows // step)
    return [(first, min(TILE, packs - first)) for first in range(0, packs, TILE)]


def tile_order(shape: tuple[int, ...], step: int) -> np.ndarray:
    """Row-major index of each stored element of a tiled matrix; -1 for padding."""
    rows, columns = shape
    order = []
    for first, count in tiles(rows, step):
        index = (first * step + np.arange(count * step))[None, :]
        block = index * columns + np.arange(columns)[:, None]
        order.append(np.where(index < rows, block, -1).ravel())
    return np.concatenate(order)


class Store(Generic[K]):
    """An ordered pool of named arrays, each stored in one of the orders "rows", "tile" or their transposes."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.size = 0
        self._offsets: dict[tuple[Hashable, str, bool], int] = {}
        self.parts: list[tuple[K, np.ndarray]] = []

    def offset(self, key: K, shape: tuple[int, ...], order: str = "rows", transposed: bool = False) -> int:
        """Offset of array `key` in this order, placing it on first use."""
        full = (key, order, transposed)
        if full not in self._offsets:
            flat = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
            if transposed:
                flat = flat.T
            picks = flat.ravel()
            if order == "tile":
                places = tile_order(flat.shape, self.step)
                picks = np.where(places < 0, -1, picks[places])
            self._offsets[full] = self.size
            self.parts.append((key, picks))
            self.size += len(picks)
        return self._offsets[full]

    def order(self, offsets: Mapping[K, int]) -> np.ndarray:
        """Index into an individual's values for every stored element; -1 for padding."""
        picks = [np.where(picks < 0, -1, picks + offsets[name]) for name, picks in self.parts]
        return np.concatenate([np.zeros(0, int), *picks])


class Plan:
    """The stores of one kernel: weights (by parameter name), constants (by value), integer tables, and scratch."""

    def __init__(self, step: int, shapes: dict[str, tuple[int, ...]] | None = None) -> None:
        """shapes: of the parameters, for kernels that differentiate."""
        self.step = step
        self.weights: Store[str] = Store(step)
        self.constants: Store[Constant] = Store(step)
        self.gradients: Store[str] = Store(step)
        self.shapes = shapes or {}
        self.kept: dict[int, int] = {}  # vectors kept over a block of steps: node id -> slot
        self.products: list[tuple[int, int, int, int, int]] = []  # gradient offset, two slots, rows, columns
        self.tables: list[int] = []
        self._table_offsets: dict[tuple[int, ...], int] = {}
        self.scratch = 0

    def slot(self, size: int) -> int:
        """A new piece of scratch for `size` elements, padded to whole packs."""
        start = self.scratch
        self.scratch += -(-size // self.step) * self.step
        return start

    def table(self, values: Iterable[int]) -> int:
        """Offset of a table of whole numbers."""
        key = tuple(int(v) for v in values)
        if key not in self._table_offsets:
            self._table_offsets[key] = len(self.tables)
            self.tables.extend(key)
        return self._table_offsets[key]

    @property
    def scratch_size(self) -> int:
        """Elements of scratch for one job, with room for a pack read past the end, in whole cache lines."""
        return -(-(self.scratch + self.step) // 16) * 16

    @property
    def weight_size(self) -> int:
        """Elements of the weights of one individual, likewise."""
        return -(-(self.weights.size + self.step) // 16) * 16

    def weight_order(self, offsets: dict[str, int]) -> np.ndarray:
        """Index into an individual's values for every stored weight; -1 for padding. `offsets` are where parameters
        start.
        """
        order = np.full(self.weight_size, -1)
        placed = self.weights.order(offsets)
        order[: len(placed)] = placed
        return order

    def constant_values(self) -> np.ndarray:
        """All constants in stored order, float64, zeros as padding."""
        values = [np.where(picks < 0, 0.0, key.array.ravel()[picks]) for key, picks in self.constants.parts]
        return np.concatenate([*values, np.zeros(self.step)])
