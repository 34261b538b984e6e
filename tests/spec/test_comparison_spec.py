"""Specs of comparisons: mistakes are named with their place; suites, overrides and changes do what they say."""

import tomllib

import pytest

import evornn
from evornn import EvornnError
from evornn.compare.cells import cells
from evornn.spec.comparison import Comparison, chosen
from evornn.spec.suites import SUITES
from tests.compare.grids import SPEC

GOOD = SPEC.format(seeds=2, evaluations=40, steps=5)
ON = "on = { short = { search = { population = 6 } } }\n"
SEARCH = 'search = { name = "RandomGuessing", population = 10 }'


def of(text, *overrides, **options):
    return Comparison.of(tomllib.loads(text), "s.toml", list(overrides), **options)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[compare]", "[comparison]", r"no section \[comparison\].*did you mean 'compare'"),
        ("evaluations", "evaluation", r"\[compare\]: there is no 'evaluation' here.*did you mean 'evaluations'"),
        ("evaluations = 40", "target = 3.0", r"\[\[problems\]\] swing up: nothing would stop this run"),
        ("evaluations = 40", "evaluations = 0", r"\[\[problems\]\] swing up: evaluations is 0; it must be a whole"),
        ("seeds = 2", "seeds = 0", r"\[compare\]: seeds is 0; it must be a whole number in \[1"),
        ("seeds = 2", "seeds = [1, 1]", r"\[compare\]: seeds is \[1, 1\].*a list of different ones"),
        ("seeds = 2", "seeds = [-1]", r"\[compare\]: a seed is -1; it must be a whole number in \[0"),
        ("workers = 2", "workers = 0", r"\[compare\]: workers is 0"),
        ('backend = "plain"', 'backand = "plain"', r"\[problem\]: there is no 'backand' here.*did you mean 'backend'"),
        ('backend = "plain"', "workers = 2", r"\[problem\]: workers does not belong here; a run has one thread"),
        ("task = {", "tsk = {", r"\[\[problems\]\] swing up: there is no 'tsk' here.*did you mean 'task'"),
        ("Pendulum", "Pendulm", r"\[\[problems\]\] swing up, task: .*'Pendulm'.*did you mean 'Pendulum'"),
        ("steps = 5", "step = 5", r"\[\[problems\]\] swing up, task Pendulum: there is no 'step' here"),
        ('network = { name = "Elman", units = 2 }', "", r"swing up: network is None; it must be a table with a name"),
        ("GeneticAlgorithm", "GenetcAlgorithm", r"\[\[methods\]\] GA, search: .*did you mean 'GeneticAlgorithm'"),
        ("reevaluate", "seed", r"\[\[methods\]\] GA, search: seed does not belong here"),
        (SEARCH, "", r"\[\[methods\]\] guess: search is None"),
        ("on = { short", "on = { shrt", r"\[\[methods\]\] GA, on: there is no 'shrt' here.*did you mean 'short'"),
        ("{ search = { population = 6", "{ task = { steps = 6", r"GA, on short: there is no 'task' here"),
        ('name = "short"', 'name = "swing up"', r"there are two \[\[problems\]\] called 'swing up'"),
        ('name = "short"', 'name = "Swing_up"', r"the names 'swing up' and 'Swing_up' are too much alike"),
        ('name = "short"', 'name = "../short"', r"the name '../short' cannot name a folder; use up to 60 letters"),
        ('name = "short"', "steps = 9", r"\[\[problems\]\] number 2: name is None; it must be text"),
        ("[[methods]]", "[[method]]", r"no section \[method\].*did you mean 'methods'"),
    ],
)
def test_mistakes_are_named_with_place_and_remedy(old, new, words):
    text = GOOD.replace(ON, "") if old in ('name = "short"',) else GOOD
    assert old in text
    with pytest.raises(EvornnError, match=rf"s\.toml.*{words}"):
        of(text.replace(old, new, 1) if old != "[[methods]]" else text.replace(old, new))


def test_values_that_a_constructor_refuses_are_told_with_the_pair(tmp_path):
    comparison = of(GOOD.replace("population = 10, reevaluate", "population = 1, reevaluate"))
    with pytest.raises(EvornnError, match=r"s\.toml, GA on swing up, \[search\]: population is 1"):
        evornn.compare.run(comparison, tmp_path / "out")
    assert not list((tmp_path / "out").glob("cells/*"))


def test_methods_that_cannot_work_on_a_problem_are_told_before_any_run(tmp_path):
    text = GOOD.replace("RandomGuessing", "Adam").replace("Pendulum", "DoublePole").replace("steps = 5", "steps = 7")
    with pytest.raises(EvornnError, match=r"guess on swing up: DoublePole\(.*\) is not smooth"):
        evornn.compare.run(of(text.replace("task = {", "task = { fitness = 'steps',")), tmp_path / "out")


def test_every_cell_is_an_ordinary_run_in_one_thread():
    comparison = of(GOOD)
    spec = comparison.run_spec("swing up", "GA", 2)
    assert (spec.seed, spec.limits.evaluations, spec.limits.target) == (2, 40, None)
    assert (spec.search["population"], spec.problem["workers"], spec.problem["backend"]) == (10, 1, "plain")
    assert comparison.run_spec("short", "GA", 1).limits.target == -20.0
    assert [tuple(cell) for cell in cells(comparison)][:5] == [
        ("swing up", "GA", 1), ("swing up", "guess", 1), ("short", "GA", 1), ("short", "guess", 1),
        ("swing up", "GA", 2),
    ]  # fmt: skip


def test_changes_by_method_and_problem():
    text = GOOD.replace(SEARCH, SEARCH + '\nnetwork = { name = "CTRNN", units = 3 }')
    text += 'on = { short = { network = { name = "LSTM" }, problem = { episodes = 3 } } }\n'
    comparison = of(text)
    assert comparison.run_spec("short", "GA", 1).search == {
        "name": "GeneticAlgorithm",
        "population": 6,
        "reevaluate": True,
    }
    assert comparison.run_spec("swing up", "GA", 1).network == {"name": "Elman", "units": 2}
    assert comparison.run_spec("swing up", "guess", 1).network == {"name": "CTRNN", "units": 3}
    assert comparison.run_spec("short", "guess", 1).network == {"name": "LSTM"}
    assert comparison.run_spec("short", "guess", 1).problem["episodes"] == 3
    assert comparison.run_spec("short", "GA", 1).problem["episodes"] == 1


def test_overrides_and_seeds():
    changes = ["methods.GA.search.population=64", "problems.swing up.task.steps=9", "compare.evaluations=500"]
    comparison = of(GOOD, *changes, "problem.precision=float64", "problems.short.seconds=2.5", seeds=5)
    spec = comparison.run_spec("swing up", "GA", 5)
    assert (spec.search["population"], spec.task["steps"], spec.limits.evaluations) == (64, 9, 500)
    assert (spec.problem["precision"], comparison.problems["short"].limits.seconds) == ("float64", 2.5)
    assert comparison.seeds == (1, 2, 3, 4, 5)
    assert of(GOOD.replace("seeds = 2", "seeds = [7, 3]")).seeds == (7, 3)
    for bad, words in [
        ("methods.GB.search.population=3", "did you mean 'GA'"),
        ("methods.GA=3", "write compare.evaluations=5000"),
        ("search.population=3", "the section is 'search'; valid: compare"),
        ("methods.guess.search.popolation=3", "did you mean 'population'"),
        ("methods.GA.name.x=3", "name is 'GA', no table"),
    ]:
        with pytest.raises(EvornnError, match=words):
            of(GOOD, bad)


def test_stored_text_reads_back_as_the_same_comparison():
    for text in (GOOD, GOOD.replace("seeds = 2", "seeds = [7, 3]")):
        comparison = of(text)
        again = Comparison.of(tomllib.loads(comparison.text()), "s.toml")
        assert again.text() == comparison.text()
        assert (again.problems, again.methods, again.seeds) == (
            comparison.problems,
            comparison.methods,
            comparison.seeds,
        )
        assert again.workers is None


def test_joined_has_all_there_ever_was():
    less = of(GOOD.replace("seeds = 2", "seeds = [2, 9]").replace('name = "guess"', 'name = "other"'))
    joined = less.joined(of(GOOD))
    assert joined.seeds == (1, 2, 9)
    assert list(joined.methods) == ["GA", "guess", "other"]
    one = GOOD[: GOOD.index('[[problems]]\nname = "short"')] + GOOD[GOOD.index("[[methods]]") :]
    kept = of(one.replace(ON, "")).joined(of(GOOD))
    assert kept.run_spec("short", "GA", 1).search["population"] == 6
    with pytest.raises(EvornnError, match=r"GA: on was \{'short': .*\} and is not given"):
        of(GOOD.replace(ON, "")).joined(of(GOOD))


def test_suites():
    text = '[compare]\nevaluations = 9\n[[methods]]\nname = "R"\nsearch = { name = "RandomGuessing" }\n'
    suite = '[[problems]]\nsuite = "poles"\n'
    comparison = of(text + suite)
    assert (
        list(comparison.problems)
        == [entry.name for entry in SUITES["poles"]]
        == list(dict.fromkeys(comparison.problems))
    )
    some = of(
        text
        + suite
        + 'only = ["double_pole"]\nnetwork = { name = "Elman" }\nevaluations = 7\nproblem = { episodes = 2 }'
    )
    assert list(some.problems) == ["double_pole"]
    spec = some.run_spec("double_pole", "R", 1)
    assert (spec.network, spec.limits.evaluations, spec.problem["episodes"]) == ({"name": "Elman"}, 7, 2)
    for bad, words in [
        ('suite = "pole"', "suite is 'pole'; valid: poles, .*did you mean 'poles'"),
        ('suite = "poles"\nonly = ["duble_pole"]', "there is no 'duble_pole' here.*did you mean 'double_pole'"),
        ('suite = "poles"\nname = "x"', "name does not belong beside suite"),
        ('suite = "poles"\n[[problems]]\nsuite = "small"', r"two \[\[problems\]\] called 'single_pole'"),
    ]:
        with pytest.raises(EvornnError, match=words):
            of(text + "[[problems]]\n" + bad)


@pytest.mark.parametrize("name", SUITES)
def test_every_problem_of_a_suite_can_be_made_and_says_when_it_is_solved(name):
    suite = getattr(evornn.suites, name)
    assert suite is SUITES[name]
    for entry in suite:
        problem = entry.problem(seed=3, backend="plain")
        assert problem.seed == 3
        assert problem.task.champion_test() or problem.task.solved_fitness is not None
        assert problem.space.dimension > 3
    assert len({entry.name for entry in suite}) == len(suite)


def test_the_pole_suite_is_the_whole_table():
    tasks = {(e.task["name"], e.task["velocities"], e.task["fitness"]) for e in evornn.suites.poles}
    assert len(tasks) == len(evornn.suites.poles) == 8


def test_only():
    comparison = of(GOOD)
    assert chosen(comparison, []) == (["swing up", "short"], ["GA", "guess"])
    assert chosen(comparison, ["short"]) == (["short"], ["GA", "guess"])
    assert chosen(comparison, ["guess", "short"]) == (["short"], ["guess"])
    with pytest.raises(EvornnError, match=r"'gues' is neither a problem nor a method; .*did you mean 'guess'"):
        chosen(comparison, ["gues"])
