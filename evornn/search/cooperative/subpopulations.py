"""Sub-populations: parts of networks (weights, neurons, whole networks) that are bred apart, in whole arrays.

`members [n, D]` holds n parts of each group of genes: row j, in group g's columns, is member j of sub-population g.
Breeding is that of Gomez's CoSyNE and ESP (Gomez & Miikkulainen 1997; Gomez, Schmidhuber & Miikkulainen 2008): each
sub-population is sorted, member j of its best quarter mates with a better one (the best with any of the quarter), and
the two children of their one-point crossover replace the worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

PARENTS = 0.25  # share of a sub-population that is mated


@dataclass(frozen=True)
class Groups:
    """Which genes make a part: group [D] from 0 on, each gene's place [D] in its group, and the groups' sizes [G]."""

    group: np.ndarray
    place: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray) -> Self:
        """Genes with the same label [D] are a group; groups are ordered by label."""
        _, group, size = np.unique(labels, return_inverse=True, return_counts=True)
        place = np.empty(group.size, dtype=np.int64)
        place[np.argsort(group, kind="stable")] = np.arange(group.size) - np.repeat(np.cumsum(size) - size, size)
        return cls(group, place, size)

    @classmethod
    def whole(cls, dimension: int) -> Self:
        """All genes are one part."""
        return cls.of(np.zeros(dimension, dtype=np.int64))

    @classmethod
    def neurons(cls, space: Any) -> Self:
        """A group for each unit of `space.neurons`, the genes that all units share as a last one; in a space that says
        nothing of units, a group for each gene.
        """
        units = getattr(space, "neurons", None)
        if units is None:
            return cls.of(np.arange(space.dimension))
        return cls.of(np.where(units < 0, np.max(units) + 1, units))

    @property
    def count(self) -> int:
        """G, the number of groups."""
        return len(self.size)


def breeding_rows(count: int) -> tuple[int, slice]:
    """Of `count` >= 3 ranked members: how many are mated, and the rows that their children replace."""
    parents = max(1, int(PARENTS * count))
    return parents, slice(count - 2 * parents, count)


def ranked(members: np.ndarray, estimator: np.ndarray, groups: Groups) -> np.ndarray:
    """The members [n, D] with every sub-population sorted by its credit [n, G], best first."""
    order = np.argsort(-estimator, axis=0, kind="stable")
    return np.take_along_axis(members, order[:, groups.group], axis=0)


def breed(rng: np.random.Generator, members: np.ndarray, groups: Groups) -> np.ndarray:
    """Children of ranked members [n, D], two for each of the best quarter, the best's last: what replaces the worst."""
    count, genes = breeding_rows(len(members))[0], np.arange(members.shape[1])
    better = np.arange(count)[:, None]
    mate = (rng.random((count, groups.count)) * np.where(better, better, count)).astype(np.int64)  # below itself
    cut = 1 + (rng.random((count, groups.count)) * (groups.size - 1)).astype(np.int64)
    one, two = members[:count], members[mate[:, groups.group], genes]
    tail = groups.place >= cut[:, groups.group]
    children = np.stack((np.where(tail, two, one), np.where(tail, one, two)), axis=1)
    return children[::-1].reshape(-1, members.shape[1])


def remembered(genomes: np.ndarray, known: np.ndarray, fitness: np.ndarray) -> np.ndarray:
    """Fitness [P] of genomes that are among those `known` [Q, D], NaN for those that are not."""
    keys, known_keys = row_keys(genomes), row_keys(known)
    values, old = np.full(len(genomes), np.nan), np.isin(known_keys, keys)
    of = {row.tobytes(): value for row, value in zip(known[old], fitness[old].tolist(), strict=True)}
    for i in np.flatnonzero(np.isin(keys, known_keys)):
        values[i] = of.get(genomes[i].tobytes(), np.nan)
    return values


def row_keys(genomes: np.ndarray) -> np.ndarray:
    """A number for each row [P] of genomes [P, D], the same for rows of the same bits and hardly ever for others."""
    odd = np.cumprod(np.full(genomes.shape[1], 0x9E3779B97F4A7C15, dtype=np.uint64))  # of the golden ratio; wraps
    return np.einsum("ij,j->i", np.ascontiguousarray(genomes).view(np.uint64), odd)
