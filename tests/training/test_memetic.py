"""Memetic search: what a generation costs, who learns, and what the evolution is told of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from evornn import EvornnError
from evornn.genome import Space
from evornn.training import Memetic


class Bowl:
    """Fitness -|x|^2; notes every call as (genomes, whether gradients were wanted)."""

    episodes = 1

    def __init__(self) -> None:
        self.space = Space(np.full(3, -4.0), np.full(3, 4.0))
        self.asked: list[tuple[np.ndarray, bool]] = []

    def check_smooth(self) -> None:
        pass

    def evaluate(self, genomes: np.ndarray) -> SimpleNamespace:
        self.asked.append((genomes.copy(), False))
        return SimpleNamespace(fitness=-np.square(genomes).sum(axis=1), steps=np.ones(len(genomes)))

    def gradient(self, genomes: np.ndarray, episodes=None) -> SimpleNamespace:
        assert episodes is None
        found = self.evaluate(genomes)
        self.asked[-1] = (genomes.copy(), True)
        return SimpleNamespace(**vars(found), gradients=-2.0 * genomes)


def round_of(memetic: Memetic, problem: Bowl) -> list[tuple[np.ndarray, np.ndarray]]:
    """One generation of the evolution inside; gives what it was told, (genomes, fitness)."""
    told = []
    tell = memetic.search.tell

    def note(genomes, fitness):
        told.append((genomes.copy(), fitness.copy()))
        tell(genomes, fitness)

    memetic.search.tell = note
    while not told:
        genomes = memetic.ask()
        found = memetic.evaluate_with(problem, genomes)
        memetic.tell(genomes, found.fitness, getattr(found, "gradients", None))
    del memetic.search.tell
    return told


PLAIN = {
    "learner": "SGD",
    "rate": 0.1,
    "clip": 0.0,
}  # each step of the bowl: x <- 0.8 x (the first is without momentum)


def test_all_learn_and_lamarck_inherits() -> None:
    problem = Bowl()
    memetic = Memetic(problem.space, population=6, seed=1, steps=2, **PLAIN)
    ((genomes, fitness),) = round_of(memetic, problem)
    starts = problem.asked[0][0]
    assert [(len(g), gradient) for g, gradient in problem.asked] == [(6, True), (6, True), (6, False)]
    np.testing.assert_allclose(problem.asked[1][0], 0.8 * starts)
    np.testing.assert_array_equal(genomes, problem.asked[2][0])
    np.testing.assert_array_equal(fitness, -np.square(genomes).sum(axis=1))
    assert memetic.evaluations == 18
    assert memetic.search.evaluations == 6
    assert memetic.best.fitness == fitness.max()
    assert memetic.search._pool is not None
    assert {row.tobytes() for row in memetic.search._pool} == {row.tobytes() for row in genomes}


def test_baldwin_inherits_fitness_alone() -> None:
    problem = Bowl()
    memetic = Memetic(problem.space, population=6, seed=1, mode="baldwinian", **PLAIN)
    ((genomes, fitness),) = round_of(memetic, problem)
    np.testing.assert_array_equal(genomes, problem.asked[0][0])
    np.testing.assert_array_equal(fitness, -np.square(problem.asked[1][0]).sum(axis=1))
    assert memetic.best.fitness == -np.square(memetic.best.genome).sum() == fitness.max()  # a genome that has it


def test_only_the_best_share_learns() -> None:
    problem = Bowl()
    memetic = Memetic(problem.space, population=10, seed=2, share=0.35, **PLAIN)
    ((genomes, fitness),) = round_of(memetic, problem)
    assert [(len(g), gradient) for g, gradient in problem.asked] == [(10, False), (3, True), (3, False)]
    first = -np.square(problem.asked[0][0]).sum(axis=1)
    pupils = np.sort(np.argsort(-first)[:3])
    np.testing.assert_array_equal(problem.asked[1][0], problem.asked[0][0][pupils])
    assert (fitness[pupils] > first[pupils]).all()
    others = np.setdiff1d(np.arange(10), pupils)
    np.testing.assert_array_equal(genomes[others], problem.asked[0][0][others])
    np.testing.assert_array_equal(fitness[others], first[others])


def test_learning_never_harms() -> None:
    """Steps that overshoot: the best point on the way is what counts, here the start."""
    problem = Bowl()
    memetic = Memetic(problem.space, population=5, seed=3, steps=3, learner="SGD", rate=5.0, clip=0.0)
    ((genomes, fitness),) = round_of(memetic, problem)
    np.testing.assert_array_equal(genomes, problem.asked[0][0])
    np.testing.assert_array_equal(fitness, -np.square(genomes).sum(axis=1))


def test_those_that_cannot_step_stop_learning() -> None:
    problem = Bowl()
    memetic = Memetic(problem.space, population=4, seed=4, steps=3, learner="RMSProp")
    gradient, calls = problem.gradient, []

    def failing(genomes, episodes=None):
        found = gradient(genomes)
        calls.append(1)
        if len(calls) == 1:
            found.gradients[0] = np.nan
        if len(calls) == 3:
            found.gradients[:] = 0.0
        return found

    problem.gradient = failing
    round_of(memetic, problem)
    assert [(len(g), gradient) for g, gradient in problem.asked] == [(4, True), (3, True), (3, True)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"search": "GeneticAlgoritm"}, "search is 'GeneticAlgoritm'; .*did you mean 'GeneticAlgorithm'"),
        ({"search": {"population": 3}}, "must be a name or a table with one"),
        ({"search": {"name": "ParticleSwarm", "topolgy": "ring"}}, "ParticleSwarm has no option 'topolgy'; .*topology"),
        ({"search": {"name": "GeneticAlgorithm", "seed": 3}}, "GeneticAlgorithm: seed does not belong here"),
        ({"search": {"name": "GeneticAlgorithm", "elites": -1}}, "elites is -1"),
        ({"search": "DualAnnealing"}, "DualAnnealing can only go on .* mode='baldwinian'"),
        ({"mode": "darwinian"}, "mode is 'darwinian'; .*did you mean 'baldwinian'"),
        ({"learner": "LBFGS"}, "learner is 'LBFGS'"),
        ({"share": 0.0}, r"share is 0.0; it must be a number in \(0, 1\]"),
        ({"steps": 0}, "steps is 0"),
    ],
)  # fmt: skip
def test_bad_options_are_named(options, words) -> None:
    with pytest.raises(EvornnError, match=words):
        Memetic(Bowl().space, **options)
