"""Whatever is made on first use is made once, and whole, when several threads come first."""

import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import work

from evornn import search, training
from evornn.search.core.search import Search
from evornn.search.swarm import pyswarms_rules
from tests.search import search_checks as checks

JOBS = """
import json, sys, threading
from concurrent.futures import ThreadPoolExecutor
import numpy as np
sys.setswitchinterval(1e-5)
import work
import evornn as en
from evornn.training.forward import jvp

one = work.problem(workers=2)
genomes = work.genomes(one)
start = threading.Barrier(4)

def job(number):
    if number < 4:
        start.wait()
    return {job}

with ThreadPoolExecutor(4) as pool:
    print(json.dumps(list(pool.map(job, range(8)))))
"""


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Threads take turns so often that what they share gets mixed up."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


FIRST_USES = {
    "one problem": "one.evaluate(genomes).fitness.tolist()",
    "a problem each": "work.problem().evaluate(genomes).fitness.tolist()",
    "different problems": "work.problem(precision=['float32', 'float64'][number % 2])"
    ".evaluate(genomes).fitness.tolist()",
    "plain": "work.problem(backend='plain').evaluate(genomes).fitness.tolist()",
    "exact": "one.exact().evaluate(genomes).fitness.tolist()",
    "gradient": "one.gradient(genomes).fitness.tolist()",
    "plain gradient": "work.problem(backend='plain').gradient(genomes).fitness.tolist()",
    "tangent": "jvp(one, genomes, np.ones_like(genomes))[0].tolist()",
    "online": "[en.run(one, en.gradient.Online(one.space, seed=number), evaluations=4), one.evaluate(genomes)][1]"
    ".fitness.tolist()",
    "champion tests": "[one.test_champion(genome).fitness for genome in genomes]",
    "everything": "(one.gradient(genomes) if number % 2 else one.evaluate(genomes)).fitness.tolist()",
}


@pytest.mark.parametrize("use", FIRST_USES)
def test_eight_jobs_in_four_threads_on_a_cold_cache(use: str, tmp_path: Path) -> None:
    """Each gets the oracle's numbers."""
    done = work.python(JOBS.replace("{job}", FIRST_USES[use]), tmp_path)
    assert done.returncode == 0, done.stderr
    right = work.oracle(work.problem())
    for found in json.loads(done.stdout):
        np.testing.assert_allclose(found, right, rtol=1e-4)


def test_gradients_of_different_lengths_at_once_do_not_share_a_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    """One kernel, many steps and few, little memory: each thread's tape has the length of its own call, also where
    another call has planned its memory meanwhile.
    """
    problem = work.problem(steps=300, workers=1, gradient_memory=0.001)
    genomes = work.genomes(problem, 40)
    steps = [300, 3, 150, 7, 299, 1, 40, 20] * 4
    alone = {n: problem.gradient(genomes, steps=n) for n in set(steps)}
    ready = problem.backend.data

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.002 * next(turns))
        return ready(*arguments)

    turns = itertools.cycle([0, 3, 1, 2])
    monkeypatch.setattr(problem.backend, "data", slowly)
    with ThreadPoolExecutor(4) as pool:
        for n, found in zip(steps, pool.map(lambda n: problem.gradient(genomes, steps=n), steps), strict=True):
            np.testing.assert_array_equal(found.gradients, alone[n].gradients)
            np.testing.assert_array_equal(found.fitness, alone[n].fitness)


def test_closing_while_others_evaluate() -> None:
    """A problem that one thread closes goes on for the others: its threads are started again."""
    problem = work.problem(steps=2000, workers=2)
    genomes = work.genomes(problem, 400)
    right = problem.evaluate(genomes).fitness

    def job(number: int) -> np.ndarray:
        if number % 3 == 0:
            problem.close()
        return problem.evaluate(genomes).fitness

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(job, range(60)):
            np.testing.assert_array_equal(found, right)


def test_evaluating_after_the_main_thread_has_ended(tmp_path: Path) -> None:
    """Python starts no more threads then; the caller's own does the work."""
    code = (
        "import threading, time, work\n"
        "problem = work.problem(steps=2000, workers=2)\n"
        "genomes = work.genomes(problem, 400)\n"
        "right = problem.evaluate(genomes).fitness\n"
        "main = threading.current_thread()\n"
        "def later():\n"
        "    main.join()\n"
        "    time.sleep(0.3)\n"
        "    print((problem.evaluate(genomes).fitness == right).all())\n"
        "threading.Thread(target=later).start()\n"
    )
    done = work.fresh_python(code, tmp_path)
    assert (done.stdout.strip(), done.stderr) == ("True", "")


# searches -------------------------------------------------------------------------------------------------------------
def drawing(individual: list) -> tuple[list]:
    """A user's operator on the global streams."""
    individual[random.randrange(len(individual))] += random.gauss(0.0, 0.1) + np.random.normal(0.0, 0.1)  # noqa: NPY002
    return (individual,)


SEARCHES: dict[str, tuple[type[Search], dict]] = {
    **{name: (cls, {}) for name, cls in {**search.REGISTRY, **training.REGISTRY}.items()},
    "DEAP": (search.GeneticAlgorithm, {"select": "selTournament", "mate": "cxBlend", "mutate": "mutGaussian"}),
    "DEAP, lexicase": (search.GeneticAlgorithm, {"select": "selDoubleTournament", "mutate": "mutPolynomialBounded"}),
    "DEAP, strategies": (search.GeneticAlgorithm, {"mate": "cxESBlend", "mutate": "mutESLogNormal"}),
    "an operator on the global streams": (search.GeneticAlgorithm, {"mate": "cxTwoPoint", "mutate": drawing}),
    "swarm of pyswarms": (search.ParticleSwarm, {"topology": "nearest", "bounds": "shrink", "velocity_rule": "zero"}),
    "annealing with local search": (search.DualAnnealing, {"no_local_search": False}),
}


def asked(name: str, seed: int) -> bytes:
    cls, options = SEARCHES[name]
    one = cls(checks.box(), population=max(cls.MIN_POPULATION, 9), seed=seed, **options)
    found = checks.steps(one, 15)
    return b"".join(genomes.tobytes() for genomes in found)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_seed_asks_the_same_in_threads(name: str, quick_switches: None) -> None:
    """Searches that run side by side ask what each asks alone, and leave the global streams as they were."""
    alone = [asked(name, seed) for seed in range(4)]
    streams = random.getstate(), np.random.get_state()  # noqa: NPY002
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: asked(name, seed), range(4)))
    assert together == alone
    assert random.getstate() == streams[0]
    assert all(map(np.array_equal, np.random.get_state(), streams[1]))  # noqa: NPY002


def test_deap_operators_leave_other_threads_their_stream(quick_switches: None) -> None:
    """A thread of the user's that draws from `random` meanwhile draws what it draws alone."""
    random.seed(3)
    alone = [random.random() for _ in range(100_000)]
    random.seed(3)
    with ThreadPoolExecutor(2) as pool:
        drawn = pool.submit(lambda: [random.random() for _ in range(100_000)])
        found = [asked("DEAP", 1) for _ in range(3)]
        assert drawn.result() == alone
    assert found == [asked("DEAP", 1)] * 3


def test_logging_that_others_configure_meanwhile_is_configured() -> None:
    """pyswarms' own configuration of logging is kept away from the process, another thread's is not."""
    import logging.config

    settings = {"version": 1, "disable_existing_loggers": False, "loggers": {"evornn.theirs": {"level": "ERROR"}}}
    before = list(logging.getLogger().handlers)
    with pyswarms_rules._quiet(), ThreadPoolExecutor(1) as pool:
        logging.config.dictConfig({"version": 1, "root": {"handlers": [], "level": "DEBUG"}})
        pool.submit(logging.config.dictConfig, settings).result()
    assert logging.getLogger("evornn.theirs").level == logging.ERROR
    assert logging.getLogger().handlers == before
