"""Searches that put networks together from neurons: what ESP and SANE share.

Neurons are the rows of `members [n, W]`, one block of columns for each population of neurons; `picks [P, G]` says which
row each of a network's G neurons is. A generation asks the networks that differ from each other and from the last
generation's: one that is put together a second time keeps its fitness.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import check_range
from evornn.options import number, other
from evornn.search.cooperative.subpopulations import Groups, breed, breeding_rows, remembered, row_keys
from evornn.search.core import operators
from evornn.search.core.memory import MemoryModel
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.search import WIDEST_STEP


class ComposedSearch(RestartingSearch):
    """Base of searches that breed neurons: a subclass says which genes its populations hold and who is picked.

    `parts`: the groups of genes that make neurons. `kind` [G]: the population that each of them is taken from; the
    columns of a population are its genes in order.
    """

    neurons: Any = other("in each of their populations; None: by the population", default=None, allowed=">= 4")
    mutation_rate: float = number("chance that a child's weight is mutated", default=0.5, low=0, high=1, open_low=True)
    sigma: float = number(
        "Cauchy step, as a fraction of the weight's range", default=0.025, low=0, high=WIDEST_STEP, open_low=True
    )

    MEMORY_MODEL = MemoryModel(genomes=12)
    MIN_POPULATION = 4
    _STATE = (*RestartingSearch._STATE, "_members", "_picks", "_tried", "_tried_fitness")

    def derive(self) -> None:
        """Say where each gene of a network is kept; no neurons yet."""
        super().derive()
        usual, most = self._usual()
        self.neurons = check_range("neurons", usual if self.neurons is None else self.neurons, 4, most, integer=True)
        self.parts = Groups.neurons(self.space)
        self.kind = self._kinds()
        slot = np.array([np.flatnonzero(self.kind == k)[0] for k in range(self.kind.max() + 1)])  # one of each kind
        genes = [np.flatnonzero(self.parts.group == g) for g in slot]
        self.blocks = Groups.of(np.repeat(np.arange(len(slot)), [len(g) for g in genes]))  # of the columns [W]
        starts = np.cumsum(self.blocks.size) - self.blocks.size
        self._column = starts[self.kind[self.parts.group]] + self.parts.place  # [D] where each gene is kept
        gene = np.concatenate(genes)  # [W] a gene that is kept there
        self._low, self._up = self.lower[gene], self.upper[gene]
        self._step = self.sigma * (self._up - self._low)
        self._members: np.ndarray | None = None  # [n, W]; None: to be drawn
        self._picks = np.empty((0, self.parts.count), dtype=np.int64)  # [P, G]
        self._tried = np.empty((0, self.dimension))  # [k, D] the last generation's networks
        self._tried_fitness = np.empty(0)  # [k]

    @property
    def memory(self) -> int:
        """Bytes: neurons are kept besides networks, half of what a network takes is theirs."""
        return self.MEMORY_MODEL.bytes(self.population + self.neurons // 2, self.dimension)

    def _usual(self) -> tuple[int, int]:
        """Neurons in a population unless told, and at most."""
        raise NotImplementedError

    def _kinds(self) -> np.ndarray:
        """The population [G] that each neuron of a network is taken from."""
        raise NotImplementedError

    def _pick(self) -> None:
        """Say which neurons make the next generation's networks."""

    def _evolve(self, worth: np.ndarray) -> None:
        """Breed, now that the fitness [P] of all networks is known."""
        raise NotImplementedError

    def _drawn(self) -> np.ndarray:
        """Neurons [n, W] of networks as they are drawn at first, the places they are taken from in turn."""
        drawn, members = self._sample(self.neurons), np.empty((self.neurons, len(self._low)))
        for k in range(len(self.blocks.size)):
            places = np.flatnonzero(self.kind == k)
            for turn, place in enumerate(places):
                rows = slice(turn, None, len(places))
                members[rows, self.blocks.group == k] = drawn[rows, self.parts.group == place]
        return members

    def _generate(self) -> np.ndarray:
        if self._members is None:
            self._members = self._drawn()
        self._pick()
        networks, known, _ = self._networks()
        if not np.isnan(known).any():  # nothing new has been bred: a newcomer
            self._members[self._picks[-1, self.parts.group], self._column] = self._sample(1)[0]
            networks, known, _ = self._networks()
        if not np.isnan(known).any():  # nor is the newcomer, where there are hardly any genomes: all are asked again
            self._tried, self._tried_fitness = self._tried[:0], self._tried_fitness[:0]
            return networks
        return networks[np.isnan(known)]

    def _networks(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The generation's different networks [k, D], their fitness where it is known, and which each pick [P] is."""
        assert self._members is not None
        networks = self._members[self._picks[:, self.parts.group], self._column]
        first, which = distinct(networks)
        return networks[first], remembered(networks[first], self._tried, self._tried_fitness), which

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        assert self._members is not None
        self._tried, self._tried_fitness, which = self._networks()
        new = np.isnan(self._tried_fitness)
        self._tried[new], self._tried_fitness[new] = genomes, fitness
        networks, worth = self._tried[which], self._tried_fitness[which]
        order = np.argsort(worth, kind="stable")  # neurons may have learned in their networks: the best one's stay
        self._members[self._picks[order][:, self.parts.group], self._column] = networks[order]
        self._evolve(worth)

    def _bred(self, members: np.ndarray) -> np.ndarray:
        """Neurons, each population's best first, with the worst replaced by children of the best."""
        children = breed(self.rng, members, self.blocks)
        members[breeding_rows(len(members))[1]] = self._mutated(children, self.mutation_rate, self._step)
        return members

    def _mutated(self, members: np.ndarray, rate: float, step: np.ndarray) -> np.ndarray:
        mutated = operators.mutate_rows(self.rng, members, rate, operators.cauchy, sigma=step)
        return operators.reflected(mutated, self._low, self._up)


def distinct(genomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows [k] of genomes [P, D] that equal none before them, and which of those each one equals [P]."""
    if np.unique(row_keys(genomes)).size == len(genomes):
        return np.arange(len(genomes)), np.arange(len(genomes))
    seen: dict[bytes, int] = {}
    which = [seen.setdefault(row.tobytes(), len(seen)) for row in np.ascontiguousarray(genomes)]
    return np.unique(which, return_index=True)[1], np.array(which)


def shared_out(
    fitness: np.ndarray, picks: np.ndarray, kind: np.ndarray, neurons: int, best: int | None = None
) -> np.ndarray:
    """What each neuron is worth [neurons, kinds]: the mean fitness [P] of the networks that picked it (of the `best`
    ones of these); -inf for one that none picked. An infinite fitness counts as the nearest finite one.
    """
    finite = fitness[np.isfinite(fitness)]
    value = np.clip(fitness, finite.min(), finite.max()) if finite.size else (fitness > 0).astype(float)
    kinds = int(kind.max()) + 1
    order = np.argsort(-value, kind="stable")
    place, value = (picks[order] * kinds + kind).ravel(), np.repeat(value[order], len(kind))  # best networks first
    if best is not None:
        by_place = np.argsort(place, kind="stable")
        counts = np.bincount(place)
        turn = np.arange(place.size) - np.repeat(np.cumsum(counts) - counts, counts)
        place, value = place[by_place][turn < best], value[by_place][turn < best]
    total, count = (np.bincount(place, weights, neurons * kinds) for weights in (value, None))
    worth = np.full(neurons * kinds, -np.inf)
    np.divide(total, count, out=worth, where=count > 0)
    return worth.reshape(neurons, kinds)
