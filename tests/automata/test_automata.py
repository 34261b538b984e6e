"""Automata: minimal ones, in weights, and drawn out of networks again; Tomita's languages."""

import itertools

import numpy as np
import pytest

import evornn
from evornn.automata import Automaton, extract, insert
from evornn.errors import EvornnError
from evornn.networks import SecondOrder
from evornn.problem import Problem
from evornn.tasks import Sequence, Tomita
from evornn.tasks.grammars.tomita import AUTOMATA
from evornn.training import Adam

STATES = {1: 2, 2: 3, 3: 5, 4: 4, 5: 4, 6: 3, 7: 5}  # of the minimal automata (Watrous & Kuhn 1992)


def tomita(grammar):
    moves, accepting = AUTOMATA[grammar]
    return Automaton(tuple(moves), frozenset(accepting))


@pytest.mark.parametrize("grammar", AUTOMATA)
def test_minimal_automata_are_found_in_larger_ones(grammar):
    """Every state twice, and some that cannot be reached."""
    small, rng = tomita(grammar), np.random.default_rng(grammar)
    count = len(small.moves)
    order = [0, *(1 + rng.permutation(2 * count - 1))]
    moves = [[0, 0]] * (2 * count)
    for copy in range(2):
        for state, row in enumerate(small.moves):
            moves[order[state + copy * count]] = [order[to + int(rng.integers(2)) * count] for to in row]
    accepting = {order[s + copy * count] for s in small.accepting for copy in range(2)}
    large = Automaton(tuple(map(tuple, [*moves, [2 * count, 0]])), frozenset(accepting))
    assert len(small.minimal().moves) == STATES[grammar]
    assert large.minimal() == small.minimal() == small.minimal().minimal()
    for string in map("".join, itertools.product("01", repeat=7)):
        assert small.minimal().accepts(string) == small.accepts(string)


@pytest.mark.parametrize("grammar", AUTOMATA)
def test_an_automaton_in_weights_is_right_for_long_strings_and_is_drawn_out_again(grammar):
    """Omlin & Giles 1996: strings of length 1,000, here in float32; Giles et al. 1992: the minimal automaton."""
    network, genome = insert(tomita(grammar))
    strings = np.random.default_rng(grammar).integers(2, size=(12, 1000))
    if grammar in (1, 2, 4):  # a random one would be lost at once
        inside = {1: [1], 2: [1, 0], 4: [1, 1, 0, 0]}[grammar]
        strings[:6] = np.resize(inside, 1000)
        strings[np.arange(1, 6), [500, 900, 990, 998, 999]] ^= 1
    inputs, targets, mask = np.zeros((12, 1001, 3)), np.zeros((12, 1001, 1)), np.zeros((12, 1001))
    np.put_along_axis(inputs[:, :1000], strings[..., None], 1.0, axis=2)
    inputs[:, 1000, 2] = mask[:, 1000] = 1.0
    targets[:, 1000, 0] = [tomita(grammar).accepts("".join(map(str, string))) for string in strings]
    task = Sequence(inputs, targets, mask, loss="binary_cross_entropy", correct="threshold")
    with Problem(network, task, workers=1) as problem:
        result = problem.evaluate(genome[None])
    assert not result.failed.any()
    assert result.fitness[0] > -1e-3
    assert extract(Problem(network, Tomita(grammar), "plain"), genome) == tomita(grammar).minimal()


def test_a_network_that_is_no_automaton_of_few_states_is_refused():
    problem = Problem(SecondOrder(units=3, readout="linear"), Tomita(5), "plain")
    genome = problem.space.sample(np.random.default_rng(3), 1)[0]
    with pytest.raises(EvornnError, match="no automaton of up to 1 states"):
        extract(problem, genome, most=1)


def test_graphviz_text():
    text = tomita(1).graphviz()
    assert text.splitlines()[0] == "digraph automaton {"
    assert "    0 [shape=doublecircle];" in text
    assert '    0 -> 1 [label="0"];' in text
    assert '    1 -> 1 [label="0, 1"];' in text


@pytest.mark.parametrize("moves", [[], [(0, 2)], [(0,)]])
def test_moves_lead_to_states(moves):
    with pytest.raises(EvornnError, match="moves are"):
        Automaton(tuple(moves), frozenset())


@pytest.mark.parametrize("grammar", AUTOMATA)
def test_what_a_network_learns_from_strings_is_the_minimal_automaton(grammar):
    """Giles et al. 1992; here by Adam, from 200 strings up to length 10. One of three trained networks will do: which
    automaton a network comes to beyond its strings is chance.
    """
    found = []
    for seed in range(3):
        network = SecondOrder(units=5, readout="linear", range=20.0, init=1.0)
        with Problem(network, Tomita(grammar, length=10, sequences=200, seed=seed), workers=1) as problem:
            adam = Adam(problem.space, population=8, seed=seed, rate=0.05)
            best = evornn.run(problem, adam, evaluations=3200).best
            found.append(extract(problem, best.genome))
        if found[-1] == tomita(grammar).minimal():
            return
    raise AssertionError(f"automata of {[len(automaton.moves) for automaton in found]} states")
