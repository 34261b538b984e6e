"""A network in a task, ready to evaluate: the one object that searches, trainers and analyses talk to."""

from __future__ import annotations

import dataclasses
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from evornn.backends import REGISTRY, named, usable
from evornn.backends.base import Backend, over_episodes
from evornn.changes import fingerprint
from evornn.errors import EvornnError, check_choice, check_range, shown
from evornn.genome import Space, of_finite
from evornn.graph.simulation_graphs import check_traceable
from evornn.networks.base import Network
from evornn.problem import champion, copies, inputs
from evornn.results import ChampionReport, Evaluation, Gradient, Trajectory
from evornn.sharing import MAKING, made_once, made_so_far, not_made
from evornn.simulation import Simulation
from evornn.tasks.base import Task
from evornn.tasks.episodes import drawn, drawn_twice

BACKENDS = tuple(REGISTRY)
PRECISIONS = ("float32", "float64")


class Problem:
    """A network in a task on a backend.

    network, task: from evornn.networks and evornn.tasks. backend: "cpu" (SIMD kernels), "cuda" (evaluations on an
    NVIDIA GPU, gradients on the CPU), "auto" (the GPU if there is one and the first batch is large enough for it) or
    "plain" (NumPy float64, slow, the oracle). precision: "float32" or "float64". workers: threads, None for all cores.
    episodes: episodes of one evaluation, their scenarios drawn from `seed`; every individual meets the same ones.
    early_exit: whether a group of episodes that have all failed is left early (the results are the same either way).
    gradient_memory: MB in which `gradient` may store states; where that is too little they are computed twice.
    """

    def __init__(
        self,
        network: Network,
        task: Task,
        backend: str = "cpu",
        precision: str = "float32",
        workers: int | None = None,
        episodes: int = 1,
        seed: int = 0,
        early_exit: bool = True,
        gradient_memory: float = 1024.0,
    ) -> None:
        if not isinstance(network, Network):
            raise EvornnError(
                f"network is {shown(network)}; it must be one of evornn.networks, such as FullyRecurrent(units=5): "
                "Problem(network, task)"
            )
        if not isinstance(task, Task):
            raise EvornnError(
                f"task is {shown(task)}; it must be one of evornn.tasks, such as DoublePole(velocities=False)"
            )
        self.backend_name = check_choice("backend", backend, REGISTRY)
        usable(backend)
        precision = check_choice("precision", precision, PRECISIONS)
        self.precision = "float64" if backend == "plain" else precision
        self.workers = None if workers is None else check_range("workers", workers, 1, 4096, integer=True)
        self.episodes = check_range("episodes", episodes, 1, integer=True)
        self.seed = check_range("seed", seed, 0, 2**32 - 1, integer=True)
        self.gradient_memory = float(check_range("gradient_memory", gradient_memory, 0))
        if not isinstance(early_exit, bool | np.bool_):
            raise EvornnError(f"early_exit is {shown(early_exit)}; it must be True or False")
        self.simulation = Simulation(network, task, bool(early_exit))
        self.network, self.task = self.simulation.network, task
        if task.series:
            self.episodes = len(next(iter(task.series.values())))
        self.scenarios = inputs.scenario_table(drawn_twice(task, self.episodes, self.seed))
        self.elsewhere: dict[Task, Problem] = {}  # this problem on other tasks of champion tests
        self._given = network
        self._seen = fingerprint(network), fingerprint(self.network, task)
        self.checked_steps(None)

    def renew(self) -> None:
        """Read network and task anew if they have changed since formulas were last read: what is compiled for them,
        the scenarios they draw, their data. EvornnError if genomes would change. What evaluates calls it.
        """
        seen = fingerprint(self._given), fingerprint(self.network, self.simulation.task)
        if seen == self._seen:
            return
        with MAKING:
            network = self._given if seen[0] != self._seen[0] else self.network
            fresh = Simulation(network, self.simulation.task, self.simulation.early_exit)
            if fresh.genome.parameters != self.simulation.genome.parameters:
                raise EvornnError(f"{fresh.describe()} has other parameters than it had; make a new Problem for it")
            if seen[0] != self._seen[0]:
                self.network = fresh.network
            else:
                fresh.network = self.network
            self.simulation = fresh
            if self.task.series:
                self.episodes = len(next(iter(self.task.series.values())))
            self.scenarios = inputs.scenario_table(drawn(fresh.task, self.episodes, self.seed))
            self.checked_steps(None)
            for name in ("backend", "_exact"):
                self.__dict__.pop(name, None)
            self.elsewhere = {}
            self._seen = fingerprint(self._given), fingerprint(self.network, fresh.task)

    @made_once
    def backend(self) -> Backend:
        """The backend, made on first use."""
        return named(self.backend_name).build(self.simulation, self.precision, self.workers, self.gradient_memory)

    @property
    def dimension(self) -> int:
        """D, the number of genes."""
        return self.simulation.genome.dimension

    @property
    def space(self) -> Space:
        """The box that searches work in."""
        return self.simulation.genome.space

    def evaluate(self, genomes: ArrayLike, scenarios: ArrayLike | None = None, steps: int | None = None) -> Evaluation:
        """Evaluate genomes [P, D] in every scenario [E, k] (default: the problem's own), for at most `steps` steps
        (default: the task's).

        A genome with NaN or infinity gets NaN fitness and no steps. Raises EvornnError on a wrong shape or dtype.
        """
        genomes = self.checked_genomes(genomes)
        table = self.scenarios if scenarios is None else inputs.scenario_table(scenarios, self)
        steps = self.checked_steps(steps)

        def compute(finite: Any) -> tuple[Any, ...]:
            values = self.simulation.genome.values(genomes[finite])
            return self.backend.summarise(values, table, steps, self.seed)

        return Evaluation(*of_finite(genomes, compute, np.nan, 0, True))

    def gradient(self, genomes: ArrayLike, episodes: ArrayLike | None = None, steps: int | None = None) -> Gradient:
        """Evaluate genomes [P, D] and differentiate the fitness by backpropagation through time: through the network
        and, in a closed loop, through the task's physics.

        episodes: numbers of the problem's episodes to use (mini-batches); one given twice counts twice; None: all.
        steps: as for `evaluate`. An episode's end is no function of the weights: its length counts as fixed. A genome
        with NaN or infinity gets NaN.
        Raises EvornnError if network or task is not smooth.
        """
        genomes = self.checked_genomes(genomes)
        self.check_smooth()
        chosen = None if episodes is None else inputs.episode_numbers(episodes, len(self.scenarios))
        table = self.scenarios if chosen is None else self.scenarios[chosen]
        steps = self.checked_steps(steps)

        def compute(finite: Any) -> tuple[Any, ...]:
            genome, some = self.simulation.genome, genomes[finite]
            *found, slopes = self.backend.gradient(genome.values(some), table, steps, self.seed, chosen)
            return *over_episodes(*found), genome.pull_back(some, slopes / len(table))

        return Gradient(*of_finite(genomes, compute, np.nan, 0, True, np.full(self.dimension, np.nan)))

    def check_smooth(self) -> None:
        """Raise EvornnError unless `gradient` can be taken."""
        for part in (self.network, self.task):
            if not part.smooth:
                raise EvornnError(f"{part.describe()} is not smooth: its fitness has no useful gradient")

    def value_and_grad(self, genomes: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """fitness [P] and its gradients [P, D] with respect to the genes; see `gradient`."""
        found = self.gradient(genomes)
        return found.fitness, found.gradients

    def rollout(self, genome: ArrayLike, scenario: int = 0) -> Trajectory:
        """One episode of one genome [D], step by step, in float64; `scenario` numbers the problem's scenarios."""
        from evornn.problem.rollout import rollout

        check_range("scenario", scenario, 0, len(self.scenarios) - 1, integer=True)
        values = self.simulation.genome.values(inputs.one_genome(self, genome))[0]
        return rollout(self.simulation, values, self.scenarios[scenario], self.checked_steps(None), self.seed, scenario)

    def share_learned(self, genome: ArrayLike) -> float:
        """Share of the episodes learned: those whose fitness reaches the task's `solved_fitness` (or sequence
        criterion).
        """
        return champion.share_learned(self, genome)

    def test_champion(self, genome: ArrayLike) -> ChampionReport:
        """The task's own champion test in float64; for a task with only `solved_fitness`, its fitness in float64
        against that.
        """
        return champion.test(self, genome)

    def exact(self) -> Problem:
        """The same problem in float64 on the CPU (itself if it is)."""
        if self.precision == "float64" and self.backend_name in ("cpu", "plain"):
            return self
        return self._exact

    @made_once
    def _exact(self) -> Problem:
        return Problem(self.network, self.task, "cpu", "float64", self.workers, self.episodes, self.seed)

    def redrawn(self, seed: int, episodes: int | None = None) -> Problem:
        """The same problem with the episodes and the noise of another seed, sharing what is compiled; `episodes`: how
        many, if not as many. EvornnError if its episodes are given data.
        """
        return copies.redrawn(self, seed, episodes)

    def shortened(self, steps: int) -> Problem:
        """The same problem with episodes of `steps` steps at most, sharing what is compiled."""
        return copies.shortened(self, steps)

    def memory(self, population: int, gradients: bool = False) -> int:
        """Bytes that evaluating `population` genomes takes, predicted before anything is compiled or evaluated: the
        genomes, results, what threads compute in, scenarios, and the task's data. gradients: of differentiating, in
        which `gradient_memory` limits the states that are stored. Of a GPU only what its host needs: its own memory
        holds as many genomes at a time as fit.
        """
        check_range("population", population, 1, integer=True)
        given = self.scenarios.nbytes + sum(array.nbytes for array in self.task.series.values())
        each = 9 if self.simulation.genome.plain else 25  # genes, whether they are finite, values; the last one twice
        genes, steps = each * population * self.dimension, self.checked_steps(None)
        return genes + given + int(self.backend.batch_memory(population, self.scenarios, steps, gradients))

    @property
    def longest(self) -> int:
        """Steps that one evaluation simulates at most."""
        return len(self.scenarios) * self.checked_steps(None)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy (in another process, or here) starts from: without what is made on first use."""
        return not_made(self) | {"elsewhere": {}}

    def compile(self, population: int) -> None:
        """Compile what evaluating `population` genomes and testing a champion take: a run is then timed without it."""
        check_range("population", population, 1, integer=True)
        genomes = self.space.sample(np.random.default_rng(0), population)
        self.evaluate(genomes, steps=1)
        exact = self.exact()
        exact.evaluate(genomes[:1], steps=1)
        for stage in self.task.champion_test():
            champion.trial(exact, genomes[:1], dataclasses.replace(stage, steps=1))

    def kernel_source(self) -> str:
        """The emitted source of the kernel that evaluates a population of 1,024."""
        return self.backend.kernel(1024, len(self.scenarios), self.scenarios.shape[1]).text

    def describe(self) -> str:
        """One line."""
        return f"{self.simulation.describe()}: {self.dimension} genes, {self.backend_name} {self.precision}"

    def close(self) -> None:
        """Stop the backend's threads, give back its memory on a device."""
        for other in (made_so_far(self, "backend"), made_so_far(self, "_exact"), *self.elsewhere.values()):
            if other is not None:
                other.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def checked_genomes(self, genomes: ArrayLike) -> np.ndarray:
        """genomes as float64 [P, D]; EvornnError on another shape or dtype."""
        self.renew()
        return inputs.genome_rows(genomes, self.dimension, self.simulation)

    def checked_steps(self, steps: int | None) -> int:
        """`steps`, or the task's, and no more than its sequences have."""
        steps = inputs.step_count(self.task, steps)
        check_traceable(self.simulation, self.scenarios.shape[1], steps)
        return steps
