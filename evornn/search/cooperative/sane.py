"""Symbiotic, adaptive neuroevolution, SANE (Moriarty & Miikkulainen 1996), with network blueprints (1997).

One population of neurons, any of which may take any place of a network, and a population of blueprints, each a list of
the neurons that make a network. A generation:

1. the network of every blueprint is evaluated; that is the blueprint's fitness, and a neuron's is the mean of the best
   five networks it took part in;
2. neurons: each of the best quarter mates with a better one, and the two children of their one-point crossover replace
   the worst, their weights mutated with probability `mutation_rate` by a Cauchy step (the paper flips bits);
3. blueprints: bred in the same way; in the children each pointer is set to any neuron with probability
   `pointer_rate`, and one that points to a neuron that had children, to one of them with probability `adopt`.

Units of different layers do not have the same genes: there is a population of neurons for each kind of unit, units of
a kind being those with equally many genes in the same ranges.
"""

from __future__ import annotations

import numpy as np

from evornn.options import number
from evornn.search.cooperative.assembled import ComposedSearch, shared_out
from evornn.search.cooperative.subpopulations import Groups, breed, breeding_rows, ranked

BEST = 5  # networks that count for a neuron


class SANE(ComposedSearch):
    """Symbiotic, adaptive neuroevolution: a population of neurons and one of blueprints (Moriarty & Miikkulainen 1996).

    Which genes make a neuron is the space's to say (`Space.neurons`); genes that all units share are a part of their
    own kind; in a space without neurons each gene is a part. `population` is that of blueprints, one network each;
    `neurons` is by default the same. A network that is what it was keeps its fitness. After `restart_after` generations
    in which the best fitness did not rise by a hundredth of all it had gained (0: never, as in the paper) all is drawn
    anew; `restarts` counts.
    """

    mutation_rate = 0.3
    pointer_rate: float = number("chance that a pointer is set to any neuron", default=0.01, low=0, high=1)
    adopt: float = number("chance that a pointer is set to a child of its neuron", default=0.5, low=0, high=1)
    restart_after = 40

    def derive(self) -> None:
        """No blueprints yet."""
        super().derive()
        self._whole = Groups.whole(self.parts.count)

    def _usual(self) -> tuple[int, int]:
        return max(4, self.population), 10_000_000

    def _kinds(self) -> np.ndarray:
        genes = [np.flatnonzero(self.parts.group == g) for g in range(self.parts.count)]
        looks = [(self.lower[g].tobytes(), self.upper[g].tobytes()) for g in genes]
        return np.unique([looks.index(look) for look in looks], return_inverse=True)[1]

    def _pick(self) -> None:
        if len(self._picks) == 0:
            self._picks = self.rng.integers(self.neurons, size=(self.population, self.parts.count))

    def _evolve(self, worth: np.ndarray) -> None:
        assert self._members is not None
        if self._stuck(worth):
            self._members, self._picks = None, self._picks[:0]
            return
        estimator = shared_out(worth, self._picks, self.kind, self.neurons, BEST)
        place = np.argsort(np.argsort(-estimator, axis=0, kind="stable"), axis=0)  # where each neuron comes to stand
        self._members = self._bred(ranked(self._members, estimator, self.blocks))
        blueprints = place[self._picks, self.kind][np.argsort(-worth, kind="stable")]
        children = breed(self.rng, blueprints, self._whole)
        blueprints[breeding_rows(len(blueprints))[1]] = self._repointed(children)
        self._picks = blueprints

    def _repointed(self, pointers: np.ndarray) -> np.ndarray:
        """New blueprints' pointers, some set to children of the neurons they point to, some to any neuron."""
        breeders, n = breeding_rows(self.neurons)[0], self.neurons
        adopting = (self.rng.random(pointers.shape) < self.adopt) & (pointers < breeders)
        child = n - 1 - 2 * pointers - self.rng.integers(2, size=pointers.shape)  # where `breed` puts a neuron's two
        pointers = np.where(adopting, child, pointers)
        stray = self.rng.random(pointers.shape) < self.pointer_rate
        return np.where(stray, self.rng.integers(n, size=pointers.shape), pointers)
