"""What was compiled for problems that are gone is freed, and those that live go on."""

import sys
from pathlib import Path

import pytest
import work

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the process's memory from /proc")

MEASURED = """
import ctypes, gc, json
import numpy as np
import work
import evornn as en

def memory():
    for _ in range(3):
        gc.collect()
    getattr(ctypes.CDLL(None), "malloc_trim", int)(0)
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

def problem(number):
    return en.Problem(en.networks.CTRNN(units=3), type(f"Task{number}", (en.tasks.Pendulum,), {})(steps=5), workers=1)

lives = problem("That lives")
genomes = work.genomes(lives)
right = work.oracle(lives)
after, numbers = [], []
for number in range(COUNT):
    numbers.append(problem(number).evaluate(genomes).fitness.tolist())
    after.append(memory())
    numbers.append(lives.evaluate(genomes).fitness.tolist())
assert np.allclose(numbers, right, rtol=1e-4, atol=0), (numbers, right)
print(json.dumps((after[-1] - after[3]) / (COUNT - 4)))
"""

REMADE = """
import gc, sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import work
from evornn.compiler import object_code
sys.setswitchinterval(1e-5)

lives = work.problem(units=2, workers=2)
genomes = work.genomes(lives)
fitness, gradients = lives.evaluate(genomes).fitness, lives.gradient(genomes).gradients
right = {}

def job(number):
    units = (1, 3)[number % 2]
    one = work.problem(units=units, workers=2, steps=8 + 2000 * (number % 5 == 0))
    mine = work.genomes(one, 40)
    found = one.evaluate(mine, steps=8).fitness, one.gradient(mine, steps=8).gradients
    one.evaluate(mine)
    for known, new in zip(right.setdefault(units, found), found, strict=True):
        np.testing.assert_array_equal(new, known)
    np.testing.assert_array_equal(lives.evaluate(genomes).fitness, fitness)
    del one
    if number % 3 == 0:
        gc.collect()

for number in range(COUNT // 2):
    job(number)
with ThreadPoolExecutor(4) as pool:
    list(pool.map(job, range(COUNT // 2)))
np.testing.assert_array_equal(lives.gradient(genomes).gradients, gradients)
gc.collect()
work.problem(units=4).evaluate(work.genomes(work.problem(units=4)))
print(object_code.held())
"""


def growth(count: int, cache: Path) -> float:
    done = work.python(MEASURED.replace("COUNT", str(count)), cache)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.slow
def test_problems_that_are_gone_leave_little_memory(tmp_path: Path) -> None:
    """MB that each of 20 leaves: with a cold cache what compiling leaves, 0.9; with a warm one nothing."""
    assert growth(20, tmp_path) < 1.5
    assert growth(20, tmp_path) < 0.1


def test_problems_read_from_the_cache_leave_next_to_nothing(tmp_path: Path) -> None:
    """The same in short."""
    growth(7, tmp_path)
    assert growth(7, tmp_path) < 0.4


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_problems_made_and_dropped_again_and_again_give_the_same_numbers(count: int, tmp_path: Path) -> None:
    """Also in threads, beside one that lives; what stays loaded is what is held, and perhaps the last that was."""
    done = work.python(REMADE.replace("COUNT", str(count)), tmp_path)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 4
