"""Base of searches: ask and tell, exact counting, the best so far, and a state that resumes bit for bit.

A search knows an array of bounds and numbers told back, nothing of networks or tasks. A subclass writes two methods:
`_generate() -> [k, D]`, the next generation's genomes, and `_update(genomes, fitness)`, called once that generation has
been told. The attributes named in its `_STATE` are saved and restored.

**Budgets.** `ask(limit)` returns at most `limit` genomes. A generation larger than the limit is handed out in pieces
and `_update` waits for the last one, so a budget is met exactly, and raising it later continues as if it had been
larger from the start: the genomes asked do not depend on how a generation was cut.

**How genomes are evaluated** is the search's own affair: a run calls `evaluate_with(problem, genomes)`. Most searches
want fitness alone; one that learns from gradients (`evornn.training`) asks the problem for those, and is told them.
"""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar, Self

import numpy as np

from evornn.errors import EvornnError, check_range
from evornn.options import replaceable, set_options
from evornn.search.core.checks import (
    checked_bounds,
    checked_fitness,
    keep_freed,
    plain,
    plain_state,
    rng_state,
)
from evornn.search.core.making import Made
from evornn.search.core.memory import MemoryModel
from evornn.search.core.types import Best as Best
from evornn.search.core.types import EvaluationLike as EvaluationLike
from evornn.search.core.types import ProblemLike as ProblemLike
from evornn.search.core.types import SpaceLike as SpaceLike

WIDEST_STEP = 1e6  # of mutations, in ranges: what is reflected of them is still exact
ARRAYS = 16  # of genomes [P, D], and no more of its size, that a generation works in


class Search(Made):
    """Base of all searches: ask for genomes, tell their fitness (higher is better; NaN counts as -inf).

    A subclass declares its options as in `evornn.options`, or passes those of its own `__init__` up; `options` keeps
    them as they were given, and a state is that of a search with the same ones. All randomness comes from `seed`; the
    global streams of `random` and NumPy are left as they were found. Errors: `EvornnError`.
    """

    LEARNS: ClassVar[bool] = True  # False: does not listen to fitness, a baseline
    MEMORY_MODEL: ClassVar[MemoryModel] = MemoryModel(genomes=16)  # of a generation; a search of one's own: a guess
    REPLACES: ClassVar[bool] = True  # False: cannot go on from genomes other than it asked
    _STATE: ClassVar[tuple[str, ...]] = ()  # attributes: arrays, numbers, strings, or None while unset
    _SEEN: ClassVar[tuple[str, ...]] = ()  # attributes that `prepare` sets: a copy keeps them, a state does not

    @replaceable
    def __init__(self, space: SpaceLike, *, population: int, seed: int = 0, **options: Any) -> None:
        set_options(self, Search, {"space": space, "population": population, "seed": seed})
        self.derive()
        self.options |= options

    def derive(self) -> None:
        """Set up what every search has; a subclass calls this before it changes any of its options."""
        self.options = self.as_given()
        self.lower, self.upper = checked_bounds(self.space)
        self.dimension = self.lower.size
        self.rng = np.random.default_rng(self.seed)
        self.evaluations = 0
        self.generation = 0
        self.best: Best | None = None
        self._genomes: np.ndarray | None = None  # the generation being evaluated
        self._fitness = np.empty(0)  # its fitness told so far
        self._asked = 0  # genomes handed out and not yet told
        keep_freed(8 * ARRAYS * self.population * self.dimension)

    # -- for subclasses ---------------------------------------------------------------------------------------------

    def _generate(self) -> np.ndarray:
        raise NotImplementedError

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        raise NotImplementedError

    def _receive_gradients(self, gradients: np.ndarray | None) -> None:
        """Take the gradients told with a piece of a generation, or raise before anything is counted."""

    def _save(self) -> dict[str, Any]:
        """The subclass's own state: the attributes in `_STATE` that are not None."""
        own = {name: getattr(self, name) for name in self._STATE}
        return {name: copy(value) for name, value in own.items() if value is not None}

    def _load(self, own: dict[str, Any]) -> None:
        """Undo `_save`."""
        for name in self._STATE:
            setattr(self, name, copy(own.get(name)))

    def _sample(self, count: int) -> np.ndarray:
        """Initial genomes [count, D], held inside the bounds."""
        drawn = np.asarray(self.space.sample(self.rng, count), dtype=np.float64)
        if drawn.shape != (count, self.dimension):
            raise EvornnError(f"space.sample gave shape {drawn.shape}; it must be ({count}, {self.dimension})")
        return np.clip(drawn, self.lower, self.upper)

    # -- ask and tell -----------------------------------------------------------------------------------------------

    def ask(self, limit: int | None = None) -> np.ndarray:
        """Genomes to evaluate next, float64 [k, D] inside the bounds; at most `limit` of them (evaluations left)."""
        if limit is not None:
            check_range("limit (evaluations left)", limit, 1, integer=True)
        if self._asked:
            raise EvornnError(f"ask() before tell(): {self._asked} genomes are still waiting for their fitness")
        if self._genomes is None:
            self._genomes, self._fitness = self._generate(), np.empty(0)
        start = self._fitness.size
        genomes = self._genomes[start : None if limit is None else start + limit].copy()
        self._asked = len(genomes)
        return genomes

    @property
    def largest(self) -> int:
        """The most genomes that a generation has had so far or may have next."""
        return self.population

    @property
    def memory(self) -> int:
        """Bytes that the search takes, predicted, at the peak of a generation of the `largest` size, the genomes asked
        included. A search whose restarts grow needs more once they have grown.
        """
        return self.MEMORY_MODEL.bytes(self.largest, self.dimension)

    def replay_memory(self, evaluations: int) -> int:
        """Bytes that so many more evaluations leave behind in it for good, beyond `memory`."""
        return 0

    @property
    def replayed(self) -> int:
        """Evaluations so far that it must be told again when its state is loaded."""
        return 0

    @property
    def wants_gradients(self) -> bool:
        """Whether the genomes being asked are to be told with their gradients."""
        return False

    @property
    def provisional(self) -> bool:
        """Whether the fitness of the genomes being asked comes from some of the episodes only: no claim to `best`."""
        return False

    def prepare(self, problem: ProblemLike) -> None:
        """Look at the problem before the first `ask`; raises EvornnError if this search cannot work on it."""

    def evaluate_with(self, problem: ProblemLike, genomes: np.ndarray) -> EvaluationLike:
        """What `problem` says of the genomes [k, D] that the last `ask` returned: what to `tell`."""
        return problem.evaluate(genomes)

    def replace(self, genomes: np.ndarray) -> None:
        """Put genomes [k, D] in place of those that the last `ask` returned, before `tell`: what they learned stays."""
        if not self.REPLACES:
            raise EvornnError(f"{type(self).__name__} cannot go on from genomes that it did not ask")
        if not self._asked or self._genomes is None:
            raise EvornnError("replace() before ask(): no genomes are waiting for their fitness")
        if np.shape(genomes) != (self._asked, self.dimension):
            raise EvornnError(f"replace() got shape {np.shape(genomes)}; it must be {(self._asked, self.dimension)}")
        start = self._fitness.size
        self._genomes[start : start + self._asked] = np.clip(genomes, self.lower, self.upper)

    def tell(self, genomes: np.ndarray, fitness: np.ndarray, gradients: np.ndarray | None = None) -> None:
        """Report the fitness [k] of the genomes [k, D] that the last `ask` returned, in the same order.

        gradients [k, D]: d fitness / d gene, needed while `wants_gradients`, else not looked at.
        """
        if not self._asked or self._genomes is None:
            raise EvornnError("tell() before ask(): no genomes are waiting for their fitness")
        start = self._fitness.size
        expected = self._genomes[start : start + self._asked]
        try:
            given = np.asarray(genomes)
        except ValueError as error:
            raise EvornnError(f"tell() got genomes that are no array [k, D]: {error}") from None
        if not np.array_equal(given, expected):
            raise EvornnError(
                f"tell() got genomes of shape {given.shape} that are not the ones ask() returned, "
                f"shape {expected.shape}"
            )
        values = checked_fitness(fitness, self._asked)
        self._receive_gradients(gradients)
        best = int(np.argmax(values))
        if not self.provisional and (self.best is None or values[best] > self.best.fitness):
            self.best = Best(expected[best].copy(), float(values[best]), self.evaluations + best + 1)
        self.evaluations += self._asked
        self._asked = 0
        self._fitness = np.concatenate((self._fitness, values))
        if self._fitness.size == len(self._genomes):
            told, self._genomes = self._genomes, None
            self.generation += 1
            self._update(told, self._fitness)

    # -- copies and states ------------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        """How `pickle` and `copy` make another one: anew, in the same state, waiting for the same fitness. Threads and
        other libraries' objects stay behind.
        """
        seen = {name: getattr(self, name) for name in self._SEEN}
        return _remade, (type(self), *self._made_with, self.state_dict(), self._asked, seen)

    def copied(self) -> Self:
        """Another search in the same state: nothing that it is asked or told changes this one."""
        arguments, options = self._made_with
        other = type(self)(*arguments, **options)
        other.load_state_dict(self.state_dict())
        return other

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to continue bit for bit: plain numbers, strings, dicts and NumPy arrays only.

        May be taken at any time; genomes asked and not yet told are asked again after loading.
        """
        state: dict[str, Any] = {
            "search": type(self).__name__,
            "options": {name: plain(value) for name, value in self.options.items()},
            "dimension": self.dimension,
            "evaluations": self.evaluations,
            "generation": self.generation,
            "rng": plain_state(self.rng.bit_generator.state),
        }
        if self.best is not None:
            state["best_genome"] = self.best.genome.copy()
            state["best_fitness"] = np.array([self.best.fitness])  # an array: -inf survives any JSON writer
            state["best_evaluation"] = self.best.evaluation
        if self._genomes is not None:
            state["open_genomes"] = self._genomes.copy()
            state["open_fitness"] = self._fitness.copy()
        state["own"] = self._save()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict()` of a search built with the same options; anything else is an `EvornnError`."""
        self._check_same(state)
        self.evaluations, self.generation = int(state["evaluations"]), int(state["generation"])
        self.rng.bit_generator.state = rng_state(state["rng"])
        self.best = None
        if "best_genome" in state:
            genome = np.array(state["best_genome"], dtype=np.float64)
            self.best = Best(genome, float(np.ravel(state["best_fitness"])[0]), int(state["best_evaluation"]))
        self._genomes, self._fitness, self._asked = None, np.empty(0), 0
        if "open_genomes" in state:
            self._genomes = np.array(state["open_genomes"], dtype=np.float64).reshape(-1, self.dimension)
            self._fitness = np.array(state["open_fitness"], dtype=np.float64).reshape(-1)
        self._load(state["own"])

    def _check_same(self, state: dict[str, Any]) -> None:
        for what, own in (("search", type(self).__name__), ("dimension", self.dimension)):
            if state.get(what) != own:
                raise EvornnError(f"the saved state's {what} is {state.get(what)!r}; this search's is {own!r}")
        saved, here = state["options"], {name: plain(value) for name, value in self.options.items()}
        for name in [*here, *saved]:
            there, ours = saved.get(name, "its default"), here.get(name, "its default")
            if there != ours:
                raise EvornnError(f"the saved state has {name} = {there!r}; this search has {ours!r}")


def _remade(
    cls: type[Search],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    state: dict[str, Any],
    asked: int,
    seen: dict[str, Any],
) -> Search:
    """A search made as another was, in its state, with as many genomes handed out."""
    search = cls(*arguments, **options)
    search.load_state_dict(state)
    if asked:
        search.ask(asked)  # the same genomes again
    for name, value in seen.items():
        setattr(search, name, value)
    return search
