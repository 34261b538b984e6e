"""What users hold can be pickled, copied and sent to other processes, used or not, and says the same there."""

import copy
import importlib
import multiprocessing
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest
import work

import evornn as en
from evornn.errors import EvornnError
from evornn.formula import SparseMatrix, State
from evornn.genome import Space
from evornn.training.forward import jvp, step_jacobians
from tests.pairs import NETWORKS, TASKS, fitting

WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


def same(one: Any, two: Any) -> bool:
    """Whether two results are equal in every number."""
    if isinstance(one, np.ndarray):
        return (one.dtype, one.shape, one.tobytes()) == (two.dtype, two.shape, two.tobytes())
    if isinstance(one, State):
        return same(dict(one.items()), dict(two.items()))
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if hasattr(one, "__dict__"):
        return type(one) is type(two) and same(vars(one), vars(two))
    return bool(one == two)


def used(**options: Any) -> en.Problem:
    """A problem that has made all that it makes: threads, kernels, gradients, tangents, single steps, tests."""
    problem = work.problem(steps=500, workers=2, **options)
    genomes = work.genomes(problem, 200)
    problem.evaluate(genomes)
    problem.gradient(genomes)
    jvp(problem, genomes, np.ones_like(genomes), steps=3)
    step_jacobians(problem)
    problem.test_champion(genomes[0])
    return problem


@pytest.fixture(scope="module")
def problem() -> Iterator[en.Problem]:
    with used() as one:
        yield one


@pytest.mark.parametrize("way", WAYS)
def test_a_used_problem(way: str, problem: en.Problem) -> None:
    genomes = work.genomes(problem, 20)
    other = WAYS[way](problem)
    assert same(vars(other.evaluate(genomes)), vars(problem.evaluate(genomes)))
    assert same(vars(other.gradient(genomes)), vars(problem.gradient(genomes)))
    assert other.describe() == problem.describe()
    other.close()
    assert np.isfinite(problem.evaluate(genomes).fitness).all()


@pytest.mark.parametrize("way", WAYS)
def test_its_relatives(way: str, problem: en.Problem) -> None:
    """Other episodes, other lengths and float64 are kept."""
    genomes = work.genomes(problem)
    for one in (problem.redrawn(7, 3), problem.shortened(9), problem.exact(), work.problem(backend="plain")):
        assert same(WAYS[way](one).evaluate(genomes), one.evaluate(genomes))


def test_a_used_problem_in_processes(problem: en.Problem) -> None:
    """Spawned and forked workers get it as a method, with what was made of it."""
    genomes = work.genomes(problem, 20)
    right, slopes = problem.evaluate(genomes), step_jacobians(problem)
    given = genomes[0], np.zeros(slopes.size), np.ones(slopes.inputs)
    for way in ("spawn", "fork"):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(way)) as pool:
            assert same(pool.submit(problem.evaluate, genomes).result(), right)
            assert same(pool.submit(slopes.at, *given).result(), slopes.at(*given))


@pytest.mark.parametrize(
    ("network", "task"),
    [(network, list(TASKS)[k % len(TASKS)]) for k, network in enumerate(NETWORKS)]
    + [(list(NETWORKS)[k % len(NETWORKS)], task) for k, task in enumerate(TASKS)],
)
def test_every_network_and_task(network: str, task: str) -> None:
    """Each copied network in each copied task is the same simulation: by NumPy, and by its kernel's text."""
    one = en.Problem(*fitting(network, task), episodes=2)
    genomes = one.space.sample(np.random.default_rng(0), 1)
    plain = en.Problem(one.network, one.task, "plain", episodes=2)
    right, text = plain.evaluate(genomes, steps=3), one.kernel_source()
    for way in WAYS.values():
        assert same(way(plain).evaluate(genomes, steps=3), right)
        assert way(one).kernel_source() == text
        made = en.Problem(way(one.network), way(one.task), "plain", episodes=2)
        assert same(made.evaluate(genomes, steps=3), right)


@pytest.mark.parametrize("way", WAYS)
def test_results(way: str, problem: en.Problem) -> None:
    genomes = work.genomes(problem)
    run = en.run(work.problem(), en.search.GeneticAlgorithm(problem.space, population=8), evaluations=16)
    for one in (
        problem.evaluate(genomes),
        problem.gradient(genomes),
        problem.rollout(genomes[0]),
        problem.test_champion(genomes[0]),
        run,
        Space(np.zeros(2), np.ones(2), ["a", "b"], neurons=np.array([0, -1])),
        State(h=np.arange(3.0), inner=State(c=1.0)),
        State(),
    ):
        assert same(WAYS[way](one), one)
    space = WAYS[way](problem.space)
    assert same(space.sample(np.random.default_rng(3), 4), problem.space.sample(np.random.default_rng(3), 4))
    sparse = WAYS[way](SparseMatrix(np.diag([1.0, 2.0, 3.0])))
    assert same(sparse @ np.ones(3), np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("way", WAYS)
def test_jacobians_of_a_step(way: str, problem: en.Problem) -> None:
    one = step_jacobians(problem)
    given = work.genomes(problem)[0], np.zeros(one.size), np.ones(one.inputs)
    before = one.at(*given)
    assert same(WAYS[way](one).at(*given), before)


def errors() -> list[type[EvornnError]]:
    """EvornnError and everything that is one."""
    for module in pkgutil.walk_packages(en.__path__, "evornn."):
        if not module.name.startswith(("evornn.bench", "evornn.compiler.cuda", "evornn.__main__")):
            importlib.import_module(module.name)
    found, todo = [], [EvornnError]
    while todo:
        found.append(todo.pop())
        todo += found[-1].__subclasses__()
    return [error for error in found if error.__module__.startswith("evornn")]


def test_errors_reach_the_parent() -> None:
    """An error raised in a worker is the same in the parent: type, message and all."""
    for cls in errors():
        one = cls("something is wrong")
        other = pickle.loads(pickle.dumps(one))
        assert (type(other), str(other), vars(other)) == (cls, str(one), vars(one))
    problem = work.problem()
    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
        pytest.raises(EvornnError, match="they must be"),
    ):
        pool.submit(problem.evaluate, np.zeros((2, 99))).result()
