"""The loop: exact budgets, stopping rules, champions, and what the result says."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import evornn
from evornn import EvornnError
from evornn.cli.summary import REASONS
from evornn.experiment.duplicates import WINDOW, DuplicateCounter
from evornn.spec.budget import Limits
from tests.experiment.fakes import FakeProblem, make


@pytest.mark.parametrize("budget", [1, 19, 20, 21, 137])
def test_evaluations_budget_is_exact(budget):
    problem, search = make()
    result = evornn.run(problem, search, evaluations=budget)
    assert result.evaluations == problem.evaluated == search.evaluations == budget
    assert result.stopped_by == "evaluations"
    assert result.steps == 7 * budget
    assert result.history["evaluations"][-1] == budget


def test_a_search_that_ignores_the_limit_is_not_allowed_to_pass_the_budget():
    class Stubborn(evornn.search.RandomGuessing):
        def ask(self):
            return super().ask()

    problem = FakeProblem()
    result = evornn.run(problem, Stubborn(problem.space, population=30), evaluations=100)
    assert result.evaluations == problem.evaluated == 90
    assert result.stopped_by == "evaluations"


def test_other_limits():
    problem, search = make()
    assert evornn.run(problem, search, generations=4).history["generation"].tolist() == [1, 2, 3, 4]
    problem, search = make()
    search.restart_after = 3
    result = evornn.run(problem, search, restarts=2, evaluations=20_000)
    assert result.stopped_by == "restarts"
    assert result.restarts == 2 > result.history["restarts"][-2]
    problem, search = make()
    search.reevaluate = True
    result = evornn.run(problem, search, reevaluations=5, evaluations=20_000)
    assert result.stopped_by == "reevaluations"
    assert result.reevaluations >= 5 > result.history["reevaluations"][-2]


def test_every_limit_has_words():
    assert set(REASONS) == {*Limits.__struct_fields__, "search"} - {"target"}


@pytest.mark.parametrize("steps", [1, 500, 7 * 20 * 3, 7 * 20 * 3 + 1])
def test_only_the_last_genome_may_pass_a_budget_of_steps(steps):
    problem, search = make()
    result = evornn.run(problem, search, steps=steps)
    assert result.stopped_by == "steps"
    assert result.steps == 7 * -(-steps // 7)
    whole, again = make()
    evornn.run(whole, again, evaluations=result.evaluations)
    assert np.array_equal(again.best.genome, search.best.genome)  # generations were cut, but it is the same search


def test_generations_are_cut_to_what_fits_the_budgets():
    spent = dict.fromkeys(("steps", "generation", "reevaluations", "restarts"), 50) | {"evaluations": 100}
    last = SimpleNamespace(**spent)
    assert Limits(seconds=10.0).left(None, 0.0, 7) is None  # nobody knows yet how long one takes
    assert Limits(seconds=10.0).left(last, 8.0, 7) == 25
    assert Limits(seconds=10.0).left(last, 11.0, 7) == 1
    assert Limits(steps=121).left(last, 8.0, 7) == 10
    assert Limits(steps=121).left(last, 8.0, None) is None
    assert Limits(steps=121, evaluations=104, seconds=10.0).left(last, 8.0, 7) == 4
    assert Limits(generations=51).left(last, 8.0, 7) is None


def test_classic_stopping_rules():
    problem, search = make()
    result = evornn.run(problem, search, error_threshold=0.05, generations=500)
    assert result.stopped_by == "error_threshold"
    assert result.history["best"][-1] >= -0.05 > result.history["best"][-2]
    problem, search = make()
    result = evornn.run(problem, search, share_learned=1.0, generations=500)
    assert result.stopped_by == "share_learned"
    assert np.abs(result.best.genome - 0.5).max() < 0.2
    assert result.history["learned"][-1] == 1.0 > result.history["learned"][-2]


def test_solved_needs_a_champion_that_passes():
    problem, search = make(solves=0.001)
    result = evornn.run(problem, search, evaluations=20_000)
    assert result.solved
    assert result.stopped_by == "solved"
    assert result.verified.solved
    assert -np.square(result.best.genome - 0.5).sum() == result.best.fitness >= -0.001
    assert result.evaluations < 20_000
    assert result.evaluations - 20 < result.best.evaluation <= result.evaluations
    assert result.tests == problem.tested >= 1
    assert result.test_steps == 11 * problem.tested
    assert result.steps == 7 * result.evaluations  # tests are counted apart


def test_a_target_is_checked_again_in_float64():
    problem, search = make()
    exact = FakeProblem()
    exact.evaluate = lambda genomes: SimpleNamespace(fitness=10 * FakeProblem.evaluate(exact, genomes).fitness)
    problem.exact = lambda: exact  # in float64 every genome turns out ten times worse
    result = evornn.run(problem, search, target=-0.1, evaluations=20_000)
    assert result.solved
    assert result.best.fitness >= -0.01
    assert result.verified.fitness == pytest.approx(10 * result.best.fitness)
    assert result.tests == exact.evaluated > 1


@pytest.mark.parametrize(
    ("name", "options", "share"),
    [("GeneticAlgorithm", {}, 0), ("LBFGS", {}, 1), ("Adam", {"batch": 1}, 3 / 4), ("Memetic", {"steps": 3}, 3 / 4)],
)
@pytest.mark.parametrize("budget", [1, 79, 247])
def test_gradients_are_evaluations_and_said_to_be(name, options, share, budget):
    """A budget that ends within a generation is met; what a trainer takes is counted apart from what it checks."""
    problem, search = make(solves=-1.0, name=name, **options)
    result = evornn.run(problem, search, evaluations=budget)
    assert result.evaluations == problem.evaluated == search.evaluations == budget
    assert result.gradients == problem.taken == result.history["gradients"][-1]
    assert abs(result.gradients - share * budget) <= 20
    assert result.steps == 7 * budget


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("RandomGuessing", {}),
        ("GeneticAlgorithm", {"reevaluate": True, "elites": 3, "restart_after": 4}),
        ("ParticleSwarm", {"restart_after": 5}),
        ("Adam", {"batch": 1}),
    ],
)
def test_restarts_and_genomes_asked_again_are_counted(name, options):
    problem, search = make(solves=-1.0, name=name, **options)
    asked, ask = [], search.ask
    search.ask = lambda limit=None: asked.append(ask(limit)) or asked[-1]
    result = evornn.run(problem, search, evaluations=790)
    genomes = [genome.tobytes() for genome in np.concatenate(asked)]
    assert result.reevaluations == len(genomes) - len(set(genomes)) == result.history["reevaluations"][-1]
    assert (result.reevaluations > 0) == (name in ("GeneticAlgorithm", "Adam"))
    assert result.restarts == getattr(search, "restarts", 0) == result.history["restarts"][-1]
    assert (result.restarts > 0) == ("restart_after" in options)


def test_genomes_asked_again_are_remembered_for_a_window():
    asked, genomes = DuplicateCounter(), np.random.default_rng(0).normal(size=(3 * WINDOW, 2))
    asked.count(genomes[:WINDOW])
    asked.count(genomes[: WINDOW + 1])  # each WINDOW evaluations ago; the last is new
    assert asked.total == WINDOW
    asked.count(genomes[:1])  # now one too many ago
    assert asked.total == WINDOW
    asked.count(genomes[[5, 5]] * [[1.0, 1.0], [-1.0, 1.0]])
    assert asked.total == WINDOW + 1
    for start in range(0, 3 * WINDOW, 1000):
        asked.count(genomes[start : start + 1000] + 1.0)
    assert asked.total == WINDOW + 1
    assert len(asked.state_dict()["at"]) == WINDOW
    asked.count(np.array([[0.0, 1.0], [-0.0, 1.0]]))
    assert asked.total == WINDOW + 2


def test_targets_and_champions_go_by_all_episodes():
    """Batches of one episode may reach the target a hundred times; only a check that does is put to the test."""
    problem, search = make(name="SGD", batch=1, rate=0.2, solves=0.002)
    tested, judged = problem.test_champion, []
    problem.test_champion = lambda genome: judged.append(genome) or tested(genome)
    result = evornn.run(problem, search, evaluations=4000)
    rows = result.history
    checks = np.diff(rows["gradients"], prepend=0) == 0
    assert (rows["top"][~checks] > rows["top"][checks].max()).any()
    assert (rows["best"] == np.maximum.accumulate(np.where(checks, rows["top"], -np.inf))).all()
    assert result.solved
    assert checks[-1]
    assert {problem.evaluate(genome[None]).fitness[0] >= -0.008 for genome in judged} == {True}


def test_what_has_no_gradients_is_refused_before_any_file_is_written(tmp_path):
    problem, search = make(name="Adam")
    problem.check_smooth = lambda: (_ for _ in ()).throw(EvornnError("the task is not smooth"))
    with pytest.raises(EvornnError, match="not smooth"):
        evornn.run(problem, search, evaluations=10, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_history_describes_each_generation():
    problem, search = make()
    result = evornn.run(problem, search, generations=5)
    history = result.history
    assert (history["best"] == np.maximum.accumulate(history["top"])).all()
    assert (history["median"] <= history["top"]).all()
    assert (np.diff(history["seconds"]) >= 0).all()
    assert history["evaluations"].tolist() == np.cumsum(history["size"]).tolist()


def test_generations_of_nan_do_not_stop_or_solve_a_run():
    problem, search = make(solves=1.0)
    fine, problem.evaluate = problem.evaluate, lambda genomes: nan_evaluation(fine(genomes))
    result = evornn.run(problem, search, generations=3)
    assert not result.solved
    assert result.history["nan"].tolist() == result.history["size"].tolist()
    assert np.isnan(result.history["mean"]).all()


def nan_evaluation(evaluation):
    evaluation.fitness[:] = math.nan
    return evaluation


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, "nothing would stop this run"),
        ({"target": -1.0}, "nothing would stop this run"),
        ({"evaluations": 0}, r"evaluations is 0; .* \[1"),
        ({"evaluations": 1e5}, "evaluations is 100000.0; it must be a whole number"),
        ({"seconds": -1}, "seconds is -1"),
        ({"generations": 5, "share_learned": 1.5}, "share_learned is 1.5"),
        ({"evaluations": 5, "resume": True}, "resume=True needs out="),
    ],
)
def test_bad_limits_are_refused_before_any_work(limits, words):
    problem, search = make()
    with pytest.raises(EvornnError, match=words):
        evornn.run(problem, search, **limits)
    assert problem.evaluated == 0
