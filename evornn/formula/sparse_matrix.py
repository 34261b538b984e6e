"""Constant sparse matrices in formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.formula.node import Node, Operand, as_float, lift
from evornn.formula.source_lines import fail


class SparseMatrix:
    """A constant sparse matrix [n, m] in compressed rows; `matrix @ x` inside a formula costs one multiply-add an
    entry.

    `entries` is anything scipy.sparse.csr_array accepts. For reservoirs (Jaeger 2001): fixed, the same for every
    individual.
    """

    __array_ufunc__ = None

    def __init__(self, entries: Any, shape: tuple[int, int] | None = None) -> None:
        from scipy.sparse import csr_array

        self.csr = csr_array(entries, shape=shape, dtype=np.float64)
        self.csr.sort_indices()
        self.shape: tuple[int, int] = self.csr.shape
        self._key = (self.shape, self.csr.data.tobytes(), self.csr.indices.tobytes(), self.csr.indptr.tobytes())

    @property
    def T(self) -> SparseMatrix:
        """The transposed matrix."""
        return SparseMatrix(self.csr.T)

    @property
    def rows(self) -> np.ndarray:
        """The row of each entry; `columns` its column."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.csr.indptr))

    @property
    def columns(self) -> np.ndarray:
        """The column of each entry, row by row."""
        return self.csr.indices

    @property
    def order(self) -> np.ndarray:
        """Which value each entry has, in the pattern of a `SparseProduct`."""
        return self.csr.data.astype(int) - 1

    def with_values(self, values: Operand) -> SparseProduct:
        """The same pattern with other entries, such as a network's genes: (nnz,) numbers, as `rows` and `columns` have
        them. `matrix.with_values(v) @ x` costs one multiply-add an entry.
        """
        count = self.csr.nnz
        if np.shape(values) != (count,):
            fail(f"values of shape {np.shape(values)} for a pattern of {count} entries; they need shape ({count},)")
        numbered = self.csr.copy()
        numbered.data = np.arange(1.0, count + 1.0)
        return SparseProduct(SparseMatrix(numbered), values)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SparseMatrix) and self._key == other._key

    def __repr__(self) -> str:
        return f"SparseMatrix{self.shape} with {self.csr.nnz} entries"

    def __matmul__(self, x: Operand) -> Any:
        if not isinstance(x, Node):
            return self.csr @ x
        if x.shape != (self.shape[1],):
            fail(f"@ of a sparse matrix {self.shape} and shape {x.shape}")
        return Node("sparse", (as_float(x),), (self.shape[0],), "float", self)


class SparseProduct:
    """A sparse matrix whose entries are traced values: one number for each place of a pattern, row by row."""

    def __init__(self, pattern: SparseMatrix, values: Operand) -> None:
        """pattern: its entries are the numbers of their values, from 1 on."""
        self.pattern, self.values, self.shape = pattern, values, pattern.shape

    @property
    def T(self) -> SparseProduct:
        """The transposed matrix."""
        return SparseProduct(self.pattern.T, self.values)

    def __matmul__(self, x: Operand) -> Any:
        if not isinstance(x, Node) and not isinstance(self.values, Node):
            csr = self.pattern.csr.copy()
            csr.data = np.asarray(self.values, dtype=np.float64)[self.pattern.order]
            return csr @ x
        vector = as_float(lift(x))
        if vector.shape != (self.shape[1],):
            fail(f"@ of a sparse matrix {self.shape} and shape {vector.shape}; it needs a vector ({self.shape[1]},)")
        return Node("sparse_values", (as_float(lift(self.values)), vector), (self.shape[0],), "float", self.pattern)


def put_back(bar: Node, picks: tuple[int, ...], shape: tuple[int, ...]) -> Node:
    """Cotangents of picked elements, each where it was picked, as a value of this shape."""
    size = int(np.prod(shape, dtype=int))
    if len(set(picks)) == len(picks):
        back = np.full(size, len(picks))
        back[list(picks)] = np.arange(len(picks))
        given = bar if len(picks) == size else Node("concat", (bar, lift(0.0)), (len(picks) + 1,))
        return Node("gather", (given,), shape, "float", tuple(back.tolist()))
    ones = SparseMatrix((np.ones(len(picks)), (np.asarray(picks), np.arange(len(picks)))), (size, len(picks)))
    return Node("slice", (ones @ bar,), shape, "float", 0)
