"""Arguments in each other's place, classes for objects, searches of another problem: the error says what to pass."""

import pytest

import evornn
import evornn.genome
from evornn import EvornnError, networks, search, tasks, training

NETWORK, TASK = networks.FullyRecurrent(units=1), tasks.Pendulum(steps=2)


def problem(units=1):
    return evornn.Problem(networks.FullyRecurrent(units=units), TASK, "plain")


def method(units=1):
    return search.RandomGuessing(problem(units).space, population=2)


@pytest.mark.parametrize("name", [*search.REGISTRY, *training.REGISTRY])
def test_searches_are_made_with_a_space(name):
    make = (search.REGISTRY | training.REGISTRY)[name]
    with pytest.raises(EvornnError, match=rf"space is an object of Problem.*{name}\(problem\.space\)"):
        make(problem())
    for given in (None, 5, NETWORK, evornn.genome.Space, lambda: 1):
        with pytest.raises(EvornnError, match="space is "):
            make(given)


PAIRS = [
    (lambda: (method(), problem()), "in each other's place"),
    (lambda: (lambda genomes: genomes.sum(), method()), "problem is the function .*Problem\\(network, task\\)"),
    (lambda: (TASK, method()), "problem is an object of Pendulum"),
    (lambda: (None, method()), "problem is None"),
    (lambda: (evornn.Problem, method()), "problem is the class Problem"),
    (lambda: (problem(), None), "search is None"),
    (lambda: (problem(), "CMAES"), "search is 'CMAES'"),
    (lambda: (problem(), search.CMAES), "search is the class CMAES"),
    (lambda: (problem(), problem()), "search is an object of Problem"),
    (lambda: (problem(2), method()), "made for 5 genes and the problem has 12: make it with problem.space"),
]


@pytest.mark.parametrize(("make", "words"), PAIRS)
@pytest.mark.parametrize("begin", [evornn.run, evornn.predict])
def test_runs_take_a_problem_and_a_search_for_it(begin, make, words):
    with pytest.raises(EvornnError, match=words):
        begin(*make(), evaluations=4)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: evornn.Problem(TASK, NETWORK), "network is an object of Pendulum.*Problem\\(network, task\\)"),
        (lambda: evornn.Problem(networks.FullyRecurrent, TASK), "network is the class FullyRecurrent"),
        (lambda: evornn.Problem(NETWORK, tasks.DoublePole), "task is the class DoublePole"),
        (lambda: evornn.Problem("LSTM", TASK), "network is 'LSTM'"),
        (lambda: networks.Stacked(networks.LSTM), "layer 0 is the class LSTM"),
        (lambda: networks.Stacked([NETWORK]), "layer 0 is .*must be a network"),
        (lambda: networks.Stacked(layers=5), "layers is 5"),
        (lambda: search.IslandModel(problem().space, search=5), "search is 5"),
        (lambda: search.GeneticAlgorithm(problem().space, mutate=["x"]), "mutate is \\['x'\\]"),
        (lambda: search.ESP(problem().space, population="abc"), "population is 'abc'"),
        (lambda: search.SANE(problem().space, population="abc"), "population is 'abc'"),
        (lambda: search.PGPE(problem().space, sigma_rate=1e19), "sigma_rate is 1e\\+19.*\\[0, 1,000,000\\]"),
        (lambda: search.CMAES(problem().space, active={}), "active is {}; valid: True, False"),
        (lambda: tasks.DoublePole(fitness=[]), "fitness is \\[\\]"),
        (lambda: evornn.Problem(NETWORK, TASK, seed=2**32), "\\[0, 4,294,967,295\\]"),
    ],
)
def test_the_error_says_what_was_given_and_what_to_pass(make, words):
    with pytest.raises(EvornnError, match=words):
        make()
