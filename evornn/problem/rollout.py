"""One episode step by step, in float64 by the oracle: what networks saw, did and were."""

from __future__ import annotations

import numpy as np

from evornn.backends.reference import episode, parameter_views
from evornn.formula import State
from evornn.formula.state import flatten, leaf_names
from evornn.networks.base import stepped
from evornn.results import Trajectory
from evornn.simulation import Simulation


def rollout(
    simulation: Simulation, values: np.ndarray, scenario: np.ndarray, steps: int, seed: int, number: int
) -> Trajectory:
    """Run parameter values [D] in a scenario [k], the problem's `number`th, for at most `steps` steps."""
    rows = {name: array[number] for name, array in simulation.task.series.items()}
    seen: list[tuple[State, State, State]] = []

    def watch(before: State, after: State, now: State) -> None:
        seen.append((before, after, now))

    episode(simulation, values, scenario, rows, steps, seed, number, watch)
    with np.errstate(all="ignore"):
        return _trajectory(simulation, values, seen)


def _trajectory(simulation: Simulation, values: np.ndarray, seen: list[tuple[State, State, State]]) -> Trajectory:
    """Observations and actions of the steps seen: the formulas once more, on each state before its step."""
    p = State(**parameter_views(simulation, values))
    network, task = simulation.network, simulation.task
    observations: list[np.ndarray] = []
    actions, rewards, states = [], [], []
    for before, after, now in seen:
        x = task.sense(before.task, now)
        _, y = stepped(network, p, before.net, x, now)
        observations.append(np.atleast_1d(x))
        actions.append(np.atleast_1d(y))
        rewards.append(float(task.gain(before.task, y, after.task, now)) if before.alive else 0.0)
        states.append(flatten(State(task=after.task, net=after.net))[0])
    names = leaf_names(State(task=seen[0][1].task, net=seen[0][1].net))
    named = {name.removeprefix("task."): np.asarray([s[i] for s in states]) for i, name in enumerate(names)}
    return Trajectory(np.asarray(observations), np.asarray(actions), named, np.asarray(rewards))
