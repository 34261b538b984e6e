"""Enforced sub-populations, ESP (Gomez & Miikkulainen 1997, 1999), with burst mutation, which is delta-coding.

Every unit of the network has a sub-population of neurons. A generation:

1. networks are put together from one neuron of each sub-population, each neuron joining equally many of them; what a
   neuron is worth is the mean fitness of its networks;
2. in each sub-population every neuron of the best quarter mates with a better one (the best with any of the quarter);
   the two children of their one-point crossover replace the worst, each weight of theirs mutated with probability
   `mutation_rate` by a Cauchy step.

Burst mutation: when the best fitness no longer rises, all sub-populations are drawn anew round the neurons of the best
network, every weight by a Cauchy step: from then on the search is for differences to it (delta-coding, Whitley,
Mathias & Fitzhorn 1991). Adding and removing units, the papers' last resort, is left out: networks keep their size.
"""

from __future__ import annotations

import numpy as np

from evornn.options import number, whole
from evornn.search.cooperative.assembled import ComposedSearch, shared_out
from evornn.search.cooperative.subpopulations import ranked
from evornn.search.core.memory import MemoryModel
from evornn.search.core.search import WIDEST_STEP


class ESP(ComposedSearch):
    """Enforced sub-populations: neurons evolve apart, one sub-population a unit; burst mutation (Gomez 1997, 1999).

    Which genes make a neuron is the space's to say (`Space.neurons`); genes that all units share are one more part; in
    a space without neurons each gene is a part. `neurons` (4 to population) is by default half the population, so that
    each joins two networks (Gomez: about ten). Gomez's `sigma` is 0.3 for weights in +-6. A burst comes after
    `burst_after` generations in which the best fitness did not rise by a hundredth of all it had gained since the last
    (0: never); `bursts` counts them. A network put together a second time keeps its fitness.
    """

    population = 40
    restart_after: int = whole(
        "generations without improvement until a burst; 0: never", default=20, low=0, alias="burst_after"
    )
    burst_sigma: float = number(
        "Cauchy step of bursts, as a fraction of the range", default=0.05, low=0, high=WIDEST_STEP, open_low=True
    )
    MEMORY_MODEL = MemoryModel(genomes=9.5)

    def derive(self) -> None:
        """Bursts are restarts, under which name states know them."""
        super().derive()
        self.options["restart_after"] = self.options.pop("burst_after")
        self._burst_step = self.burst_sigma * (self._up - self._low)

    def _usual(self) -> tuple[int, int]:
        return max(4, self.population // 2), self.population

    @property
    def bursts(self) -> int:
        """Burst mutations so far."""
        return self.restarts

    def _kinds(self) -> np.ndarray:
        return np.arange(self.parts.count)

    def _pick(self) -> None:
        self._picks = assembled(self.rng, self.population, self.neurons, self.parts.count)

    def _evolve(self, worth: np.ndarray) -> None:
        assert self._members is not None
        if self._stuck(worth):
            self._members = self._burst()
        else:
            estimator = shared_out(worth, self._picks, self.kind, self.neurons)
            self._members = self._bred(ranked(self._members, estimator, self.blocks))

    def _burst(self) -> np.ndarray | None:
        """Neurons [n, W] round those of the best network; None while every network failed."""
        if self.best is None or np.isneginf(self.best.fitness):
            return None
        best = np.empty((self.neurons, self.dimension))
        best[:, self._column] = self.best.genome
        return self._mutated(best, 1.0, self._burst_step)


def assembled(rng: np.random.Generator, networks: int, neurons: int, groups: int) -> np.ndarray:
    """Members [networks, groups] of each network: every sub-population's, shuffled, over and over again."""
    rounds = -(-networks // neurons)
    turns = np.broadcast_to(np.arange(neurons)[None, :, None], (rounds, neurons, groups))
    return rng.permuted(turns, axis=1).reshape(-1, groups)[:networks]
