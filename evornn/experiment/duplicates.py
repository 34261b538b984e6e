"""Genomes asked again: what a search spends on evaluating once more what it had evaluated before.

The run counts them for every search alike, by 64-bit digests of the genomes. It remembers the last `WINDOW`
evaluations: enough for elites, parents and archives, at a cost of microseconds a genome.
"""

from __future__ import annotations

from typing import Any

import numpy as np

WINDOW = 8192  # evaluations remembered


class DuplicateCounter:
    """Counts the genomes [k, D] given to `count` that are equal to one of the last `WINDOW` before them."""

    def __init__(self) -> None:
        self.total = 0  # genomes asked again
        self._number = 0  # genomes asked
        self._last: dict[int, int] = {}  # digest -> number of its newest genome
        self._weights: np.ndarray = np.empty(0, np.uint64)

    def count(self, genomes: np.ndarray) -> None:
        """Take note of the next genomes, in the order of their evaluation."""
        last, digests = self._last, self._digests(genomes).tolist()
        numbers = range(self._number + 1, self._number + 1 + len(digests))
        if len(set(digests)) == len(digests) and last.keys().isdisjoint(digests):  # as nearly always: quicker
            last.update(zip(digests, numbers, strict=True))
        else:
            for digest, number in zip(digests, numbers, strict=True):
                self.total += number - last.get(digest, -WINDOW) <= WINDOW
                last[digest] = number
        self._number += len(digests)
        if len(last) > 2 * WINDOW:
            self._last = {digest: at for digest, at in last.items() if self._number - at < WINDOW}

    def _digests(self, genomes: np.ndarray) -> np.ndarray:
        """uint64 [k]: a sum of the genes' bits, mixed, each times an odd number of its own."""
        if self._weights.size != genomes.shape[1]:
            drawn = np.random.default_rng(0).integers(2**63, size=(genomes.shape[1],), dtype=np.uint64)
            self._weights = 2 * drawn + 1
        rows = max(1, 8192 // genomes.shape[1])  # at a time: what stays in the cache
        parts = [self._mixed(genomes[i : i + rows]) for i in range(0, len(genomes), rows)]
        return np.concatenate([np.empty(0, np.uint64), *parts])

    def _mixed(self, genomes: np.ndarray) -> np.ndarray:
        bits = np.add(genomes, 0.0, dtype=np.float64, order="C").view(np.uint64)  # a copy in which -0.0 is 0.0
        mixed = bits ^ (bits >> np.uint64(32))
        mixed *= self._weights
        np.bitwise_xor(mixed, mixed >> np.uint64(29), out=mixed)
        return mixed.sum(axis=1, dtype=np.uint64)

    def state_dict(self) -> dict[str, Any]:
        """What to store in a checkpoint: the same for the same genomes, however they were given."""
        recent = sorted((at, digest) for digest, at in self._last.items() if self._number - at < WINDOW)
        return {
            "total": self.total,
            "number": self._number,
            "at": np.array([at for at, _ in recent], np.int64),
            "digests": np.array([digest for _, digest in recent], np.uint64),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict()`."""
        self.total, self._number = int(state["total"]), int(state["number"])
        self._last = dict(zip(state["digests"].tolist(), state["at"].tolist(), strict=True))
