"""Whatever is made on first use is made once, and whole, when several threads come first."""

import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import work

JOBS = """
import json, sys, threading
from concurrent.futures import ThreadPoolExecutor
import numpy as np
sys.setswitchinterval(1e-5)
import work
import evornn as en
from evornn.gradient.forward import jvp

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
    done = work.python(code, tmp_path)
    assert (done.stdout.strip(), done.stderr) == ("True", "")
