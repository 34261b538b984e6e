"""Problem: the contract that searches and users rely on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evornn as en
from evornn.compiler.layout import choose
from evornn.errors import EvornnError
from evornn.genome import Genome, Parameter, Space


@pytest.fixture(scope="module")
def pole() -> en.Problem:
    return en.Problem(en.networks.FullyRecurrent(units=3), en.tasks.DoublePole(velocities=False), workers=1)


@pytest.fixture(scope="module")
def genomes(pole: en.Problem) -> np.ndarray:
    return pole.space.sample(np.random.default_rng(0), 10_000)


@pytest.mark.parametrize("count", [1, 17, 10_000])
def test_any_population_gives_each_member_its_own_fitness(pole: en.Problem, genomes: np.ndarray, count: int) -> None:
    found = pole.evaluate(genomes[:count])
    assert found.fitness.shape == found.steps.shape == found.failed.shape == (count,)
    assert found.fitness.dtype == np.float64
    again = pole.evaluate(genomes[:count][::-1])
    np.testing.assert_array_equal(found.fitness, again.fitness[::-1])
    assert (found.steps >= 1).all()


def test_bad_genes_are_nan_for_that_member_alone(pole: en.Problem, genomes: np.ndarray) -> None:
    good = pole.evaluate(genomes[:20])
    spoilt = genomes[:20].copy()
    spoilt[3, 0], spoilt[11, -1], spoilt[19, 5] = np.nan, np.inf, -np.inf
    found = pole.evaluate(spoilt)
    bad = [3, 11, 19]
    assert np.isnan(found.fitness[bad]).all()
    assert (found.steps[bad] == 0).all()
    assert found.failed[bad].all()
    rest = np.setdiff1d(np.arange(20), bad)
    np.testing.assert_array_equal(found.fitness[rest], good.fitness[rest])
    assert np.isnan(pole.evaluate(np.full((2, pole.dimension), np.nan)).fitness).all()


def test_one_step_episodes(pole: en.Problem, genomes: np.ndarray) -> None:
    assert (pole.evaluate(genomes[:9], steps=1).steps == 1).all()


def test_episodes_do_not_leak_into_each_other(pole: en.Problem, genomes: np.ndarray) -> None:
    starts = pole.task.scenarios(5, seed=3)
    together = [
        pole.evaluate(genomes[:4], scenarios=starts[order]).fitness for order in ([0, 1, 2, 3, 4], [4, 2, 0, 1, 3])
    ]
    np.testing.assert_allclose(*together, rtol=1e-12)
    alone = np.mean([pole.evaluate(genomes[:4], scenarios=s[None]).fitness for s in starts], axis=0)
    np.testing.assert_allclose(together[0], alone, rtol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.zeros((3, 7)), r"must be \[P, "),
        (np.zeros(27), r"must be \[P, "),
        (np.zeros((0, 27)), "P >= 1"),
        (np.full((2, 27), "a"), "real numbers"),
    ],
)
def test_wrong_genomes_are_refused(pole: en.Problem, wrong: np.ndarray, said: str) -> None:
    with pytest.raises(EvornnError, match=said):
        pole.evaluate(wrong)


def test_wrong_options_name_the_nearest_right_one() -> None:
    network, task = en.networks.FullyRecurrent(), en.tasks.CartPole()
    for options, said in [
        ({"backend": "cpi"}, "did you mean 'cpu'"),
        ({"precision": "float23"}, "did you mean 'float32'"),
        ({"workers": 0}, r"\[1, "),
        ({"episodes": 0}, r"\[1, "),
    ]:
        with pytest.raises(EvornnError, match=said):
            en.Problem(network, task, **options)
    with pytest.raises(EvornnError, match="FullyRecurrent"):
        en.Problem("lstm", task)
    with pytest.raises(EvornnError, match="DoublePole"):
        en.Problem(network, None)
    with pytest.raises(EvornnError, match="scenarios have shape"):
        en.Problem(network, task).evaluate(np.zeros((1, 50)), scenarios=np.zeros((2, 9)))


def test_rollout_is_the_evaluation_step_by_step(pole: en.Problem, genomes: np.ndarray) -> None:
    best = genomes[np.argmax(pole.evaluate(genomes).fitness)]
    seen = pole.rollout(best)
    exact = pole.exact().evaluate(best[None])
    steps = int(exact.steps[0])
    assert seen.observations.shape == (steps, pole.task.observations)
    assert seen.actions.shape == (steps, pole.task.actions)
    assert {len(v) for v in seen.states.values()} == {len(seen.rewards)} == {steps}
    assert seen.rewards.sum() == steps - 1, "the step that fails earns nothing"


def test_two_threads_give_what_one_gives(genomes: np.ndarray) -> None:
    results = []
    for workers in (1, 2, 5):
        with en.Problem(
            en.networks.FullyRecurrent(units=3), en.tasks.DoublePole(velocities=False), workers=workers
        ) as problem:
            problem.evaluate(genomes[:64])
            results.append(problem.evaluate(genomes).fitness)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_sequences_know_what_is_learned() -> None:
    task = en.tasks.Sequence(criterion=0.5)
    problem = en.Problem(en.networks.Elman(units=2), task)
    genome = problem.space.sample(np.random.default_rng(0), 1)[0]
    assert 0 <= problem.share_learned(genome) <= 1
    with pytest.raises(EvornnError, match="learned"):
        en.Problem(en.networks.Elman(units=2), en.tasks.Sequence()).share_learned(genome)


# genomes and spaces ---------------------------------------------------------------------------
shapes = st.lists(st.sampled_from([(), (3,), (2, 4)]), min_size=1, max_size=5)


@settings(max_examples=50)
@given(shapes, st.integers(1, 4))
def test_genomes_split_into_named_views_and_back(parts: list[tuple[int, ...]], count: int) -> None:
    genome = Genome({f"p{i}": Parameter(shape, (-1.0, 2.0), (0.0, 1.0)) for i, shape in enumerate(parts)})
    rng = np.random.default_rng(0)
    population = genome.space.sample(rng, count)
    assert population.shape == (count, genome.dimension)
    assert ((population >= 0) & (population <= 1)).all()
    assert len(set(genome.space.names)) == genome.dimension
    for name, view in genome.split(population).items():
        view[:] = float(name[1:])
    expected = np.concatenate([np.full(p.size, float(n[1:])) for n, p in genome.parameters.items()])
    np.testing.assert_array_equal(population, np.tile(expected, (count, 1)))


def test_transformed_genes() -> None:
    genome = Genome({"w": Parameter((2,), (-1, 1)), "tau": Parameter((2,), (np.log(0.1), np.log(10)), transform="exp")})
    values = genome.values(np.array([[0.5, -0.5, np.log(2.0), 0.0]]))
    np.testing.assert_allclose(values, [[0.5, -0.5, 2.0, 1.0]])


def test_spaces_refuse_what_is_no_box() -> None:
    for lower, upper, said in [
        ([0, 1], [1, 1], "gene 1"),
        ([0], [np.inf], "finite"),
        ([0, 0], [1], "shapes"),
        ([], [], "D >= 1"),
    ]:
        with pytest.raises(EvornnError, match=said):
            Space(np.array(lower, float), np.array(upper, float))


def test_the_layout_rule() -> None:
    assert choose(1024, 1, 5, 8, ())[0] == "individuals"
    assert choose(1, 625, 5, 8, ())[0] == "episodes"
    assert choose(64, 8, 64, 8, ())[0] == "episodes"
    assert choose(64, 1, 128, 8, ())[0] == "units"
    assert choose(64, 1, 128, 8, {"units"})[0] == "individuals"
    for individuals in (1, 3, 1000):
        layout, lanes, jobs = choose(individuals, 1, 32, 8, ())
        assert layout == "units"
        assert jobs <= individuals
        assert lanes == 8 * jobs
