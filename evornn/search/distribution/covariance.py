"""The covariance matrix of a CMA-ES: full, with its eigendecomposition, or its diagonal alone.

Both offer the square root C^(1/2) as `stretch`, its inverse as `whiten` (up to a rotation) and `inverse_root`, and
`adapt`, the weighted update. Shapes: C [D, D] or [D]; samples y [k, D] or [D].
"""

from __future__ import annotations

import math

import numpy as np

from evornn.search.core.memory import MemoryModel

CONDITION = 1e14  # largest ratio of eigenvalues, what double precision resolves


class FullCovariance:
    """C = B diag(d^2) B^T, with B and d renewed every `gap` updates (Hansen 2016, appendix B.2)."""

    MEMORY_MODEL = MemoryModel(genomes=6.2, matrices=7)  # C, its update, B, and what the eigendecomposition works in

    def __init__(self, dimension: int) -> None:
        self.C, self.B = np.eye(dimension), np.eye(dimension)
        self.d = np.ones(dimension)

    def stretch(self, z: np.ndarray) -> np.ndarray:
        """C^(1/2) z = B diag(d) z."""
        return (z * self.d) @ self.B.T

    def whiten(self, y: np.ndarray) -> np.ndarray:
        """diag(1/d) B^T y: as long as C^(-1/2) y."""
        return (y @ self.B) / self.d

    def inverse_root(self, y: np.ndarray) -> np.ndarray:
        """C^(-1/2) y."""
        return self.whiten(y) @ self.B.T

    def adapt(self, keep: float, rank_one: float, path: np.ndarray, weights: np.ndarray, y: np.ndarray) -> None:
        """C <- keep C + rank_one path path^T + sum_i weights_i y_i y_i^T, exactly symmetric."""
        path = math.sqrt(rank_one) * path
        self.C *= keep
        self.C += np.outer(path, path)
        for rows, change in ((weights > 0, np.add), (weights < 0, np.subtract)):
            if rows.any():
                scaled = y[rows]
                scaled *= np.sqrt(np.abs(weights[rows]))[:, None]
                change(self.C, scaled.T @ scaled, out=self.C)  # NumPy computes one half of such a product only

    def renew(self) -> None:
        """The eigendecomposition of C as it is now; its condition is kept within bounds."""
        values, vectors = np.linalg.eigh(self.C)
        lack = values[-1] / CONDITION - values[0]
        if lack > 0.0:
            self.C[np.diag_indices_from(self.C)] += lack
            values = values + lack
        self.B, self.d = np.ascontiguousarray(vectors), np.sqrt(values)


class DiagonalCovariance:
    """Variances only: time and memory grow with D, not D^2 (Ros & Hansen 2008)."""

    MEMORY_MODEL = MemoryModel(genomes=6.2)

    def __init__(self, dimension: int) -> None:
        self.C, self.d = np.ones(dimension), np.ones(dimension)

    def stretch(self, z: np.ndarray) -> np.ndarray:
        """C^(1/2) z."""
        return z * self.d

    def whiten(self, y: np.ndarray) -> np.ndarray:
        """C^(-1/2) y."""
        return y / self.d

    inverse_root = whiten

    def adapt(self, keep: float, rank_one: float, path: np.ndarray, weights: np.ndarray, y: np.ndarray) -> None:
        """The diagonal of the full update."""
        self.C *= keep
        self.C += rank_one * np.square(path)
        self.C += weights @ np.square(y)

    def renew(self) -> None:
        """Square roots of C as it is now, its condition kept within bounds."""
        self.C = np.maximum(self.C, self.C.max() / CONDITION)
        self.d = np.sqrt(self.C)


Covariance = FullCovariance | DiagonalCovariance
