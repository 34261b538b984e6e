"""Memetic search (Moscato 1989): evolution whose individuals learn during their life, by gradient steps.

Each generation of an evolutionary search takes `steps` steps uphill before it is judged. The best point on an
individual's way counts, so learning never harms. Lamarckian: what was learned is inherited, the individual goes on
from there. Baldwinian: only the fitness is, which smooths the landscape (Hinton & Nowlan 1987).

A generation of k genomes of which s learn costs, in evaluations: s gradients for each step and s last evaluations,
and, if not all learn, k evaluations first to see which are the best.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evornn.errors import EvornnError
from evornn.options import choice, number, other, whole
from evornn.search.core.memory import MemoryModel
from evornn.search.core.nested import nested_search
from evornn.training.adam import Adam
from evornn.training.first_order import FirstOrder
from evornn.training.rmsprop import RMSProp
from evornn.training.sgd import SGD
from evornn.training.trainer import Trainer

LEARNERS: dict[str, type[FirstOrder]] = {"SGD": SGD, "RMSProp": RMSProp, "Adam": Adam}
MODES = ("lamarckian", "baldwinian")
JUDGED, LEARNING, LAST = "judged", "learning", "last"  # phases: all, before learning; gradient steps; where they led


class Memetic(Trainer):
    """Memetic search: evolution whose individuals learn in their life, inherited or not (Moscato 1989).

    `search`: a search of the registry, by name or as a table {name = ..., options}; `population` and `seed` are its.
    The learner is fresh in each generation. A search that can only go on from its own genomes (DualAnnealing) needs
    the mode "baldwinian".
    """

    population = 50
    search: Any = other("whose individuals learn: a name, or a table with one", default="GeneticAlgorithm")
    steps: int = whole("gradient steps on all episodes", default=1, low=1)
    rate: float = number("of the learner", default=0.01, low=0, open_low=True)
    learner: Any = choice("that takes the steps", LEARNERS, default="Adam")
    clip: float = number("longest gradient; 0: none is cut", default=1.0, low=0)
    mode: str = choice("what was learned is inherited, or not", MODES, default="lamarckian")
    share: float = number("of a generation that learns, the best", default=1.0, low=0, high=1, open_low=True)
    MEMORY_MODEL = MemoryModel(genomes=6)  # besides its search and its learner
    MIN_POPULATION = 2
    _STATE = (*Trainer._STATE, "_phase", "_left", "_asked_genomes", "_reached", "_fitness_there", "_pupils")

    def derive(self) -> None:
        """Make the search and its learner."""
        super().derive()
        self.search = nested_search(self.search, self.space, self.population, self.seed, "Memetic")
        if self.mode == "lamarckian" and not self.search.REPLACES:
            raise EvornnError(
                f"{type(self.search).__name__} can only go on from genomes that it asked; use mode='baldwinian' with it"
            )
        cls = LEARNERS[self.learner]
        self.learner = cls(self.space, self.population, self.seed, rate=self.rate, clip=self.clip)
        self._phase = LAST
        self._left = 0  # gradient steps to take
        self._asked_genomes: np.ndarray | None = None  # [k, D] by the evolution; None between its generations
        self._reached: np.ndarray | None = None  # [k, D] the best point of each one's way
        self._fitness_there: np.ndarray | None = None  # [k]
        self._pupils: np.ndarray | None = None  # [s] which of the k are learning

    @property
    def memory(self) -> int:
        """Bytes, with those of its search and of its learner, by the share that learns."""
        return super().memory + self.search.memory + int(self.share * self.learner.memory)

    def replay_memory(self, evaluations: int) -> int:
        """Bytes that its search keeps of so many evaluations, at most."""
        return self.search.replay_memory(evaluations)

    @property
    def replayed(self) -> int:
        """By its search."""
        return self.search.replayed

    @property
    def wants_gradients(self) -> bool:
        """True while a generation is learning."""
        return self._phase == LEARNING

    def _generate(self) -> np.ndarray:
        if self._asked_genomes is None:
            self._asked_genomes = self.search.ask()
            self._reached = self._asked_genomes.copy()
            self._fitness_there = np.full(len(self._reached), -np.inf)
            if self.share < 1.0:
                self._phase, self._pupils = JUDGED, np.arange(len(self._reached))
            else:
                self._teach(np.arange(len(self._reached)))
        if self._phase == JUDGED:
            return self._asked_genomes.copy()
        assert self.learner.learners is not None
        return self.learner.learners.copy()

    def _teach(self, pupils: np.ndarray) -> None:
        assert self._asked_genomes is not None
        self._phase, self._left, self._pupils = LEARNING, self.steps, pupils
        self.learner.place(self._asked_genomes[pupils])

    def _learn(self, genomes: np.ndarray, fitness: np.ndarray, gradients: np.ndarray | None) -> None:
        assert self._reached is not None
        assert self._fitness_there is not None
        assert self._pupils is not None
        better = fitness > self._fitness_there[self._pupils]
        rows = self._pupils[better]
        self._reached[rows], self._fitness_there[rows] = genomes[better], fitness[better]
        if self._phase == JUDGED:
            count = max(1, math.floor(self.share * len(fitness)))
            self._teach(np.sort(np.argsort(-fitness, kind="stable")[:count]))
        elif gradients is None:
            self._conclude()
        else:
            moved = self.learner.step(fitness, gradients)  # those that cannot go on have learned what they can
            self.learner.keep(moved)
            self._pupils = self._pupils[moved]
            self._left -= 1
            if not moved.any():
                self._conclude()
            elif not self._left:
                self._phase = LAST

    def _conclude(self) -> None:
        """Tell the evolution what became of its generation."""
        assert self._asked_genomes is not None
        assert self._reached is not None
        assert self._fitness_there is not None
        inherited = self._asked_genomes
        if self.mode == "lamarckian":
            inherited = self._reached
            self.search.replace(inherited)
        self.search.tell(inherited, self._fitness_there)
        self._phase, self._left = LAST, 0
        self._asked_genomes = self._reached = self._fitness_there = self._pupils = None

    def _save(self) -> dict[str, Any]:
        learner = {} if self._pupils is None else {"learner": self.learner.state_dict()}
        return {**super()._save(), "search": self.search.state_dict(), **learner}

    def _load(self, own: dict[str, Any]) -> None:
        super()._load(own)
        self.search.load_state_dict(own["search"])
        if "learner" in own:
            self.learner.load_state_dict(own["learner"])
        if self._asked_genomes is not None:
            self.search.ask()  # the same genomes again: they still wait for their fitness
