"""What a run is said to take: memory against what is allocated, time against a clock that evaluations advance."""

import copy
import math
import tracemalloc
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

import evornn
from evornn import EvornnError, memory, networks, tasks
from evornn.experiment import estimate, pilot
from evornn.experiment.storage import run_directory
from tests.experiment.fakes import SEARCHES, FakeProblem, make
from tests.pairs import by_turns

TIMELESS = {"seconds": 0.0, "simulating": 0.0}


# -- time --------------------------------------------------------------------------------------------------------------
class Timed(FakeProblem):
    """Evaluating takes 100 us and a microsecond a step; genomes live as long as their first gene says."""

    calls = 0

    def __init__(self, clock, whole=1000):
        super().__init__()
        self.clock, self.whole, self.limit, self.most = clock, whole, whole, 0

    def checked_steps(self, steps):
        return self.limit

    def shortened(self, steps):
        other = copy.copy(self)
        other.limit = min(steps, self.limit)
        return other

    def life(self, genomes):
        return np.clip(np.round(60 + 40 * genomes[:, 0]), 1, None)

    def evaluate(self, genomes):
        found = FakeProblem.evaluate(self, genomes)
        found.steps = np.minimum(self.life(genomes), self.limit)
        self.clock.now += 1e-4 + 1e-6 * found.steps.sum()
        return found


@pytest.fixture
def clock(monkeypatch):
    """A clock that nothing but evaluations moves."""
    ours = SimpleNamespace(now=0.0, perf_counter=lambda: ours.now)
    monkeypatch.setattr(pilot, "time", ours)
    return ours


def rough(value):
    return pytest.approx(value, rel=0.25)


def test_time_is_that_of_episodes_as_short_as_now_to_that_of_full_ones(clock):
    problem = Timed(clock)
    search = evornn.search.RandomGuessing(problem.space, population=50, seed=1)
    found = evornn.predict(problem, search, evaluations=100_000)
    assert found.seconds == (rough(100_000 * 60e-6 + 2000 * 1e-4), rough(100_000 * 1000e-6))
    assert found.evaluations == (100_000, 100_000)
    assert clock.now < 0.5
    problem.life = lambda genomes: np.full(len(genomes), 10**9)
    assert evornn.predict(problem, search, evaluations=100_000).seconds == (rough(100.0), rough(100.0))
    problem.life = lambda genomes: np.ones(len(genomes))
    short, long = evornn.predict(problem, search, evaluations=100_000).seconds
    assert short == rough(100_000 * 3e-6)
    assert long >= 100


def test_other_budgets_say_how_many_evaluations_fit(clock):
    problem = Timed(clock)
    search = evornn.search.RandomGuessing(problem.space, population=50, seed=1)
    by_steps = evornn.predict(problem, search, steps=6_000_000)
    assert by_steps.evaluations == (6_000, rough(100_000))
    by_seconds = evornn.predict(problem, search, seconds=10)
    assert by_seconds.seconds == (rough(10), rough(10))
    assert by_seconds.evaluations == (rough(10_000), rough(10 / 62e-6))
    assert "10 s for 10," in by_seconds.describe()
    assert evornn.predict(problem, search, generations=7).evaluations == (350, 350)
    assert evornn.predict(problem, search, generations=7, evaluations=200).evaluations == (200, 200)


def test_it_costs_a_small_share_however_long_an_evaluation_takes(clock):
    problem = Timed(clock, whole=10**7)
    problem.life = lambda genomes: np.full(len(genomes), 10**9)  # ten seconds an evaluation
    search = evornn.search.RandomGuessing(problem.space, population=1000, seed=1)
    found = evornn.predict(problem, search, evaluations=1000)
    assert clock.now < 1.0
    assert found.seconds == (rough(10_000), rough(10_000))


def test_mini_batches_count_as_often_as_they_are_asked(clock):
    """Checks on all episodes, then on one: every kind is measured."""
    problem = Timed(clock)
    taken = []
    gradient = problem.gradient

    def slow(genomes, episodes=None):
        taken.append(episodes)
        clock.now += 0.003 * len(genomes)
        return gradient(genomes, episodes)

    problem.gradient = slow
    problem.shortened = lambda steps: problem
    problem.life = lambda genomes: np.full(len(genomes), 1000)
    search = evornn.gradient.SGD(problem.space, population=10, batch=1)
    found = evornn.predict(problem, search, evaluations=4000)
    assert len(taken[0]) == 1
    assert found.seconds[0] == pytest.approx(4000 * (0.25 * 0.001 + 0.75 * 0.003), rel=0.1)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_run_is_the_same_with_and_without(name, tmp_path):
    """Every search, from the start and resumed: what is foretold is neither counted nor told."""
    told = []
    results = []
    for tell in (None, told.append):
        problem, search = make(name=name)
        out = tmp_path / str(tell is None)
        evornn.run(problem, search, evaluations=61, target=9.0, out=out, on_prediction=tell)
        problem, search = make(name=name)
        results.append(
            evornn.run(problem, search, evaluations=103, target=9.0, out=out, on_prediction=tell, resume=True)
        )
        assert results[-1].evaluations == search.evaluations == 103
    alone, foretold = (
        [msgspec.structs.replace(r, **TIMELESS) for r in run_directory.read_history(result.out)] for result in results
    )
    assert str(alone) == str(foretold)  # NaN is not equal to itself
    assert results[0].best.genome.tobytes() == results[1].best.genome.tobytes()
    assert [found.evaluations[1] for found in told] == [61, 42]


PROBLEMS = {
    "one step": (networks.FullyRecurrent(units=2), tasks.Pendulum(steps=1)),
    "short lives": (networks.CTRNN(units=2), tasks.DoublePole(steps=50)),
    "echo state": (networks.EchoState(units=10), tasks.Adding.example()),
    "sequence": (networks.LSTM(units=2), tasks.Adding.example()),
}


@pytest.mark.parametrize(("network", "task"), PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("GeneticAlgorithm", {"population": 6}),
        ("EvolutionStrategy", {"population": 1}),
        ("DualAnnealing", {}),
        ("Adam", {"population": 2}),
        ("Online", {}),
        ("Memetic", {"population": 4, "share": 0.5}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_searches_and_problems_of_every_kind(network, task, name, options):
    if SEARCHES[name] in evornn.gradient.REGISTRY.values() and not (network.smooth and task.smooth):
        pytest.skip("not smooth")
    problem = evornn.Problem(network, task, backend="plain")
    search = SEARCHES[name](problem.space, **options)
    found = evornn.predict(problem, search, evaluations=500)
    assert search.evaluations == 0
    assert 0 < found.seconds[0] <= found.seconds[1] < math.inf
    assert found.evaluations == (500, 500)
    assert found.memory >= problem.memory(search.largest)
    assert "for 500 evaluations if it does not end earlier" in found.describe()


def test_failed_genomes_and_lost_ones_of_every_kind():
    """NaN everywhere: a network that has exploded is simulated for a step or two."""
    problem = evornn.Problem(networks.FullyRecurrent(units=2), tasks.DoublePole(steps=30), backend="plain")
    problem.evaluate = lambda genomes: SimpleNamespace(
        fitness=np.full(len(genomes), np.nan), steps=np.zeros(len(genomes)), failed=np.ones(len(genomes), bool)
    )
    problem.shortened = lambda steps: problem
    search = evornn.search.ParticleSwarm(problem.space, population=5)
    assert np.isfinite(evornn.predict(problem, search, evaluations=50, steps=10**6).seconds).all()


def test_a_search_that_is_too_large_to_copy_is_left_out_in_words(clock, monkeypatch):
    monkeypatch.setattr(pilot, "LARGEST", 1000)
    problem = Timed(clock)
    search = evornn.search.CMAES(problem.space)
    search.copied = None
    found = evornn.predict(problem, search, evaluations=10_000)
    assert found.apart
    assert "for 10,000 evaluations besides the search's own time if" in found.describe()


def test_words():
    assert estimate.in_time(0.0004, 8.31) == "0.01 s to 8.3 s"
    assert estimate.in_time(96, 96) == "1.6 min"
    assert estimate.in_time(7200, 86_400 * 20) == "2 h to 20 days"
    assert [estimate.in_bytes(n) for n in (10, 41.2e6, 999e6, 1.23e9, 8e13)] == [
        "0.1 MB", "41 MB", "1000 MB", "1.2 GB", "80 TB",
    ]  # fmt: skip
    said = estimate.Prediction(41_000_000, 1_600_000, (8.2, 97.0), (200_000, 200_000)).describe()
    assert said == (
        "needs about 41 MB, 1.6 MB on disk; 8.2 s to 1.6 min for 200,000 evaluations if it does not end earlier"
    )
    assert estimate.Prediction(2_000_000).describe() == "needs about 2 MB"


# -- memory ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("backend", "batch"),
    by_turns(
        ["cpu", "plain"],
        [
            ("short lives", 700, 1, False),
            ("short lives", 150, 20, False),
            ("echo state", 200, 1, False),
            ("sequence", 200, 1, False),
            ("sequence", 30, 1, True),
        ],
        every=2,
    ),
)
def test_a_batch_allocates_what_was_predicted(backend, batch):
    name, population, episodes, gradients = batch
    problem = evornn.Problem(*PROBLEMS[name], backend=backend, episodes=episodes, workers=2)
    if backend == "plain":
        population //= 10
    predicted = problem.memory(population, gradients)
    genomes = problem.space.sample(np.random.default_rng(0), population)
    steps = None if gradients or backend == "cpu" else 2
    evaluate = problem.gradient if gradients else problem.evaluate
    evaluate(genomes[:1], steps=1)
    evaluate(genomes, steps=1)  # compiles
    given = problem.scenarios.nbytes + sum(array.nbytes for array in problem.task.series.values())
    tracemalloc.start()
    try:
        evaluate(genomes, steps=steps)
        peak = tracemalloc.get_traced_memory()[1] + genomes.nbytes + given
    finally:
        tracemalloc.stop()
    assert peak <= predicted
    assert predicted <= 3 * peak + (1_000_000 if backend == "plain" else 200_000)


def test_impossible_memory_is_refused_before_any_work(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "physical_memory", lambda: 16 * 2**30)
    problem = evornn.Problem(networks.FullyRecurrent(units=310), tasks.Pendulum(steps=20), backend="plain")
    assert problem.dimension > 90_000
    with pytest.raises(EvornnError, match=r"CMA-ES.* needs 5\d\d,\d+,\d+,\d+ bytes.*17,179,869,184; separable=True"):
        evornn.search.CMAES(problem.space)
    search = evornn.search.GeneticAlgorithm(problem.space, population=20_000)
    for begin in (evornn.run, evornn.predict):
        with pytest.raises(EvornnError, match=r"population 20,000 needs \d+,\d+,\d+,\d+ bytes.*a smaller population"):
            begin(problem, search, evaluations=10**6, **({"out": tmp_path / "r"} if begin is evornn.run else {}))
    assert not (tmp_path / "r").exists()
    assert search.generation == search.evaluations == 0


def test_a_container_has_what_it_was_given(monkeypatch, tmp_path):
    given = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "CGROUP", given)
    machine = memory.physical_memory()
    for text, has in (("max\n", machine), ("1000000\n", 1_000_000), (f"{2**62}\n", machine)):
        given.write_text(text)
        assert memory.physical_memory() == has
