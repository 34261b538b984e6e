"""Classic control against Gymnasium, step by step, in float64, with random actions over whole episodes."""

import math

import numpy as np
import pytest

from evornn.formula import State, Step
from evornn.tasks import Acrobot, GymCartPole, MountainCar, Pendulum

gymnasium = pytest.importorskip("gymnasium")


class Float64:
    """NumPy with float32 meaning float64: MountainCar rounds its own state to float32."""

    float32 = np.float64

    def __getattr__(self, name):
        return getattr(np, name)


CASES = {  # environment, task, action sent to Gymnasium for our action
    "CartPole-v1": (GymCartPole, lambda a: int(a > 0)),
    "MountainCarContinuous-v0": (MountainCar, lambda a: np.array([a])),
    "Pendulum-v1": (Pendulum, lambda a: np.array([2 * a])),
    "Acrobot-v1": (Acrobot, lambda a: 2 if a > 1 / 3 else 0 if a < -1 / 3 else 1),
}


@pytest.fixture(params=CASES)
def pair(request, monkeypatch):
    kind, translate = CASES[request.param]
    env = gymnasium.make(request.param).unwrapped
    monkeypatch.setattr(__import__(type(env).__module__, fromlist=["np"]), "np", Float64())
    env.reset(seed=0)
    return env, kind(), translate


def policy(name, rng, t):
    """Random actions; for the car and the arm, pushes that swing up, so that goals are met too."""
    if name == "MountainCar":
        return lambda s: np.clip(np.sign(s.v + 1e-9) + rng.normal(0, 0.3), -1, 1)
    if name == "Acrobot":
        return lambda s: np.sign(s.w2) * (rng.random() < 0.9)
    return lambda s: rng.uniform(-1, 1)


def test_every_step_of_whole_episodes(pair):
    env, task, translate = pair
    name, rng, ends = type(task).__name__, np.random.default_rng(1), set()
    for scenario in task.scenarios(3, 5):
        state = task.start(scenario)
        for t in range(task.steps):
            env.state = np.array(list(state))  # from the same state: the arm is chaotic over a whole episode
            action = policy(name, rng, t)(state)
            seen, reward, terminated, _, _ = env.step(translate(action))
            after = task.step(state, np.array([action]), Step(t))
            np.testing.assert_allclose(list(after), env.state, rtol=0, atol=1e-10)
            np.testing.assert_allclose(task.observe(after), seen, rtol=1e-6, atol=1e-6)
            assert task.reward(state, np.array([action]), after, Step(t)) == pytest.approx(reward, abs=1e-10)
            assert bool(task.failed(after) | task.finished(after)) == terminated
            state = after
            if terminated:
                break
            env.steps_beyond_terminated = None
        ends.add("failed" if task.failed(state) else "finished" if task.finished(state) else "time")
    assert ends == {"GymCartPole": {"failed"}, "MountainCar": {"finished"}, "Pendulum": {"time"}}.get(name, ends)
    assert name != "Acrobot" or "finished" in ends


@pytest.mark.parametrize("name", ["CartPole-v1", "MountainCarContinuous-v0", "Pendulum-v1"])
def test_whole_episodes_without_correction(name, monkeypatch):
    kind, translate = CASES[name]
    env, task, rng = gymnasium.make(name).unwrapped, kind(), np.random.default_rng(2)
    monkeypatch.setattr(__import__(type(env).__module__, fromlist=["np"]), "np", Float64())
    env.reset(seed=0)
    state = task.start(task.scenarios(1, 3)[0])
    env.state = np.array(list(state))
    for t in range(task.steps):
        action = rng.uniform(-1, 1)
        terminated = env.step(translate(action))[2]
        state = task.step(state, np.array([action]), Step(t))
        np.testing.assert_allclose(list(state), env.state, rtol=0, atol=1e-10)
        if terminated:
            break


@pytest.mark.parametrize("name", CASES)
def test_limits_and_starts(name):
    spec, task = gymnasium.spec(name), CASES[name][0]()
    assert task.steps == spec.max_episode_steps
    assert task.solved_fitness == spec.reward_threshold
    env = gymnasium.make(name).unwrapped
    theirs = []
    for seed in range(300):
        env.reset(seed=seed)
        theirs.append(np.atleast_1d(env.state)[: task.scenarios(1, 0).shape[1]])
    ours = task.scenarios(300, 0)
    np.testing.assert_allclose(ours.min(axis=0), np.min(theirs, axis=0), atol=0.03 * np.ptp(theirs))
    np.testing.assert_allclose(ours.max(axis=0), np.max(theirs, axis=0), atol=0.03 * np.ptp(theirs))


def test_wrapped_angles():
    task = Pendulum()
    for angle in (0.0, 3.0, -3.0, 4.0, -4.0, 20.0, 100 * math.pi + 0.5):
        state = task.start([angle, 0.0])
        expected = -(((angle + math.pi) % (2 * math.pi) - math.pi) ** 2)
        assert task.reward(state, [0.0], state, Step(0)) == pytest.approx(expected, abs=1e-10)


def test_car_stops_at_the_left_wall_and_nan_fails_the_pole():
    task = MountainCar()
    after = task.step(State(x=-1.19, v=-0.06), np.array([-1.0]), Step(0))
    assert (after.x, after.v) == (-1.2, 0.0)
    assert GymCartPole().failed(GymCartPole().start(np.full(4, np.nan)))
