"""What the tests of the CUDA backend evaluate: batches that every process makes alike, and ways to evaluate them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from unittest import mock

import numpy as np

import evornn.formula as f
from evornn.backends.cpu import CpuBackend
from evornn.backends.reference import ReferenceBackend
from evornn.compiler.host import native_lanes
from evornn.compiler.lanes import elementary
from evornn.errors import EvornnError
from evornn.formula import State
from evornn.formula.state import tree_map
from evornn.networks import FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import DoublePole
from tests.backends import test_operations as operations
from tests.backends.harness import Probe, Reading
from tests.backends.test_unusual_networks import case as unusual_case
from tests.formula import test_language as words
from tests.pairs import fitting

Made = tuple[Any, np.ndarray, np.ndarray]  # a simulation, values [P, D], scenarios [E, k]
Numbers = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Batch:
    """`maker(*arguments)` gives simulation, values and scenarios; at most `steps` steps are taken."""

    maker: Callable[..., Made]
    arguments: tuple[Any, ...]
    steps: int = 1
    seed: int = 3

    def __str__(self) -> str:
        return "-".join(map(str, (self.maker.__name__, *self.arguments, f"T{self.steps}", self.seed)))

    def evaluated(self, backend: Callable[[Any], Any], one: int | None = None) -> Numbers:
        """Fitness, steps, failed [P, E] by the backend that `backend(simulation)` gives; of individual `one` alone."""
        simulation, values, scenarios = made(self.maker, self.arguments)
        if one is not None:
            values = values[one : one + 1]
        return backend(simulation).evaluate(values, scenarios, self.steps_of(simulation), self.seed)

    def steps_of(self, simulation: Any) -> int:
        """The steps taken."""
        return min(self.steps, getattr(simulation.task, "steps", self.steps))

    def plain(self) -> Numbers:
        """By the oracle."""
        return self.evaluated(ReferenceBackend)

    def cpu(self, precision: str) -> Numbers:
        """By the CPU's kernels."""
        return self.evaluated(lambda s: CpuBackend(s, precision, 1, "individuals", native_lanes(precision)))


made = lru_cache(maxsize=32)(lambda maker, arguments: maker(*arguments))


def pair(network: str, task: str, individuals: int = 3, episodes: int = 2, early_exit: bool = True) -> Made:
    """A registered network in a registered task, with genes half way to the middle of their range."""
    simulation = Probe(*fitting(network, task), early_exit=early_exit)
    problem = Problem(simulation.network, simulation.task, episodes=episodes)
    space = problem.space
    genomes = 0.5 * space.sample(np.random.default_rng(1), individuals) + 0.25 * (space.lower + space.upper)
    return simulation, simulation.genome.values(genomes), problem.scenarios


@dataclass(frozen=True)
class Way:
    """How the CUDA backend evaluates. block: threads a block; grid: blocks at most (None: as many as there is work
    for); chunk: individuals on the device at once; one: this individual alone; sums: those over episodes, too.
    """

    layout: str = "individuals"
    precision: str = "float64"
    block: int = 4
    grid: int | None = None
    chunk: int | None = None
    one: int | None = None
    sums: bool = False

    def __str__(self) -> str:
        chosen = (f"{name}{value}" for name, value in vars(self).items() if value not in (None, False))
        return "-".join(part.removeprefix("layout").removeprefix("precision") for part in chosen)


def _backend(batch: Batch, way: Way) -> tuple[Any, np.ndarray, np.ndarray]:
    """The CUDA backend as wanted, values, scenarios."""
    from evornn.backends.cuda import CudaBackend
    from evornn.compiler.cuda import layout as cuda_layout

    simulation, values, scenarios = made(batch.maker, batch.arguments)
    values = values if way.one is None else values[way.one : way.one + 1]
    backend = CudaBackend(simulation, way.precision, way.layout, way.block)
    if way.chunk:
        kernel = backend.kernel(len(values), len(scenarios), scenarios.shape[1])
        need = kernel.need(values.shape[1], scenarios)
        fixed = need.fixed + need.scratch * cuda_layout.RESIDENT  # the simulator is one multiprocessor
        backend.memory = int((fixed + 2 * (way.chunk + 0.5) * need.individual) / cuda_layout.SHARE)
    return backend, values, scenarios


def evaluate(batch: Batch, way: Way) -> Numbers:
    """In the simulator: fitness, steps, failed [P, E]; then, if asked for, means and sums over episodes [P]."""
    from evornn.compiler.cuda import layout as cuda_layout

    backend, values, scenarios = _backend(batch, way)
    simulation = backend.simulation
    whole = cuda_layout.launch_size
    part = mock.Mock(side_effect=lambda *a: (min(whole(*a)[0], way.grid or 2**31), whole(*a)[1]))
    arguments = (values, scenarios, batch.steps_of(simulation), batch.seed)
    with mock.patch.object(cuda_layout, "launch_size", part):
        each = backend.evaluate(*arguments)
        chunks = part.call_count
        sums = backend.summarise(*arguments) if way.sums else ()
    assert chunks == -(-len(values) // (way.chunk or len(values))), "as many chunks as were wanted"
    return *each, *sums


def held_memory(batch: Batch, way: Way) -> tuple[list[int], int, Any]:
    """In the simulator: bytes that each queue's arrays take, bytes of what stays, and what was planned."""
    backend, values, scenarios = _backend(batch, way)
    backend.summarise(values, scenarios, batch.steps, batch.seed)
    kernel = backend.kernel(len(values), *scenarios.shape)
    stays = [*kernel.fixed, kernel.scenarios(scenarios, backend._queues[0])]
    return (
        [queue.held for queue in backend._queues],
        sum(a.nbytes for a in stays),
        kernel.need(values.shape[1], scenarios),
    )


# batches beyond the registered pairs ----------------------------------------------------------------------------------
def extreme(network: str, task: str) -> Made:
    """A pair with genes that overflow float32 on the way or at once, or are NaN or infinite, among ordinary ones."""
    simulation, values, scenarios = pair(network, task, 3)
    largest = float(np.finfo(np.float32).max)
    broken, infinite = values[:1].copy(), values[1:2].copy()
    broken[:, ::3], infinite[:, 1::3] = np.nan, -np.inf
    grown = [values[:2] * factor for factor in (1e4, 1e20, 1e37)]
    return (
        simulation,
        np.concatenate([values[:1], *grown, np.sign(values[:2]) * largest, broken, infinite, values]),
        scenarios,
    )


class Mortal(Reading):
    """Episode e ends before its step e, the first as it begins; early_exit as an option."""

    def __init__(self, early_exit: bool) -> None:
        super().__init__({"W": (3, 3), "b": (3,)}, self.sum, lambda p: State(h=p.b, age=0.0), self.older)
        self.early_exit = early_exit

    @staticmethod
    def older(p: Any, own: Any, t: Any) -> State:
        """One step of the formula."""
        return State(h=f.tanh(p.W @ own.h + p.b), age=own.age + 1.0)

    @staticmethod
    def sum(p: Any, own: Any, t: Any) -> Any:
        """What is read."""
        return f.sum(own.h) + own.age

    def start(self, p: Any, scenario: Any) -> State:
        """Alive, but for the first."""
        return super().start(p, scenario).replace(alive=scenario[0] > 0.0)

    def step(self, p: Any, carry: Any, now: Any) -> State:
        """Nothing changes once it has ended."""
        after = super().step(p, carry, now)
        after = tree_map(lambda new, old: f.where(carry.alive, new, old), after, carry)
        return after.replace(alive=carry.alive & (after.own.age < carry.which))

    def finish(self, carry: Any) -> State:
        """The last that was read, the steps taken, whether it ended."""
        return State(fitness=carry.result[0], steps=carry.own.age, failed=~carry.alive)


def mortal(early_exit: bool) -> Made:
    """3 individuals, 7 episodes of 0 to 6 steps."""
    simulation = Mortal(early_exit)
    values = np.random.default_rng(0).normal(0, 1.5, (3, simulation.genome.dimension))
    return simulation, values, np.arange(7.0)[:, None]


def given(rows: tuple[tuple[float, ...], ...]) -> Made:
    """Individual p has fitness rows[p][e] in episode e."""
    episodes = len(rows[0])
    simulation = Reading({"x": (episodes,)}, lambda p, s, t: p.x, outputs=episodes)
    return simulation, np.array(rows), np.arange(float(episodes))[:, None]


def unusual(kind: Any, n: int) -> Made:
    """Three individuals of a network of an unusual kind, in two sequences."""
    problem, genomes = unusual_case(kind, n)
    return problem.simulation, problem.simulation.genome.values(genomes), problem.scenarios


def target(name: str) -> Made:
    """A formula in the words of Python and NumPy: some elements of its result, one for an episode."""
    formula = getattr(words, name)
    simulation, outputs, values = words.with_infinite_states() if name == "infinities" else words.simulated(formula)
    some = np.arange(0, outputs, 11)
    return simulation, values[:2].astype(np.float32).astype(float), some[:, None].astype(float)


def noise() -> Made:
    """Two individuals; episodes give what 5 draws of the last step were, and sums of others over time."""

    def step(p: Any, s: Any, t: Any) -> Any:
        return State(total=s.total + f.normal(t, 9) + 0.1 * p.x[0], plain=s.plain + f.uniform(t, 4))

    def read(p: Any, s: Any, t: Any) -> Any:
        return f.concat(f.uniform(t, 0), f.uniform(t, 5), f.normal(t, 0, 3), s.total, s.plain)

    simulation = Reading({"x": (2,)}, read, lambda p: State(total=0.0, plain=0.0), step, outputs=7)
    return simulation, np.array([[0.5, 0.0], [-2.0, 0.0]]), np.arange(7.0)[:, None]


def operation(name: str, n: int, individuals: int = 2) -> Made:
    """A formula of the tests of operations for vectors of n: some elements of its result, one for an episode."""
    formula, shapes = getattr(operations, name), operations.shapes(n)
    rng = np.random.default_rng(0)
    example = State(**{k: rng.normal(size=s) for k, s in shapes.items()})
    outputs = len(formula(example, State(), f.Step(0)))
    simulation = Reading(shapes, formula, outputs=outputs)
    some = np.arange(0, outputs, 3 if n == 5 and name not in operations.OF_MATRICES else outputs // 12)
    return simulation, operations.genes(simulation, individuals), some[:, None].astype(float)


FUNCTIONS = [name for name in elementary.FUNCTIONS if hasattr(f, name)]


def functions() -> Made:
    """Each individual's number x through every elementary function, one for an episode."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, s, 40) for s in (1e-3, 1, 10, 100, 1e4)] + [10 ** rng.uniform(-37, 38, 60)])
    x *= rng.choice([-1, 1], len(x))
    special = [0.0, -0.0, 1e-45, -1e-45, 3.4028235e38, -3.4028235e38, 88, -88, -103, np.inf, -np.inf, np.nan]
    x = np.concatenate([x, special]).astype(np.float32).astype(float)
    simulation = Reading(
        {"x": (1,)}, lambda p, s, t: f.concat(*(getattr(f, n)(p.x[0]) for n in FUNCTIONS)), outputs=len(FUNCTIONS)
    )
    return simulation, x[:, None], np.arange(float(len(FUNCTIONS)))[:, None]


def problem(backend: str) -> Numbers:
    """Mean fitness, steps, failed of a Problem, with a genome of NaN and one of infinity among ordinary ones."""
    with Problem(FullyRecurrent(units=3), DoublePole(), backend=backend, precision="float64", episodes=3) as found:
        genomes = found.space.sample(np.random.default_rng(0), 5)
        genomes[1, 4], genomes[3, 0] = np.nan, np.inf
        said = found.evaluate(genomes, steps=6)
    return said.fitness, said.steps, said.failed


def compiling_in_the_simulator() -> str:
    """What the simulator says when it is to compile."""
    from evornn.compiler.cuda import device as cuda_device

    cuda_device.check()
    try:
        cuda_device.check_compiler()
    except EvornnError as error:
        return str(error)
    return ""
