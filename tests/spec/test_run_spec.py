"""Specs: what is misspelt is named with its place and the nearest right name; what is stored reads back the same."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evornn import EvornnError
from evornn.atomic_files import new_directory
from evornn.experiment.launch import directories, stored_spec
from evornn.search import ParticleSwarm
from evornn.spec import toml
from evornn.spec.run import Spec
from evornn.training import Adam, Memetic

GOOD = """
[network]
name = "FullyRecurrent"
units = 5
[task]
name = "DoublePole"
velocities = false
[search]
name = "GeneticAlgorithm"
population = 100
[run]
evaluations = 1000
"""


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> str:
        (tmp_path / "s.toml").write_text(text)
        return str(tmp_path / "s.toml")

    return write


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("FullyRecurrent", "FulyRecurrent", r"s.toml, \[network\]: .*'FulyRecurrent'.*did you mean 'FullyRecurrent'"),
        ("units", "unit", r"s.toml, \[network\] FullyRecurrent: there is no 'unit' here; .*did you mean 'units'"),
        ("velocities", "velocity", r"\[task\] DoublePole: there is no 'velocity'.*did you mean 'velocities'"),
        ("[search]", "[serch]", r"no section \[serch\].*did you mean 'search'"),
        ("evaluations", "evaluation", r"\[run\]: there is no 'evaluation' here.*did you mean 'evaluations'"),
        ("= 1000", "= -4", r"\[run\]: evaluations is -4; it must be a whole number"),
        ("= 1000", '= "many"', r"\[run\]: evaluations is 'many'; it must be a whole number"),
        ("[run]", "[problem]\nprecisoin = 1\n[run]", r"\[problem\]: there is no 'precisoin'.*did you mean 'precision'"),
        ("[run]", "[run]\nseed = -1", r"\[run\]: seed is -1"),
        ("[run]", "[run]\nvalidation = 0", r"\[run\]: validation is 0"),
        (
            "population",
            "seed = 3\npopulation",
            r"\[search\]: seed does not belong here; a run's seed stands in \[run\]",
        ),
        ('name = "DoublePole"\n', "", r"\[task\]: name is missing; valid: .*DoublePole"),
        ("[search]\n", "", r"\[search\] missing"),
        ("= 1000", "= ", r"s.toml is not valid TOML: .*line"),
    ],
)
def test_mistakes_are_named_with_place_and_remedy(write, old, new, words):
    text = GOOD.replace(old, new) if old != "[search]\n" else GOOD[: GOOD.index("[search]")]
    with pytest.raises(EvornnError, match=words):
        Spec.load(write(text))


def test_a_missing_file_names_the_specs_beside_it(write, tmp_path):
    write(GOOD)
    with pytest.raises(EvornnError, match=r"no spec file .*t\.toml; .*did you mean '.*s\.toml'"):
        Spec.load(tmp_path / "t.toml")


def test_values_that_a_constructor_refuses_are_told_with_their_section(write):
    for change, words in [
        (("units = 5", "units = 0"), r"\[network\]: units is 0"),
        (("population = 100", "population = 1"), r"\[search\]: population is 1"),
        (("population", "populatoin"), r"\[search\].*populatoin.*population"),
        (("velocities = false", 'fitness = "dampin"'), r"\[task\]: fitness is 'dampin'.*did you mean 'damping'"),
    ]:
        with pytest.raises(EvornnError, match=words):
            Spec.load(write(GOOD.replace(*change))).build()


def test_overrides(write):
    path = write(GOOD)
    spec = Spec.load(path, ["search.population=64", "task.fitness=damping", "run.seconds=2.5", "problem.workers=1"])
    assert (spec.search["population"], spec.task["fitness"], spec.limits.seconds) == (64, "damping", 2.5)
    assert spec.problem["workers"] == 1
    for bad, words in [
        ("population=64", "write section.key=value"),
        ("serch.population=64", "did you mean 'search'"),
        ("network.unit=4", "did you mean 'units'"),
    ]:
        with pytest.raises(EvornnError, match=words):
            Spec.load(path, [bad])


def test_trainers_and_their_tables_are_searches_like_any(write):
    trainer = GOOD.replace("GeneticAlgorithm", "Adam").replace(
        "population = 100", 'schedule = {name = "linear", steps = 9}'
    )
    memetic = GOOD.replace("GeneticAlgorithm", "Memetic") + '[search.search]\nname = "ParticleSwarm"\nk = 5\n'
    memetic = memetic.replace("population = 100", "population = 10")
    for text, cls in ((trainer, Adam), (memetic, Memetic)):
        spec = Spec.load(write(text), ["run.seed=5"])
        assert Spec.of(tomllib.loads(spec.text()), spec.origin) == spec
        _, search = spec.build()
        assert type(search) is cls
        assert search.seed == 5
    assert type(search.search) is ParticleSwarm
    assert search.search.options["k"] == 5
    for bad, words in (
        ("AdamW", r"\[search\]: name is 'AdamW'; .*'Adam'"),
        ('Adam"\nbeta = "3', "no 'beta' here; .*'beta2'"),
    ):
        with pytest.raises(EvornnError, match=words):
            Spec.load(write(GOOD.replace("GeneticAlgorithm", bad)))


def test_stored_text_reads_back_as_the_same_spec(write):
    spec = Spec.load(write(GOOD), ["run.target=0.5", "run.seed=7", "run.validation=9", "run.fresh_episodes=true"])
    assert spec.noise.validation == 9
    assert Spec.of(tomllib.loads(spec.text()), spec.origin) == spec


def test_only_limits_and_workers_change_on_resume(tmp_path):
    (tmp_path / "spec.toml").write_text(GOOD)
    spec = stored_spec(tmp_path, ["run.evaluations=2000", "problem.workers=2"])
    assert spec.limits.evaluations == 2000
    for change in (
        "search.population=50",
        "run.seed=9",
        "network.units=6",
        "problem.precision=float64",
        "run.validation=3",
    ):
        with pytest.raises(EvornnError, match="when a run is resumed"):
            stored_spec(tmp_path, [change])


def test_new_directories_count_up_and_are_removed_if_nothing_came_of_them(tmp_path):
    for name in ("pole-5", "pole-5-2", "pole-5-3"):
        with new_directory(directories(tmp_path / "a" / "b", "pole", 5)) as made:
            assert made == tmp_path / "a" / "b" / name
            (made / "kept").touch()
    with new_directory(directories(tmp_path / "c" / "d", "x" * 300, 5)) as made:
        assert made.name == "x" * 220 + "-5"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@settings(max_examples=40)
@given(st.dictionaries(st.text(), st.dictionaries(st.text(), values, max_size=4), max_size=3))
def test_toml_round_trip(tables):
    assert tomllib.loads(toml.dumps(tables)) == tables
