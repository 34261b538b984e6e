"""Series prediction: the series against other integrators and by hand, free running, and NRMSE by its definition."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from evornn.backends.reference import ReferenceBackend, parameter_views
from evornn.errors import EvornnError
from evornn.formula import State
from evornn.networks import CTRNN, Elman
from evornn.problem import Problem
from evornn.simulation import Simulation
from evornn.tasks import CO2, MSO, NARMA10, REGISTRY, Lorenz, MackeyGlass, Sunspots, metrics
from evornn.tasks.series.base import Series
from evornn.tasks.series.lorenz import SCALES, lorenz
from evornn.tasks.series.mackey_glass import mackey_glass
from evornn.tasks.series.narma10 import narma10
from tests.pairs import small

SERIES = [name for name, task in REGISTRY.items() if issubclass(task, Series)]
FED_BACK = [name for name in SERIES if "teach" in REGISTRY[name].MORE]


# the series ----------------------------------------------------------------------------------------------------------
def by_steps(start, tau, steps):
    """Mackey-Glass by the method of steps: an ordinary equation on each interval of length tau."""
    past, values = (lambda t: start), []
    for k in range(-(-steps // tau)):

        def slope(t, x, past=past):
            then = past(t - tau)
            return 0.2 * then / (1 + then**10) - 0.1 * x

        x0 = start if k == 0 else values[-1]
        times = np.arange(k * tau + 1, (k + 1) * tau + 1)
        solved = solve_ivp(
            slope, (k * tau, (k + 1) * tau), [x0], "DOP853", times, dense_output=True, rtol=1e-12, atol=1e-12,
            max_step=0.5,
        )  # fmt: skip
        values += list(solved.y[0])
        past = lambda t, own=solved.sol: own(t)[0]  # noqa: E731
    return np.array(values[:steps])


@pytest.mark.parametrize("tau", [17, 30])
def test_mackey_glass_agrees_with_the_method_of_steps(tau):
    found = mackey_glass(np.array([1.2, 0.7]), tau, 120)
    assert found.shape == (120, 2)
    for column, start in zip(found.T, (1.2, 0.7), strict=True):
        np.testing.assert_allclose(column, by_steps(start, tau, 120), atol=2e-7)


def test_mackey_glass_converges_with_the_fourth_order():
    exact = mackey_glass(np.array([1.2]), 17, 40, 80)
    coarse, fine = (np.abs(mackey_glass(np.array([1.2]), 17, 40, n) - exact).max() for n in (5, 10))
    assert 12 < coarse / fine < 20


def test_mackey_glass_is_chaotic_and_squashed():
    values = MackeyGlass(sequences=4, fit=400).series["targets"]
    assert -0.8 < values.min() < -0.4
    assert 0.2 < values.max() < 0.4
    a, b = mackey_glass(np.array([1.0, 1.0 + 1e-6]), 17, 1500).T
    assert np.abs(a - b)[:100].max() < 1e-4
    assert np.abs(a - b)[1000:].max() > 0.1
    a, b = mackey_glass(np.array([1.1, 1.3]), 3, 900)[-1]  # a short delay: no chaos, one fixed point
    assert a == pytest.approx(b, abs=1e-6) == pytest.approx(1.0, abs=1e-5)


def test_lorenz_agrees_with_another_integrator():
    start = np.array([[1.0, -5.0], [1.0, 2.0], [20.0, 30.0]])
    found = lorenz(start, 60)

    def slope(t, s):
        x, y, z = s
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    for i in range(2):
        times = 0.02 * np.arange(1, 61)
        solved = solve_ivp(slope, (0, 1.2), start[:, i], "DOP853", times, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found[..., i], solved.y.T, atol=1e-4)
    task = Lorenz(variables="xyz", fit=600, washout=0)
    assert np.abs(task.series["targets"]).max() < 1.1
    assert task.actions == task.observations == 3
    assert task.series["targets"][..., 0].std() * SCALES["x"][1] == pytest.approx(7.9, abs=0.8)


def test_narma_follows_its_recursion():
    u = np.random.default_rng(0).uniform(0, 0.5, (2, 40))
    for row, found in zip(u, narma10(u), strict=True):
        y = [0.0]
        for t in range(40):
            recent = sum(y[t - i] for i in range(10) if t >= i)
            old = row[t - 9] if t >= 9 else 0.0
            y.append(0.3 * y[t] + 0.05 * y[t] * recent + 1.5 * old * row[t] + 0.1)
        np.testing.assert_allclose(found, y[1:], rtol=1e-12)
    task = NARMA10(washout=20, fit=30)
    np.testing.assert_allclose(task.series["targets"][..., 0], narma10(task.series["inputs"][..., 0]))
    assert (task.series["weight"] > 0).tolist() == [[False] * 20 + [True] * 30] * 8
    assert 0 <= task.series["inputs"].min() < 0.01
    assert task.series["targets"].max() < 1


def test_narma_draws_exploding_inputs_again(monkeypatch):
    calls = []

    def wild(u):
        calls.append(len(u))
        return np.where(np.arange(len(u))[:, None] < 2 - len(calls), np.inf, 0.5) * np.ones_like(u)

    monkeypatch.setattr("evornn.tasks.series.narma10.narma10", wild)
    assert np.isfinite(NARMA10(sequences=3).series["targets"]).all()
    assert len(calls) == 2


def test_superimposed_oscillators_are_sums_of_sines():
    for count, frequencies in ((2, (0.2, 0.311)), (5, (0.2, 0.311, 0.42, 0.51, 0.74)), (8, None)):
        task = MSO(components=count)
        frequencies = frequencies or (0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97)
        for t in (0, 1, 57, 399):
            now, then = (sum(math.sin(f * s) for f in frequencies) / count for s in (t, t + 1))
            assert task.series["inputs"][0, t, 0] == pytest.approx(now, abs=1e-12)
            assert task.series["targets"][0, t, 0] == pytest.approx(then, abs=1e-12)
    fresh = task.fresh()
    assert (fresh.series["weight"][0] > 0).tolist() == [False] * 400 + [True] * 300
    np.testing.assert_array_equal(fresh.series["inputs"][:, :400], task.series["inputs"])


def test_sunspots_are_those_of_the_years():
    pytest.importorskip("statsmodels")
    task = Sunspots()
    numbers = {1700: 5.0, 1705: 58.0, 1778: 154.4, 1920: 37.6}
    for year, number in numbers.items():
        series, at = ("inputs", year - 1700) if year < 1920 else ("targets", year - 1701)
        assert task.series[series][0, at, 0] == pytest.approx(number / 200)
    fresh = task.fresh()
    assert np.flatnonzero(fresh.series["weight"][0]).tolist() == [year - 1701 for year in range(1921, 1956)]
    assert (fresh.series["teach"] == 1).all()
    assert fresh.series["targets"][0, -1, 0] == pytest.approx(38.0 / 200)  # 1955
    with pytest.raises(EvornnError, match="need 311 years; the data have 309"):
        Sunspots(fit=290)


def test_co2_changes_from_month_to_month():
    pytest.importorskip("statsmodels")
    task = CO2()
    april = (317.3 + 317.6 + 317.5 + 316.4) / 4 - 316.1
    assert task.series["inputs"][0, 0, 0] == pytest.approx(april / 2.5)
    assert abs(task.series["targets"]).max() < 1.1
    year = task.series["targets"][0, :360, 0].reshape(30, 12).mean(axis=0) * 2.5
    assert year.argmin() in (3, 4)  # from August to September: index 0 is May
    assert year.sum() == pytest.approx(1.1, abs=0.3)  # ppm a year


# free running --------------------------------------------------------------------------------------------------------
def run_by_hand(simulation, values, task):
    """Outputs [E, T, m]: the network alone, fed with its own outputs where the data say so."""
    p, outputs = State(**parameter_views(simulation, values)), []
    for inputs, teach in zip(task.series["inputs"], task.series["teach"], strict=True):
        s, y, ys = simulation.network.start(p), np.zeros(task.actions), []
        for x, true in zip(inputs, teach, strict=True):
            s, y = simulation.network.step(p, s, x if true else y)
            ys.append(y)
        outputs.append(ys)
    return np.array(outputs)


@pytest.mark.parametrize("name", FED_BACK)
def test_outputs_are_fed_back(name):
    for task in (small(name), small(name).fresh()):
        simulation = Simulation(Elman(units=3, readout="linear", range=1.0), task)
        values = simulation.genome.values(simulation.genome.space.sample(np.random.default_rng(3), 2))
        scenarios = task.scenarios(task.episodes, 0)
        fitness = ReferenceBackend(simulation).evaluate(values, scenarios, task.steps)[0]
        weight = task.series["weight"]
        for individual, got in zip(values, fitness, strict=True):
            outputs = run_by_hand(simulation, individual, task)
            errors = ((outputs - task.series["targets"]) ** 2).mean(axis=2)
            np.testing.assert_allclose(got, -(errors * weight).sum(axis=1), rtol=1e-12)
            assert task.nrmse_of(got.mean()) == pytest.approx(task.nrmse(outputs))


def test_a_rollout_shows_what_was_seen():
    task = MSO(washout=4, fit=6, free=5)
    problem = Problem(CTRNN(units=3), task, "plain")
    path = problem.rollout(problem.space.sample(np.random.default_rng(0), 1)[0])
    np.testing.assert_array_equal(path.observations[:10], task.series["inputs"][0, :10])
    np.testing.assert_array_equal(path.observations[10:], path.actions[9:-1])
    assert (task.series["weight"][0] > 0).tolist() == [False] * 4 + [True] * 11
    assert task.series["teach"][0].tolist() == [1.0] * 10 + [0.0] * 5


def test_nrmse84_is_the_error_of_the_84th_step():
    task = MackeyGlass(washout=5, fit=5, test=6).fresh()
    assert task.steps == 94
    assert np.flatnonzero(task.series["weight"][0]).tolist() == [93]
    outputs = task.series["targets"] + np.random.default_rng(0).normal(size=task.series["targets"].shape)
    expected = metrics.nrmse_at(outputs, task.series["targets"], 93)
    assert task.nrmse(outputs) == pytest.approx(expected)
    errors = outputs[:, 93] - task.series["targets"][:, 93]
    assert expected == pytest.approx(np.sqrt((errors**2).mean() / task.series["targets"].var()))


def test_the_goal_is_on_all_test_series_together():
    task = Lorenz(washout=5, fit=5, horizon=8, sequences=2, test=3, goal=0.5)
    (stage,) = task.champion_test()
    assert -stage.fitness == pytest.approx(0.25 * task.fresh().series["targets"].var())
    assert (stage.required, len(stage.scenarios), stage.steps) == (3, 3, 18)
    with Problem(Elman(units=2, readout="linear"), task, workers=1) as problem:
        assert problem.test_champion(np.zeros(problem.dimension)).trials[0].passed == 0  # all its outputs are 0
    variance = task.series["targets"].var()
    assert task.worth_testing(-0.24 * variance)
    assert not task.worth_testing(-0.26 * variance)
    assert not task.worth_testing(float("nan"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MSO(fit=0), ["fit is 0 and free is 0"]),
        (lambda: MSO(components=9), ["components is 9", "[2, 8]"]),
        (lambda: MSO(horizon=0), ["horizon is 0"]),
        (lambda: MackeyGlass(tau=0), ["tau is 0"]),
        (lambda: MackeyGlass(goal=0.0), ["goal is 0.0"]),
        (lambda: Lorenz(variables="yx"), ["variables is 'yx'", "did you mean"]),
    ],
)
def test_wrong_options_are_named(make, words):
    with pytest.raises(EvornnError) as error:
        make()
    for word in words:
        assert word in str(error.value)
