"""The memory that searches take: one formula, whose numbers each search gives for itself."""

from __future__ import annotations

from typing import NamedTuple

NUMBER = 8  # bytes of a float64
ALWAYS = 96 * 1024  # what any search takes, however small: NumPy's buffers, objects
VECTORS = 32  # arrays [D] that any search has


class MemoryModel(NamedTuple):
    """What a search holds at the peak of a generation of P genomes of D genes, measured, with some to spare.

    `genomes`: arrays [P, D]; `matrices`: arrays [D, D]; `member`: further bytes for each genome (fitness, indices,
    dictionaries, objects of libraries).
    """

    genomes: float
    matrices: float = 0.0
    member: float = 200.0

    def bytes(self, population: int, dimension: int) -> int:
        """Bytes that P = `population` and D = `dimension` take."""
        numbers = self.genomes * population * dimension + self.matrices * dimension**2 + VECTORS * dimension
        return int(ALWAYS + NUMBER * numbers + self.member * population)
