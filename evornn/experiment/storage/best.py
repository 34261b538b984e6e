"""The best network of a stored run: best.npy, if it is what the log speaks of, else the one in the checkpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.atomic_files import damaged
from evornn.errors import EvornnError
from evornn.experiment.storage import seals

if TYPE_CHECKING:
    from evornn.experiment.storage.records import Record

BEST = "best.npy"


def genome_digest(genome: np.ndarray) -> str:
    """What a record keeps of a champion that was tested."""
    return hashlib.blake2b(np.ascontiguousarray(genome, dtype="<f8").tobytes(), digest_size=8).hexdigest()


def find_best(directory: Path, records: Sequence[Record], state: dict[str, Any] | None) -> np.ndarray | None:
    """The champion that solved a run with these records, or else its best genome so far, float64 [D].

    state: of its newest whole checkpoint. None if the run has none yet; EvornnError if it cannot be told any more.
    """
    stored, error = None, None
    try:
        stored = seals.read_array(directory / BEST)
    except EvornnError as found:
        error = found
    search = (state or {}).get("search")
    kept = search.get("best_genome") if isinstance(search, dict) else None  # one of one's own may keep it elsewhere
    if records and records[-1].solved and records[-1].tested:
        for genome in (stored, kept):
            if genome is not None and genome_digest(genome) == records[-1].tested:
                return np.asarray(genome)
        raise error or damaged(directory / BEST, "it is not the champion that was tested")
    if kept is not None:  # written before best.npy, with the log on the disk
        return np.asarray(kept)
    if error is not None:
        raise error
    if stored is not None and not records:
        raise damaged(directory / BEST, "the log of this run is empty")
    return stored


def solved_at(records: Sequence[Record], fitness: np.ndarray) -> int:
    """The evaluation, counted from 1, that found the champion of a solved run; `fitness`: of its last generation."""
    return records[-1].evaluations - fitness.size + int(np.nanargmax(fitness)) + 1
