"""A forked child goes on where its parent was: no waiting for threads that do not exist, no lock that never opens."""

import json
from pathlib import Path

import numpy as np
import pytest
import work

FORKS = """
import json, multiprocessing, os, threading
from concurrent.futures import ProcessPoolExecutor
import numpy as np
import work
import evornn as en
from evornn.genome import Space

one = work.problem(steps=2000, workers=WORKERS)
genomes = work.genomes(one, 300)
fork = multiprocessing.get_context("fork")

def fitness(number):
    return one.evaluate(genomes).fitness[:3].tolist()

def gradient(number):
    return one.gradient(genomes[:20], steps=20).fitness[:3].tolist()

def fresh(number):
    return work.problem(units=2).evaluate(work.genomes(work.problem(units=2))).fitness[:3].tolist()

def nested(number):
    with fork.Pool(1) as pool:
        return pool.map(fitness, [0])[0]

def also_afterwards(function, pool):
    answers = list(pool.map(function, range(3)))
    return [*answers, function(0)]

"""
CASES = {
    "evaluate": "one.evaluate(genomes)\nwith fork.Pool(2) as pool: answers = also_afterwards(fitness, pool)",
    "executor": "one.evaluate(genomes)\n"
    "with ProcessPoolExecutor(2, mp_context=fork) as pool: answers = also_afterwards(fitness, pool)",
    "gradient": "one.gradient(genomes)\nwith fork.Pool(2) as pool: answers = also_afterwards(gradient, pool)",
    "first use in the child": "one.evaluate(genomes)\n"
    "with fork.Pool(2) as pool: answers = also_afterwards(fresh, pool)",
    "grandchildren": "one.evaluate(genomes)\n"
    "with ProcessPoolExecutor(1, mp_context=fork) as pool: answers = also_afterwards(nested, pool)",
    "closed in the child": "one.evaluate(genomes)\n"
    "def closing(number):\n    one.close()\n    return fitness(number)\n"
    "with fork.Pool(2) as pool: answers = also_afterwards(closing, pool)",
}


def answers(code: str, cache: Path, workers: int) -> list:
    done = work.python(FORKS.replace("WORKERS", str(workers)) + code + "\nprint(json.dumps(answers))", cache, 120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


BY_WORKERS = [  # in two threads by default, in one by turns; all under -m slow
    pytest.param(case, workers, marks=() if workers == 2 or i % 3 == 0 else pytest.mark.slow)
    for i, case in enumerate(CASES)
    for workers in (1, 2)
]


@pytest.mark.parametrize(("case", "workers"), BY_WORKERS)
def test_after_a_fork(case: str, workers: int, tmp_path: Path) -> None:
    *children, parent = answers(CASES[case], tmp_path, workers)
    assert children == [parent] * len(children)
    assert np.isfinite(parent).all()


def test_forking_while_a_thread_evaluates_and_another_compiles(tmp_path: Path) -> None:
    """Forks at any moment of the parent's work find the child able to evaluate and to compile."""
    code = """
from evornn.sharing import MAKING
one.evaluate(genomes)
right, over = fitness(0), threading.Event()

def busy():
    while not over.is_set():
        one.evaluate(genomes)

def making():
    for units in range(2, 6):
        problem = work.problem(units=units)
        problem.evaluate(work.genomes(problem))

threads = [threading.Thread(target=busy), threading.Thread(target=busy), threading.Thread(target=making)]
for thread in threads:
    thread.start()
answers = []
for number in range(12):
    with fork.Pool(1) as pool:
        answers += pool.map(fitness, [0])
        if number % 4 == 0:
            assert np.isfinite(pool.map(fresh, [0])[0]).all()
over.set()
for thread in threads:
    thread.join()
answers.append(right)
"""
    found = answers(code, tmp_path, 2)
    assert found == [found[-1]] * len(found)


@pytest.mark.parametrize("search", ["DualAnnealing", "LBFGS"])
def test_searches_with_threads_of_their_own(search: str, tmp_path: Path) -> None:
    """The child of a process with waiting minimisers asks for what the parent asks for."""
    code = f"""
box = Space(np.full(3, -1.0), np.full(3, 1.0))
made = getattr(en.search, {search!r}, None) or getattr(en.gradient, {search!r})
search = made(box, population=2, seed=1)

def told(number):
    for _ in range(4):
        asked = search.ask()
        search.tell(asked, -(asked**2).sum(axis=1), -2 * asked)
    return search.ask().tolist()

for _ in range(3):
    asked = search.ask()
    search.tell(asked, -(asked**2).sum(axis=1), -2 * asked)
with fork.Pool(2) as pool:
    answers = pool.map(told, [0], chunksize=1)
answers.append(told(0))
"""
    child, parent = answers(code, tmp_path, 1)
    assert child == parent
