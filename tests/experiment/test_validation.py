"""Fresh episodes and validation: who meets which episodes, what is chosen by them, and that it all resumes."""

import numpy as np
import pytest

import evornn
from evornn import EvornnError, networks, tasks
from evornn.experiment import run as run_module
from evornn.experiment.storage import run_directory
from evornn.experiment.validation import CANDIDATES, TEST, TRAINING, VALIDATION, Candidates, stream
from tests.experiment.fakes import SEARCHES, FakeProblem, make
from tests.experiment.test_run_directory import assert_same_run, interrupt_after


def told(search):
    """What a search is told from now on: generation, genomes and fitness of each piece."""
    heard, tell = [], search.tell
    search.tell = lambda genomes, fitness, *more: (
        heard.append((search.generation, genomes, fitness)) or tell(genomes, fitness, *more)
    )
    return heard


def test_a_generation_meets_episodes_of_its_own_however_it_is_cut(tmp_path):
    for budgets in ((90,), (30, 90)):  # 30 ends within the second generation of 20
        heard = []
        for number, budget in enumerate(budgets):
            problem, search = make(solves=-1.0)
            heard.append(told(search))
            out = tmp_path / str(len(budgets))
            evornn.run(problem, search, evaluations=budget, fresh_episodes=True, out=out, resume=number > 0)
        for generation, genomes, fitness in heard[0] + heard[-1]:
            expected = problem.redrawn(stream(problem.seed, TRAINING, generation)).evaluate(genomes).fitness
            np.testing.assert_array_equal(fitness, expected)
    assert (tmp_path / "1" / run_directory.FITNESS).read_bytes() == (
        tmp_path / "2" / run_directory.FITNESS
    ).read_bytes()
    centres = {problem.redrawn(stream(problem.seed, TRAINING, g)).centre for g, _, _ in heard[0]}
    assert len(centres) == len({g for g, _, _ in heard[0]})


@pytest.mark.parametrize("name", ["GeneticAlgorithm", "Adam", "Memetic"])
@pytest.mark.parametrize("checkpoint_seconds", [0.0, 1e9])
def test_resumes_bit_for_bit(tmp_path, monkeypatch, name, checkpoint_seconds):
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", checkpoint_seconds)
    options = {"evaluations": 333, "fresh_episodes": True, "validation": 4}
    problem, search = make(solves=-1.0, name=name)
    whole = evornn.run(problem, search, out=tmp_path / "whole", **options)
    problem, search = make(solves=-1.0, name=name)
    interrupt_after(search, 5)
    with pytest.raises(KeyboardInterrupt):
        evornn.run(problem, search, out=tmp_path / "cut", **options)
    problem, search = make(solves=-1.0, name=name)
    cut = evornn.run(problem, search, out=tmp_path / "cut", resume=True, **options)
    assert_same_run(tmp_path / "cut", tmp_path / "whole")
    results = [run_directory.read_json(tmp_path / name, run_directory.RESULT) for name in ("cut", "whole")]
    assert results[0]["validated"] == results[1]["validated"]
    np.testing.assert_array_equal(np.load(tmp_path / "cut" / run_directory.VALIDATED), whole.validated.genome)
    np.testing.assert_array_equal(cut.validated.genome, whole.validated.genome)


def test_the_validated_best_is_chosen_by_episodes_of_its_own_and_judged_by_others():
    problem, search = make(solves=-1.0, name="RandomGuessing")
    heard = told(search)
    found = evornn.run(problem, search, evaluations=200, fresh_episodes=True, validation=7).validated
    genomes, fitness = (np.concatenate([piece[i] for piece in heard]) for i in (1, 2))
    top = genomes[np.argsort(-np.nan_to_num(fitness, nan=-np.inf))[:CANDIDATES]]
    scores = problem.redrawn(stream(problem.seed, VALIDATION), 7).evaluate(top).fitness
    np.testing.assert_array_equal(found.genome, top[scores.argmax()])
    tests = problem.redrawn(stream(problem.seed, TEST), 7).evaluate(np.array([found.genome, top[0]])).fitness
    assert (found.validation, found.test, found.flattered) == (scores.max(), *tests)
    assert (found.evaluations, found.steps) == (CANDIDATES + 2, 7 * (CANDIDATES + 2))
    assert found.training <= search.best.fitness


def test_validation_finds_better_genomes_than_lucky_episodes():
    gains = []
    for seed in range(20):
        problem, _ = make(solves=-1.0)
        problem.seed = seed
        search = SEARCHES["RandomGuessing"](problem.space, population=10, seed=seed)
        found = evornn.run(problem, search, evaluations=300, fresh_episodes=True, validation=20).validated
        gains.append(found.test - found.flattered)
    assert np.mean(gains) > 3 * np.std(gains) / np.sqrt(len(gains)) > 0


def test_candidates_are_the_best_told_each_once():
    rng, kept = np.random.default_rng(0), Candidates()
    genomes = rng.integers(0, 9, (400, 2)).astype(float)  # 81 different ones
    fitness = np.where(rng.random(400) < 0.1, np.nan, rng.normal(size=400))
    for start in range(0, 400, 23):
        kept.add(genomes[start : start + 23], fitness[start : start + 23])
    best = {}
    for genome, value in zip(map(tuple, genomes), fitness, strict=True):
        if not np.isnan(value):
            best[genome] = max(value, best.get(genome, -np.inf))
    expected = sorted(best.items(), key=lambda item: -item[1])[:CANDIDATES]
    assert [(tuple(g), f) for g, f in zip(kept.genomes, kept.fitness, strict=True)] == expected
    again = Candidates()
    again.load_state_dict(kept.state_dict())
    np.testing.assert_array_equal(again.genomes, kept.genomes)


def test_streams_share_no_seed_and_nothing_but_a_standard_start():
    seeds = [stream(s, part, n) for s in range(20) for part in (TRAINING, VALIDATION, TEST) for n in range(20)]
    assert len(set(seeds)) == len(seeds)
    problem = evornn.Problem(networks.FullyRecurrent(units=2), tasks.Pendulum(steps=3), "plain", episodes=4, seed=1)
    other = problem.redrawn(7, 9)
    assert other.backend is problem.backend
    assert (len(problem.scenarios), len(other.scenarios)) == (4, 9)
    assert not set(map(bytes, problem.scenarios)) & set(map(bytes, other.scenarios))
    same = evornn.Problem(networks.FullyRecurrent(units=2), tasks.Pendulum(steps=3), "plain", episodes=9, seed=7)
    genomes = problem.space.sample(np.random.default_rng(0), 3)
    np.testing.assert_array_equal(other.evaluate(genomes).fitness, same.evaluate(genomes).fitness)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"validation": 0}, "validation is 0; it must be a whole number in"),
        ({"fresh_episodes": 3}, "fresh_episodes is 3; valid: True, False"),
        ({"fresh_episodes": True}, "the episodes of Adding are given data; there are no others to draw"),
        ({"validation": 5}, "the episodes of Adding are given data"),
    ],
)
def test_what_cannot_be_had_is_refused_before_any_work(tmp_path, options, words):
    problem = evornn.Problem(networks.Elman(units=2), tasks.Adding(length=8), "plain")
    search = SEARCHES["RandomGuessing"](problem.space)
    with pytest.raises(EvornnError, match=words):
        evornn.run(problem, search, evaluations=10, out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_without_validation_nothing_is_kept(tmp_path):
    problem, search = make()
    assert evornn.run(problem, search, evaluations=50, out=tmp_path / "run").validated is None
    assert not (tmp_path / "run" / run_directory.VALIDATED).exists()
    assert isinstance(problem, FakeProblem)
