"""Pole balancing against golden values (figures of the literature's own equations, float64) and its protocols."""

import itertools

import numpy as np
import pytest

from evornn.backends.reference import ReferenceBackend
from evornn.errors import EvornnError
from evornn.formula import Step
from evornn.networks import FullyRecurrent
from evornn.simulation import Simulation
from evornn.tasks import CartPole, DoublePole


def drive(task, actions, scenario=None):
    state = task.start(task.scenarios(1, 0)[0] if scenario is None else np.asarray(scenario))
    for t, action in enumerate(actions):
        state = task.step(state, np.array([action]), Step(t))
    return state


GOLDEN = [
    ([0.0] * 10, (-0.0010545792, -0.0111316932, 0.0932412986, 0.2445180369, 0.0248279428, 0.3668826352)),
    (
        [1.0, -1.0, 1.0, -1.0, 1.0],
        (0.0095106212, 0.1905060164, 0.0606283078, -0.1902448545, -0.1793715512, -3.9979874447),
    ),
]


@pytest.mark.parametrize(("actions", "expected"), GOLDEN)
@pytest.mark.parametrize("fitness", ["steps", "damping"])
def test_double_pole_golden_values(actions, expected, fitness):
    state = drive(DoublePole(fitness=fitness), actions)
    got = [state.x, state.v, state.t1, state.w1, state.t2, state.w2]
    np.testing.assert_allclose(got, expected, rtol=0, atol=6e-11)


def equations(task, y, force, mu_c):
    """The literature's equations, written down a second time on plain arrays."""
    _, v, *poles = y
    thetas, omegas = np.array(poles[::2]), np.array(poles[1::2])
    m, l = np.array(task.POLES).T
    g, mu_p = -9.8, 2e-6
    hinge = mu_p * omegas / (m * l)
    f = m * l * omegas**2 * np.sin(thetas) + 0.75 * m * np.cos(thetas) * (hinge + g * np.sin(thetas))
    a = (force - mu_c * np.sign(v) + f.sum()) / (1.0 + (m * (1 - 0.75 * np.cos(thetas) ** 2)).sum())
    alpha = -0.75 / l * (a * np.cos(thetas) + g * np.sin(thetas) + hinge)
    return np.array([v, a, *itertools.chain(*zip(omegas, alpha, strict=True))])


@pytest.mark.parametrize("kind", [CartPole, DoublePole])
@pytest.mark.parametrize("friction", [0.0, 5e-4, 0.3])
def test_derivatives_with_friction(kind, friction):
    task = kind(friction=friction)
    rng = np.random.default_rng(3)
    for _ in range(20):
        y = rng.uniform(-1, 1, 2 + 2 * len(task.POLES))
        names = task.start(np.zeros(4))._fields
        slopes = task.derivative(type(task.start(np.zeros(4)))(**dict(zip(names, y, strict=True))), 7.5)
        np.testing.assert_allclose(list(slopes), equations(task, y, 7.5, friction), rtol=1e-12, atol=1e-12)


def test_free_double_pole_fails_at_control_step_23():
    task = DoublePole()
    assert not task.failed(drive(task, [0.0] * 22))
    assert task.failed(drive(task, [0.0] * 23))


@pytest.mark.parametrize("fitness", ["steps", "damping"])
def test_failing_step_is_simulated_but_does_not_count(fitness):
    task = DoublePole(fitness=fitness)
    simulation = Simulation(FullyRecurrent(units=1), task)
    fit, steps, failed = ReferenceBackend(simulation).evaluate(
        np.zeros((1, simulation.genome.dimension)), task.scenarios(1, 0), 100
    )
    assert (steps, failed) == (23, True)
    assert fit == pytest.approx(22 if fitness == "steps" else 0.1 * 22 / 1000)


def test_force_is_cut_off_at_ten_newton_and_nan_fails():
    task = CartPole()
    np.testing.assert_array_equal(list(drive(task, [3.0])), list(drive(task, [1.0])))
    assert task.failed(drive(task, [np.nan]))
    assert task.failed(drive(task, [0.0], [np.nan, 0, 0, 0]))
    assert task.failed(drive(task, [0.0], [2.5, 0, 0, 0]))
    assert not task.failed(drive(task, [0.0], [2.3, 0, 0, 0]))


def hold(state):
    """A linear controller that balances the single pole."""
    return np.clip(0.1 * state.x + 0.3 * state.v + 4 * state.t1 + 1.0 * state.w1, -1, 1)


@pytest.mark.parametrize("steps", [99, 100, 257])
def test_damping_fitness_sums_the_last_hundred_survived_steps(steps):
    task = CartPole(velocities=False, steps=1000)
    state, motion, total = task.start(task.scenarios(1, 0)[0]), [], 0.0
    for t in range(steps):
        before, state = state, task.step(state, np.array([hold(state)]), Step(t))
        total += task.reward(before, None, state, Step(t))
        motion.append(abs(state.x) + abs(state.v) + abs(state.t1) + abs(state.w1))
    assert not task.failed(state)
    expected = 0.1 * steps / 1000 + (0.9 * 0.75 / np.sum(motion[-100:]) if steps >= 100 else 0)
    assert task.score(state, total, steps) == pytest.approx(expected, rel=1e-12)
    if steps < 100:
        return
    while not task.failed(state):  # let it fall: the window ends at the last survived step
        before, state = state, task.step(state, np.array([0.3]), Step(steps))
        total += task.reward(before, None, state, Step(steps))
        motion.append(abs(state.x) + abs(state.v) + abs(state.t1) + abs(state.w1))
        steps += 1
    assert total == steps - 1
    expected = 0.1 * (steps - 1) / 1000 + 0.9 * 0.75 / np.sum(motion[:-1][-100:])
    assert task.score(state, total, steps) == pytest.approx(expected, rel=1e-12)


def test_observations_are_scaled():
    start = DoublePole().start(np.array([1.2, -0.5, 0.26, 0.4]))
    np.testing.assert_allclose(DoublePole().observe(start), [0.25, -0.25, 0.5, 0.2, 0, 0])
    np.testing.assert_allclose(DoublePole(velocities=False, bias_input=True).observe(start), [0.25, 0.5, 0, 0.5])
    assert DoublePole(velocities=False, bias_input=True).observations == 4
    assert CartPole().observations == 4
    assert CartPole(velocities=False).observations == 2


def test_protocols():
    markov, hidden = DoublePole(), DoublePole(velocities=False)
    assert (markov.fitness, markov.steps) == ("steps", 100_000)
    assert (hidden.fitness, hidden.steps) == ("damping", 1000)
    assert [s.steps for s in markov.champion_test()] == [100_000]
    balance, general = hidden.champion_test()
    np.testing.assert_array_equal(balance.scenarios, [[0, 0, 0.07, 0]])
    assert (balance.steps, balance.required) == (100_000, 1)
    assert (general.scenarios.shape, general.steps, general.required) == ((625, 4), 1000, 200)
    assert len(np.unique(general.scenarios, axis=0)) == 625
    np.testing.assert_allclose(
        np.unique(general.scenarios[:, 0]), 4.32 * np.array([0.05, 0.25, 0.5, 0.75, 0.95]) - 2.16, atol=1e-15
    )
    np.testing.assert_allclose(general.scenarios.max(axis=0), 0.9 * np.array([2.16, 1.35, 0.06283152, 0.15009752]))
    np.testing.assert_allclose(general.scenarios.min(axis=0), -0.9 * np.array([2.16, 1.35, 0.06283152, 0.15009752]))
    assert markov.published["CNE"] == 22_100
    assert hidden.published["CNE"] == 87_623
    assert CartPole().published["CNE"] == 352
    assert not CartPole(velocities=False).published
    for other in (
        {"steps": 999},
        {"friction": 5e-4},
        {"start_angle": 0.1},
    ):  # figures of one task say nothing of another
        assert not DoublePole(velocities=False, **other).published


def test_worth_testing_never_excludes_a_survivor():
    assert DoublePole().worth_testing(100_000)
    assert not DoublePole().worth_testing(99_999)
    assert DoublePole(velocities=False).worth_testing(np.float32(0.1))
    assert not DoublePole(velocities=False).worth_testing(0.0999)
    assert not DoublePole().worth_testing(np.nan)


def test_scenarios_start_with_the_standard_one_and_depend_on_the_seed():
    task = DoublePole(start_angle=0.1)
    a, b = task.scenarios(5, 1), task.scenarios(5, 2)
    np.testing.assert_array_equal(a[0], [0, 0, 0.1, 0])
    np.testing.assert_array_equal(a, task.scenarios(5, 1))
    assert (a[1:] != b[1:]).all()
    assert (np.abs(a[1:]) <= [2.16, 1.35, 0.06283152, 0.15009752]).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fitness": "damp"}, ["'damp'", "steps, damping", "did you mean 'damping'"]),
        ({"steps": 0}, ["steps is 0", "[1"]),
        ({"steps": 50, "fitness": "damping"}, ["steps is 50", "100"]),
        ({"friction": -1.0}, ["friction is -1.0"]),
        ({"start_angle": 1.0}, ["start_angle is 1.0", "0.628"]),
    ],
)
def test_bad_options_are_named(options, words):
    with pytest.raises(EvornnError) as error:
        DoublePole(**options)
    for word in words:
        assert word in str(error.value)
