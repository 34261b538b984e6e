"""Machines in weights against machines in Python: brackets, sums, a Turing machine; and how deep stacks are exact."""

import itertools

import numpy as np
import pytest

from evornn.backends.cpu import CpuBackend
from evornn.networks import RationalMachine
from evornn.networks.machines.program import PALINDROMES, PROGRAMS
from evornn.simulation import Simulation
from evornn.tasks import Sequence
from tests.networks.running import drawn, trajectory


def states(program, text, steps=0):
    """The machine's readable units after each symbol, and after `steps` more without input: name -> [T]."""
    alphabet = PROGRAMS[program].inputs
    network, p = drawn(RationalMachine(program=program), len(alphabet), 1)
    xs = [[float(symbol == a) for a in alphabet] for symbol in text] + [[0.0] * len(alphabet)] * steps
    width = network.width
    seen = np.array([s.h[:width] for s in trajectory(network, p, np.array(xs))[1]])
    return dict(zip(network.unit_names, seen.T, strict=True))


def test_brackets_are_balanced_where_a_counter_says_so():
    for text in map("".join, itertools.product("()", repeat=8)):
        seen, depth, broken = states("brackets", text), 0, False
        for t, symbol in enumerate(text):
            depth += 1 if symbol == "(" else -1
            broken = broken or depth < 0
            assert seen["wrong"][t] == broken
            if not broken:
                assert seen["so far"][t] == 1.0
                assert seen["stack 0 >= x"][t] == (depth > 0)
                assert seen["stack 0"][t] == sum(4.0**-k for k in range(1, depth + 1))


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 3), (4, 0), (1, 1), (5, 7)])
def test_unary_sums(a, b):
    text = "1" * a + "+" + "1" * b + "="
    seen = states("adder", text, steps=a + b + 2)
    assert seen["one"].sum() == a + b
    assert seen["done"][len(text) - 1 + a + b :].all()
    assert not seen["done"][: len(text) - 1 + a + b].any()


def run_on_a_tape(text):
    """The palindrome machine on a dict of cells; the final state and the number of its moves."""
    tape, at, state, moves = dict(enumerate(text)), 0, "first", 0
    while state not in ("yes", "no"):
        symbol = tape.get(at, "_")
        moves += 1
        if state == "first":
            state, tape[at], at = ("yes" if symbol == "_" else f"go {symbol}"), "_", at + 1
        elif state.startswith("go"):
            state, at = (state, at + 1) if symbol != "_" else (state.replace("go", "at"), at - 1)
        elif state.startswith("at"):
            same = symbol == state[-1]
            state = "yes" if symbol == "_" else "home" if same else "no"
            tape[at], at = ("_" if same else symbol), at - 1 if state == "home" else at + 1
        else:
            state, at = ("home", at - 1) if symbol != "_" else ("first", at + 1)
    return state, moves


def test_a_turing_machine_takes_the_same_steps_as_one_in_python():
    words = ["", "0", "10", "11", "010", "0110", "0100", "1011101", "1011001", "110010110011"]
    for text in words:
        final, moves = run_on_a_tape(text)
        assert final == ("yes" if text == text[::-1] else "no")
        before = len(text) + 1 + len(text) + 1  # reading, the end, and going back to the first symbol
        seen = states("palindromes", text + ".", steps=before - len(text) - 1 + moves)
        assert seen[final][before + moves - 1] == 1.0
        assert not seen["yes"][: before + moves - 1].any()
        assert not seen["no"][: before + moves - 1].any()
    assert len(PALINDROMES.rules) > 50


@pytest.mark.parametrize(("precision", "deep"), [("float64", 25), ("float32", 10)])
def test_stacks_are_exact_to_their_digits(precision, deep):
    """( d times, then ) d times: balanced at the end alone. Deeper, digits are lost."""
    for depth, exact in [(deep, True), (2 * deep + 10, False)]:
        text = "(" * depth + ")" * depth
        inputs = np.array([[[float(symbol == a) for a in "()"] for symbol in text]])
        balanced = np.zeros((1, len(text), 1))
        balanced[0, -1] = 1.0
        simulation = Simulation(RationalMachine(), Sequence(inputs, balanced))
        names = simulation.network.unit_names
        weights = {"so far": 1.0, "stack 0 >= x": -1.0}
        genome = np.array([[weights.get(name, 0.0) for name in names] + [0.0]])
        backend = CpuBackend(simulation, precision, workers=1)
        loss = -backend.evaluate(genome, np.zeros((1, 1)), len(text))[0][0, 0]
        backend.close()
        assert (loss == 0.0) == exact
