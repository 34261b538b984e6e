"""What the genetic algorithm promises beyond every search: elites, DEAP's operators by name, its traps kept away."""

import functools
import inspect
import random

import numpy as np
import pytest

from evornn.errors import EvornnError
from evornn.search import GeneticAlgorithm
from evornn.search.evolution.breeding import KEYWORDS, ArrayBreeder, Pool
from evornn.search.evolution.deap_breeding import DeapBreeder, deap_names
from tests.search.search_checks import box, sphere, steps

REAL = ["cxBlend", "cxESBlend", "cxESTwoPoint", "cxOnePoint", "cxSimulatedBinary", "cxSimulatedBinaryBounded"]
REAL += ["cxTwoPoint", "cxUniform"]
SELECTING = ["selBest", "selTournament", "selRoulette", "selStochasticUniversalSampling", "selDoubleTournament"]
SELECTING += ["selRandom", "selWorst", "selLexicase", "selAutomaticEpsilonLexicase", "selNSGA2", "selSPEA2"]


def shrink(individual: list, factor: float = 0.5) -> tuple[list]:
    """A user's own mutation, with an option."""
    for i, gene in enumerate(individual):
        individual[i] = gene * factor + random.random() * 0.01
    return (individual,)


def test_elites_live_on_and_are_not_asked_again() -> None:
    space = box()
    search = GeneticAlgorithm(space, population=20, seed=1, elites=4)
    best: list[np.ndarray] = []
    for generation in range(15):
        genomes = search.ask()
        assert len(genomes) == 20 if generation == 0 else len(genomes) <= 16
        asked = {g.tobytes() for g in genomes}
        assert not any(elite.tobytes() in asked for elite in best)
        search.tell(genomes, sphere(space, genomes))
        assert search._pool is not None
        pool = {g.tobytes() for g in search._pool}
        assert all(elite.tobytes() in pool for elite in best), "an elite was lost"
        assert len(search._pool) == 20
        assert np.array_equal(search._pool_fitness, sphere(space, search._pool)), "a fitness belongs to another genome"
        best = [g.copy() for g in search._pool[np.argsort(-search._pool_fitness)[:4]]]


@pytest.mark.parametrize("ways", [{}, {"mate": "cxBlend", "mutate": "mutGaussian"}], ids=["arrays", "deap"])
def test_unchanged_children_keep_their_fitness(ways: dict) -> None:
    """With rare variation most of a generation is not asked again, and its fitness is still right."""
    space = box()
    search = GeneticAlgorithm(space, population=30, seed=2, crossover=0.1, mutation=0.1, mutation_rate=0.2, **ways)
    sizes = []
    for _ in range(20):
        genomes = search.ask()
        sizes.append(len(genomes))
        search.tell(genomes, sphere(space, genomes))
        assert search._pool is not None
        np.testing.assert_array_equal(search._pool_fitness, sphere(space, search._pool))
    assert max(sizes[1:]) < 20
    assert search.evaluations == sum(sizes)
    again = GeneticAlgorithm(space, population=30, seed=2, crossover=0.1, mutation=0.1, reevaluate=True, **ways)
    assert [len(g) for g in steps(again, 5)] == [30] * 5


def test_a_generation_always_brings_something_new() -> None:
    """A converged population without mutation goes on with immigrants instead of asking nothing."""
    space = box()
    search = GeneticAlgorithm(space, population=3, seed=3, elites=2, mutation=0.0, crossover=1.0)
    asked = steps(search, 40)
    assert all(len(genomes) >= 1 for genomes in asked)


def test_restarts_are_counted_and_keep_the_best() -> None:
    search = GeneticAlgorithm(box(), population=10, seed=4, restart_after=5)
    steps(search, 3)
    top = search.best
    asked = steps(search, 33, lambda g: np.full(len(g), -1e6))
    assert search.restarts >= 5
    assert search.best is top
    assert sum(len(genomes) == 10 for genomes in asked) >= search.restarts  # a full draw after each restart


@pytest.mark.parametrize("mate", REAL)
@pytest.mark.parametrize("mutate", ["mutGaussian", "mutPolynomialBounded", "mutESLogNormal", "mutShuffleIndexes"])
def test_deap_variation_by_name(mate: str, mutate: str) -> None:
    """Every operator of DEAP for real vectors runs with its options filled in, and improves a sphere."""
    space = box()
    search = GeneticAlgorithm(space, population=20, seed=5, mate=mate, mutate=mutate)
    asked = steps(search, 12)
    assert isinstance(search._breeder, DeapBreeder)
    assert sphere(space, asked[-1]).mean() > sphere(space, asked[0]).mean()


@pytest.mark.parametrize("select", SELECTING)
def test_deap_selection_by_name(select: str) -> None:
    search = GeneticAlgorithm(box(), population=12, seed=6, select=select)
    steps(search, 6)
    steps(search, 3, lambda g: np.where(np.arange(len(g)) % 2, np.nan, 1.0))
    steps(search, 3, lambda g: np.full(len(g), np.nan))


def test_deap_lists_are_complete() -> None:
    assert set(REAL) < set(deap_names("mate"))
    assert set(SELECTING) < set(deap_names("select"))


def test_callables_and_toolboxes_and_import_paths() -> None:
    """A user's own mutation: as a callable, by import path, registered in a toolbox; they are the same operator."""
    from deap import base

    toolbox = base.Toolbox()
    toolbox.register("shrink", shrink, factor=0.25)
    common = {"population": 10, "seed": 7, "select": "selTournament", "mate": "cxTwoPoint"}
    asked = [
        steps(GeneticAlgorithm(box(), **common, mutate=shrink, factor=0.25), 5),
        steps(GeneticAlgorithm(box(), **common, mutate=f"{__name__}:shrink", factor=0.25), 5),
        steps(GeneticAlgorithm(box(), **common, mutate="shrink", toolbox=toolbox), 5),
        steps(GeneticAlgorithm(box(), **common, mutate=functools.partial(shrink, factor=0.25)), 5),
        steps(GeneticAlgorithm(box(), **common, mutate=shrink, mutate_options={"factor": 0.25}), 5),
    ]
    for other in asked[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(asked[0], other, strict=True))
    different = steps(GeneticAlgorithm(box(), **common, mutate=shrink), 5)
    assert not np.array_equal(asked[0][-1], different[-1])


def test_options_reach_the_operators() -> None:
    """Short names, DEAP's names and per-operator mappings; GA-wide sigma and rate are in each range's units."""
    space = box()
    search = GeneticAlgorithm(space, population=10, select="truncation", share=0.5, mate="uniform", indpb=0.1)
    breeder = search._breeder
    assert isinstance(breeder, ArrayBreeder)
    assert breeder.select.keywords == {"share": 0.5}
    assert breeder.mate.keywords == {"indpb": 0.1}
    ways = {"select": "selTournament", "mate": "cxUniform", "mutate": "mutGaussian", "sigma": 0.1, "mutation_rate": 0.3}
    toolbox = GeneticAlgorithm(space, population=10, **ways, mate_options={"indpb": 0.9}, tournsize=5)._breeder.toolbox
    assert toolbox.select.keywords == {"tournsize": 5}
    assert toolbox.mate.keywords == {"indpb": 0.9}
    np.testing.assert_allclose(toolbox.mutate.keywords["sigma"], 0.1 * (space.upper - space.lower))
    assert toolbox.mutate.keywords["indpb"] == 0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"select": "tournamnet"}, "did you mean 'tournament'"),
        ({"mate": "cxBlnd"}, "did you mean 'cxBlend'"),
        ({"mutate": "mutGausian"}, "did you mean 'mutGaussian'"),
        ({"mate": "mutGaussian"}, "mate is 'mutGaussian'"),
        ({"mutate": "no.such:thing"}, "cannot be imported"),
        ({"elite": 3}, "did you mean 'elites'"),
        ({"tournsiz": 3}, "did you mean 'tournsize'"),
        ({"eta": 3.0}, "unknown option 'eta'"),
        ({"mate_options": {"alfa": 1.0}}, "'alfa'"),
        ({"mate_options": 3}, "mate_options is 3"),
        ({"elites": 10}, r"elites is 10; it must be a whole number in \[0, 9\]"),
        ({"population": 1}, "population is 1"),
        ({"crossover": 1.5}, r"crossover is 1.5; .* \[0, 1\]"),
        ({"mutation_rate": -0.1}, "mutation_rate is -0.1"),
        ({"sigma": 0.0}, "sigma is 0.0"),
        ({"seed": -1}, "seed is -1"),
        ({"tournsize": 0}, "tournsize is 0"),
        ({"mutate": lambda individual, needed: (individual,)}, "needs the option 'needed'"),
    ],
)
def test_mistakes_are_named(options: dict, message: str) -> None:
    defaults = {"select": "tournament", "mate": "blend"}
    with pytest.raises(EvornnError, match=message):
        GeneticAlgorithm(box(), **{"population": 10, **defaults, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mutate": lambda individual: (individual.append(0.0), (individual,))[1]}, "must keep all 5"),
        ({"mutate": lambda individual: (individual.__setitem__(0, np.nan), (individual,))[1]}, "not finite"),
        ({"mate": "cxPartialyMatched"}, "cxPartialyMatched.*failed"),
        ({"select": lambda individuals, k: 1 / 0}, "failed: division"),
    ],
)
def test_operators_that_cannot_work_are_named(options: dict, message: str) -> None:
    search = GeneticAlgorithm(box(), population=10, **options)
    with pytest.raises(EvornnError, match=message):
        steps(search, 2)


def test_keywords_offered_are_those_of_the_constructor() -> None:
    own = set(inspect.signature(GeneticAlgorithm.__init__).parameters) - {"self", "space", "options"}
    assert own <= set(KEYWORDS)


def test_breeding_leaves_the_parents_alone() -> None:
    """DEAP's slice crossovers corrupt array individuals through views; here neither pool nor bounds change."""
    space = box()
    for ways in ({}, {"mate": "cxTwoPoint", "mutate": "mutGaussian"}, {"mate": "two_point", "mutate": "mutGaussian"}):
        breeder = GeneticAlgorithm(space, population=16, **ways)._breeder
        genomes = space.sample(np.random.default_rng(8), 16)
        kept = genomes.copy()
        children, parents = breeder.breed(np.random.default_rng(9), Pool(genomes, sphere(space, genomes), None), 15)
        assert np.array_equal(genomes, kept)
        same = parents >= 0
        assert np.array_equal(children.genomes[same], genomes[parents[same]])


def test_deap_creator_stays_untouched() -> None:
    from deap import creator

    before = set(vars(creator))
    steps(GeneticAlgorithm(box(), population=10, mutate="mutGaussian"), 3)
    assert set(vars(creator)) == before


def test_both_breeders_breed_alike() -> None:
    """One generation from the same pool: the mean and spread of every gene agree between arrays and DEAP's loop."""
    space = box()
    genomes = space.sample(np.random.default_rng(10), 40)
    pool = Pool(genomes, sphere(space, genomes), None)
    own = {"select": "tournament", "mate": "uniform", "mutate": "gaussian"}
    deap = {"select": "selTournament", "mate": "cxUniform", "mutate": "mutGaussian"}
    bred = []
    for names in (own, deap):
        breeder = GeneticAlgorithm(
            space, population=40, mutation=0.7, mutation_rate=0.4, crossover=0.6, **names
        )._breeder
        rng = np.random.default_rng(11)
        bred.append([breeder.breed(rng, pool, 40) for _ in range(150)])
    children = [np.concatenate([c.genomes for c, _ in side]) for side in bred]
    from scipy import stats

    for gene in range(5):
        assert stats.ks_2samp(children[0][:, gene], children[1][:, gene]).pvalue > 1e-4
    new = [np.mean([(parents < 0).mean() for _, parents in side]) for side in bred]
    assert abs(new[0] - new[1]) < 0.05  # DEAP counts a mated pair as new even where nothing was exchanged
