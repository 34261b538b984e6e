"""The memory that searches take: one formula, whose numbers each search gives for itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from evornn.errors import EvornnError

NUMBER = 8  # bytes of a float64
ALWAYS = 96 * 1024  # what any search takes, however small: NumPy's buffers, objects
VECTORS = 32  # arrays [D] that any search has
CGROUP = Path("/sys/fs/cgroup/memory.max")  # what a container may have


class Footprint(NamedTuple):
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


def physical_memory() -> int:
    """Bytes of memory that this machine, or the container that this process is in, has; 0 if it does not say."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
    try:
        return min(found, int(CGROUP.read_text()))
    except (OSError, ValueError):  # no container, or "max"
        return found


def check_memory(what: str, needed: int, advice: str) -> None:
    """Raise EvornnError, with `advice`, if `what` needs more bytes than there are."""
    available = physical_memory()
    if available and needed > available:
        raise EvornnError(f"{what} needs {needed:,} bytes of memory; this machine has {available:,}; {advice}")
