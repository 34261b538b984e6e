"""RTRL, truncated BPTT and their hybrid: against exact gradients, against their definitions, and as they learn."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from evornn.backends.reference import episode, parameter_views
from evornn.errors import EvornnError
from evornn.formula import State, tanh
from evornn.formula.state import flatten, unflatten
from evornn.networks import CTRNN, LSTM, REGISTRY, FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import Sequence
from evornn.tasks.base import Task
from evornn.training import Online
from evornn.training.online.episodes import Episodes, estimator
from tests.pairs import by_turns, fitting

EXACT = [("rtrl", {}), ("hybrid", {}), ("hybrid", {"block": 7}), ("tbptt", {"k1": 4, "k2": 30}),
         ("tbptt", {"k1": 30, "k2": 30})]  # fmt: skip


def middle(problem: Problem, seed: int = 1) -> np.ndarray:
    """A genome from the middle of the space."""
    space = problem.space
    return 0.2 * space.sample(np.random.default_rng(seed), 1)[0] + 0.4 * (space.lower + space.upper)


class Drive(Task):
    """Closed loop, smooth, with a reward a step, and an end at step 13 of 20: keep a lagging position at a target."""

    observations, actions, steps = 2, 1, 20

    def start(self, scenario: Any) -> State:
        return State(x=scenario[0], t=0.0)

    def observe(self, s: Any) -> Any:
        return np.array([1.0, 0.5]) * s.x

    def step(self, s: Any, action: Any, t: Any) -> State:
        return State(x=0.8 * s.x + tanh(action[0]), t=s.t + 1.0)

    def reward(self, s: Any, action: Any, after: Any, t: Any) -> Any:
        return -(after.x - 0.3) * (after.x - 0.3) - 0.1 * action[0] * action[0]

    def score(self, s: Any, total: Any, steps: Any) -> Any:
        return total / steps + 0.5 * s.x * s.x

    def finished(self, s: Any) -> Any:
        return s.t >= 13.0


class Silent(Drive):
    """Judged by its end alone."""

    def reward(self, s: Any, action: Any, after: Any, t: Any) -> Any:
        return 0.0


def exact(problem: Problem, genome: np.ndarray, number: int) -> tuple[float, np.ndarray]:
    """Backpropagation through time, by NumPy."""
    plain = Problem(problem.network, problem.task, "plain", episodes=problem.episodes, seed=problem.seed)
    found = plain.gradient(genome[None], episodes=[number])
    return found.fitness[0], found.gradients[0]


def check_exact(problem: Problem, methods: list[tuple[str, dict[str, int]]]) -> None:
    genome = middle(problem)
    last = problem.episodes - 1
    fitness, gradient = exact(problem, genome, last)
    size = np.abs(gradient).max()
    assert size > 1e-4
    for method, options in methods:
        lessons = Episodes(problem, estimator(method, **options))
        for _ in range(2):  # an episode leaves nothing behind for the next
            found = lessons.gradient(genome, last)
            assert found[0] == pytest.approx(fitness, rel=1e-12)
            np.testing.assert_allclose(found[1], gradient, rtol=1e-10, atol=1e-10 * size)


@pytest.mark.parametrize("network", by_turns([n for n in REGISTRY if REGISTRY[n].smooth], every=4, shift=1))
def test_every_network_has_exact_gradients_in_real_time(network: str) -> None:
    """Open loop; targets of a task that feeds outputs back are seen through its state: a closed loop."""
    task = "MSO" if network in ("GRU", "Jordan") else "Sequence"
    check_exact(Problem(*fitting(network, task), "cpu", "float64", workers=1), EXACT[:3])


@pytest.mark.parametrize("network", [FullyRecurrent(3), CTRNN(3, substeps=3), LSTM(20, peepholes=True)])
def test_closed_loops_ends_and_large_states(network: Any) -> None:
    check_exact(Problem(network, Drive(), "cpu", "float64", workers=1, episodes=2), EXACT)


def test_float32_is_near_and_one_step_is_enough() -> None:
    inputs = np.random.default_rng(0).normal(size=(2, 1, 2))
    problem = Problem(FullyRecurrent(3), Sequence(inputs, inputs[..., :1]), precision="float32", workers=1)
    fitness, gradient = exact(problem, middle(problem), 1)
    for method, options in EXACT:
        found = Episodes(problem, estimator(method, **options)).gradient(middle(problem), 1)
        assert found[0] == pytest.approx(fitness, rel=1e-5)
        np.testing.assert_allclose(found[1], gradient, rtol=1e-5, atol=1e-6)


@cache
def delay() -> Problem:
    """Repeat the last input, in float64: 3 units."""
    inputs = np.random.default_rng(2).uniform(-1, 1, (4, 25, 1))
    targets = np.concatenate([np.zeros((4, 1, 1)), inputs[:, :-1]], axis=1)
    return Problem(FullyRecurrent(3, init=0.3), Sequence(inputs, targets), "cpu", "float64", workers=1)


def losses_from(problem: Problem, genome: np.ndarray, start: Any, first: int, last: int, since: int) -> float:
    """Minus the losses of steps since..last - 1, run from the given carry before step `first`."""
    simulation, p = problem.simulation, State(**parameter_views(problem.simulation, genome))
    leaves, definition = flatten(start)
    carry, total = unflatten(definition, leaves), 0.0
    for t in range(first, last):
        rows = {name: array[0, t] for name, array in problem.task.series.items()}
        before, carry = carry.total, simulation.step(p, carry, State(t=t, **rows))
        total += (carry.total - before) if t >= since else 0.0
    return total


@pytest.mark.parametrize(("k1", "k2"), [(1, 3), (4, 6), (5, 5), (3, 24)])
def test_truncated_bptt_is_what_williams_and_peng_define(k1: int, k2: int) -> None:
    """The losses of the last k1 steps by the weights of the last k2: by differences, from the stored states."""
    problem, genome = delay(), middle(delay())
    carries: list[Any] = []
    rows = {name: array[0] for name, array in problem.task.series.items()}
    episode(problem.simulation, genome, problem.scenarios[0], rows, 25, watch=lambda b, a, now: carries.append(b))
    method = estimator("tbptt", k1=k1, k2=k2)
    lessons = Episodes(problem, method)
    method.begin(genome, problem.scenarios[0], lessons.data[0])
    told = 0
    for t in range(1, 26):
        found = method.step(last=t == 25)
        assert (found is not None) == (t % k1 == 0 or t == 25)
        if found is None:
            continue
        first, expected = max(0, t - k2), np.empty(genome.size)
        for i, way in enumerate(1e-5 * np.eye(genome.size)):
            high, low = (losses_from(problem, genome + s * way, carries[first], first, t, told) for s in (1, -1))
            expected[i] = (high - low) / 2e-5
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
        told = t


def textbook_rtrl(problem: Problem, genome: np.ndarray, rate: float, sequence: int) -> np.ndarray:
    """Williams & Zipser (1989), equations 4 to 7, for tanh units that learn after every step."""
    inputs, targets = (problem.task.series[name][sequence] for name in ("inputs", "targets"))
    n, shapes = 3, {"W": (3, 1), "U": (3, 3), "b": (3,)}
    weights = genome.copy()
    h, p = np.zeros(n), np.zeros((n, n, 1 + n + 1))  # p[k, i, j] = dh_k / dw_ij, w = [W U b]
    for x, target in zip(inputs, targets, strict=True):
        W, U, b = (part.reshape(s) for part, s in zip(np.split(weights, [3, 12]), shapes.values(), strict=True))
        z = np.concatenate([x, h, [1.0]])
        after = np.tanh(W @ x + U @ h + b)
        p = np.einsum("kl,lij->kij", U, p) + np.einsum("ki,j->kij", np.eye(n), z)
        p *= (1 - after**2)[:, None, None]
        h = after
        step = -2.0 * rate * (h[0] - target[0]) * p[0]  # [i, j], of minus the squared error of unit 0
        weights = weights + np.concatenate([step[:, :1].ravel(), step[:, 1:4].ravel(), step[:, 4]])
    return weights


@pytest.mark.parametrize("method", [("rtrl", {}), ("hybrid", {"block": 1})])
def test_learning_in_real_time_is_the_textbook_s(method: Any) -> None:
    problem, genome = delay(), middle(delay())
    lessons = Episodes(problem, estimator(method[0], **method[1]))
    learned, fitness, steps = lessons.present(genome, 2, lambda x, g: x + 0.1 * g)
    np.testing.assert_allclose(learned, textbook_rtrl(problem, genome, 0.1, 2), rtol=1e-11)
    assert steps == 25
    assert fitness != lessons.gradient(genome, 2)[0]
    np.testing.assert_allclose(lessons.present(genome, 2, lambda x, g: x + 0.1 * g)[0], learned, rtol=0)


METHODS = [{"method": "rtrl"}, {"method": "hybrid", "block": 5}, {"method": "tbptt", "k1": 2, "k2": 6},
           {"method": "bptt", "batch": 1, "rate": 0.5}]  # fmt: skip


def taught(trainer: Online, problem: Problem, generations: int) -> list[np.ndarray]:
    asked = []
    for _ in range(generations):
        genomes = trainer.ask()
        asked.append(genomes)
        told = trainer.evaluate_with(problem, genomes)
        trainer.tell(genomes, told.fitness, getattr(told, "gradients", None))
    return asked


@pytest.mark.parametrize("options", METHODS, ids=lambda o: o["method"])
def test_learning_lowers_the_loss_and_goes_on_bit_for_bit(options: dict[str, Any]) -> None:
    problem = delay()
    trainer = Online(problem.space, population=2, seed=1, **options)
    taught(trainer, problem, 7)
    state = trainer.state_dict()
    asked = taught(trainer, problem, 120)
    again = Online(problem.space, population=2, seed=1, **options)
    again.load_state_dict(state)
    assert b"".join(g.tobytes() for g in taught(again, problem, 120)) == b"".join(g.tobytes() for g in asked)
    start = problem.evaluate(asked[0]).fitness
    assert trainer.best is not None
    assert trainer.best.fitness == problem.evaluate(trainer.best.genome[None]).fitness[0]
    assert trainer.best.fitness > -0.02 > start.max() - 0.1


def test_steps_are_counted_and_pieces_learn_as_the_whole() -> None:
    problem = delay()
    whole, pieces = (Online(problem.space, population=3, seed=4, schedule="linear") for _ in range(2))
    for trainer in (whole, pieces):
        asked = trainer.ask()
        check = trainer.evaluate_with(problem, asked)
        assert not trainer.wants_gradients
        assert not trainer.provisional
        np.testing.assert_array_equal(check.fitness, problem.evaluate(asked).fitness)
        trainer.tell(asked, check.fitness)
    again = whole.ask()
    one = whole.evaluate_with(problem, again)
    assert whole.provisional
    np.testing.assert_array_equal(again, asked)
    np.testing.assert_array_equal(one.steps, 4 * 25)
    for k in range(3):
        genomes = pieces.ask(1)
        told = pieces.evaluate_with(problem, genomes)
        assert told.gradients[0].tobytes() == one.gradients[k].tobytes()
        pieces.tell(genomes, told.fitness, told.gradients)


@pytest.mark.parametrize("options", [{"rate": 1e300, "clip": 0.0}, {"rate": 1e3}])
def test_explosions_end_in_a_fresh_start(options: dict[str, Any]) -> None:
    inputs = np.full((1, 40, 1), 1e200)
    problem = Problem(FullyRecurrent(3, activation="linear"), Sequence(inputs, inputs), precision="float64", workers=1)
    trainer = Online(problem.space, population=2, **options)
    asked = taught(trainer, problem, 6)
    assert trainer.restarts >= 2
    assert np.isfinite(asked).all()


def test_what_cannot_learn_online_is_refused() -> None:
    space = delay().space
    with pytest.raises(EvornnError, match="k1 is an option of method 'tbptt'; method is 'rtrl'"):
        Online(space, k1=3)
    with pytest.raises(EvornnError, match="k2 is 3 and k1 is 5"):
        Online(space, method="tbptt", k1=5, k2=3)
    with pytest.raises(EvornnError, match="block is 0"):
        Online(space, method="hybrid", block=0)
    with pytest.raises(EvornnError, match="did you mean 'tbptt'"):
        Online(space, method="tbpt")
    problem = Problem(FullyRecurrent(), Silent())
    with pytest.raises(EvornnError, match="no step's reward changes with the weights"):
        Online(problem.space).prepare(problem)
