"""Evolution strategies (Rechenberg 1973; Schwefel 1981; Beyer & Schwefel 2002): mutative self-adaptation, 1/5 rule.

lambda children come of mu parents; the best mu of the children ("comma") or of both ("plus") are the next parents.

**Self-adaptation** (`adapt="self"`): every individual carries a step size for each gene, which is mutated first,

    sigma_i' = sigma_i exp(tau_0 N_0 + tau N_i),   x_i' = x_i + sigma_i' N_i',
    tau_0 = c / sqrt(2 D),   tau = c / sqrt(2 sqrt D),

N_0 drawn once a child, N_i one of 65,536 quantiles of the normal distribution, all as likely. Before that, parents are
recombined: "global" takes the mean of all parents (mu/mu_I), "intermediate" of two, "discrete" each gene from one of
two.

**The 1/5 rule** (`adapt="fifth"`): one step size for all, sigma <- sigma exp((p - 1/5) / (4/5 sqrt(D + 1))), p being
the share of children that are not worse than their parent; so (1 + 1) multiplies by a = exp(1 / sqrt(D + 1)) on success
and by a^(-1/4) otherwise.

**DEAP.** mutate="mutESLogNormal" and mate="cxESBlend" or "cxESTwoPoint" breed with DEAP's operators of these names, by
its `selRandom` and `varAnd`, one individual after another; DEAP's log-normal mutation is the one above.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from evornn.errors import EvornnError, check_range
from evornn.options import choice, flag, number, other
from evornn.search.core.memory import MemoryModel
from evornn.search.core.restarts import RestartingSearch
from evornn.search.core.shaping import in_box, normal_quantiles, normal_steps
from evornn.search.core.step_sizes import NARROWEST, STARTS, WIDEST, least_sigma
from evornn.search.evolution.breeding import Pool, Rates

MATES = ("global", "intermediate", "discrete", "none")
DEAP_MATES = ("cxESBlend", "cxESTwoPoint")
MUTATES = ("log_normal", "mutESLogNormal")
ADAPTATIONS = ("self", "fifth")
QUANTILES = 2**16  # that stand for the normal distribution in the factors of step sizes


class EvolutionStrategy(RestartingSearch):
    """Evolution strategies: (1+1) with the 1/5 rule, (mu, lambda) and (mu + lambda) with self-adaptation (Schwefel).

    `population` is lambda, `parents` mu. With population=1 it is, unless told otherwise, the (1+1)-ES with the 1/5
    rule; with more, the (mu, lambda)-ES with self-adaptation. `mate` is "global" unless told otherwise. DEAP's
    "mutESLogNormal", "cxESBlend" (with `alpha`) and "cxESTwoPoint" are taken by name. Children beyond the bounds are
    mirrored (DEAP's: set on them).

    After `restart_after` generations in which the best fitness did not rise by a hundredth of all it had gained (0:
    never), and when children no longer differ, it starts anew; `restarts` counts.
    """

    population = 30
    parents: Any = other("mu; None: a quarter of the population", default=None, allowed=">= 1")
    plus: Any = flag("parents live on; None: with population=1", default=None)
    adapt: Any = choice("step sizes; None: by the population", ADAPTATIONS, default=None)
    first_sigma: float = number(
        "first step size, as a fraction of a gene's range", default=0.05, low=NARROWEST, high=WIDEST, alias="sigma"
    )
    sigma_floor: float = number("least step size; 0: none", default=0.0, low=0, high="first_sigma")
    mate: Any = choice("how parents are recombined; None: by mutate", MATES + DEAP_MATES, default=None)
    mutate: str = choice("of step sizes and genes", MUTATES, default="log_normal")
    c: float = number("scale of tau and tau_0", default=1.0, low=0, high=100, open_low=True)
    alpha: float = number("of cxESBlend", default=0.5, low=0)
    start: str = choice("first parents: as first drawn, or around the box's middle", STARTS, default="centre")
    MEMORY_MODEL = MemoryModel(genomes=6.8)
    _STATE = (*RestartingSearch._STATE, "_parents", "_parent_fitness", "_steps", "_open_steps", "_open_parents")

    def derive(self) -> None:
        """Fill in what goes by the population; no parents yet."""
        super().derive()
        alone = self.population == 1
        self.plus = alone if self.plus is None else self.plus
        most = 1_000_000 if self.plus else self.population - 1
        quarter = max(1, self.population // 4)
        self.parents = check_range("parents", quarter if self.parents is None else self.parents, 1, most, integer=True)
        if self.adapt is None:
            self.adapt = "fifth" if alone else "self"
        if self.mate is None:
            self.mate = "global" if self.mutate == MUTATES[0] else "none"
        self.sigma_floor = least_sigma(self.first_sigma, self.sigma_floor)
        self.span = self.upper - self.lower
        self._deap = self._deap_breeder()
        self._forget()

    def _deap_breeder(self) -> Any:
        """DEAP's way of breeding, or None for whole arrays."""
        if self.mutate in MUTATES[:1] and self.mate in MATES:
            return None
        if self.adapt == "fifth":
            raise EvornnError(
                "adapt='fifth' has one step size for all: DEAP's operators of evolution strategies do not"
            )
        if self.mutate == MUTATES[0] or self.mate not in ("none", *DEAP_MATES):
            raise EvornnError(
                f"mate={self.mate!r} does not go with mutate={self.mutate!r}; mutate='mutESLogNormal' goes with mate "
                f"'none', {' or '.join(map(repr, DEAP_MATES))}"
            )
        from evornn.search.evolution.deap_breeding import DeapBreeder

        mate = "cxESBlend" if self.mate in MATES else self.mate
        rates = Rates(float(self.mate in DEAP_MATES), 1.0, 1.0, self.first_sigma * self.span, self.lower, self.upper)
        names = {"select": "selRandom", "mate": mate, "mutate": self.mutate}
        options = {"c": self.c} | ({"alpha": self.alpha} if mate == "cxESBlend" else {})
        return DeapBreeder(names, options, rates)

    @functools.cached_property
    def _factors(self) -> np.ndarray:
        """exp(tau N_i), float32 [QUANTILES]."""
        tau = self.c / math.sqrt(2.0 * math.sqrt(self.dimension))
        return np.exp(tau * normal_quantiles(QUANTILES)).astype(np.float32)

    @property
    def memory(self) -> int:
        """Bytes, of parents and children, of DEAP's lists where its operators breed, else of the factors of step sizes
        and what they are made of.
        """
        memory_model = self.MEMORY_MODEL if self._deap is None else self._deap.memory_model
        factors = 4 * 8 * QUANTILES if self._deap is None and self.adapt == "self" else 0
        return memory_model.bytes(self.population + self.parents, self.dimension) + factors

    def _forget(self) -> None:
        self._parents = np.empty((0, self.dimension))  # [<= mu, D]
        self._parent_fitness = np.empty(0)
        self._steps = np.empty((0, self.dimension))  # [<= mu, D] step sizes; [1] under the 1/5 rule
        self._open_steps = np.empty((0, self.dimension))  # [lambda, D] of the open generation
        self._open_parents = np.empty(0, dtype=np.int64)  # [lambda] whose children they are, under the 1/5 rule

    @property
    def _founding(self) -> bool:
        return len(self._parents) < self.parents

    def _generate(self) -> np.ndarray:
        if self._founding:
            self._open_steps = np.full((self.population, self.dimension), self.first_sigma)
            if self.start == "sample":
                return self._sample(self.population)
            return in_box(0.5 + self.first_sigma * self._normal(), self.lower, self.upper)
        if self._deap is not None:
            pool = Pool(self._parents, self._parent_fitness, self._steps * self.span)
            children, _ = self._deap.breed(self.rng, pool, self.population)
            self._open_steps = np.clip(children.strategy / self.span, max(self.sigma_floor, NARROWEST), WIDEST)
            return children.genomes
        points = self._fifth() if self.adapt == "fifth" else self._self_adapted()
        return in_box(points, self.lower, self.upper)

    def _normal(self) -> np.ndarray:
        return normal_steps(self.rng, self.population, self.dimension)

    def _fifth(self) -> np.ndarray:
        self._open_parents = self.rng.integers(self.parents, size=self.population)
        parents = (self._parents - self.lower) / self.span
        return parents[self._open_parents] + float(self._steps[0, 0]) * self._normal()

    def _self_adapted(self) -> np.ndarray:
        n = self.dimension
        genomes, steps = self._recombined()
        drawn = self.rng.integers(QUANTILES, size=(self.population, n), dtype=np.uint16)
        factors = self._factors.take(drawn)
        common = self.rng.standard_normal((self.population, 1), dtype=np.float32)
        factors *= np.exp(self.c / math.sqrt(2.0 * n) * common)
        factors *= steps.astype(np.float32)
        self._open_steps = np.clip(factors, max(self.sigma_floor, NARROWEST), WIDEST, out=factors)
        return self._open_steps * self._normal() + (genomes - self.lower) / self.span

    def _recombined(self) -> tuple[np.ndarray, np.ndarray]:
        """Genomes and step sizes of the children before mutation, [lambda, D] or [D]."""
        if self.mate == "global":
            return self._parents.mean(axis=0), self._steps.mean(axis=0)
        one, two = self.rng.integers(self.parents, size=(2, self.population))
        if self.mate == "none":
            return self._parents[one], self._steps[one]
        if self.mate == "intermediate":
            return tuple(0.5 * (of[one] + of[two]) for of in (self._parents, self._steps))
        from_two = self.rng.random((self.population, self.dimension), dtype=np.float32) < 0.5
        mixed = np.where(from_two, self._parents[two], self._parents[one])
        return mixed, np.where(from_two, self._steps[two], self._steps[one])

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        if self.adapt == "fifth" and not self._founding:
            success = float(np.mean(fitness >= self._parent_fitness[self._open_parents]))
            factor = math.exp((success - 0.2) / (0.8 * math.sqrt(self.dimension + 1)))
            least = max(self.sigma_floor, NARROWEST)
            self._open_steps = np.full(genomes.shape, min(max(float(self._steps[0, 0]) * factor, least), WIDEST))
            self._steps = np.full(self._parents.shape, self._open_steps[0, 0])
        if self.plus or self._founding:
            genomes = np.concatenate((genomes, self._parents))  # children first: they win ties
            fitness = np.concatenate((fitness, self._parent_fitness))
            self._open_steps = np.concatenate((self._open_steps, self._steps))
        best = np.argsort(-fitness, kind="stable")[: self.parents]
        self._parents, self._parent_fitness = genomes[best], fitness[best]
        self._steps = self._open_steps[best].astype(np.float64)
        if self._founding:
            return
        exhausted = float(self._steps.max()) <= 2.0 * NARROWEST
        if exhausted:
            self._start_over()
        if exhausted or self._stuck(self._parent_fitness):
            self._forget()
