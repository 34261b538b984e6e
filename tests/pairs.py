"""Networks and tasks by name, made to fit each other: what tests of every pair are run with."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest

from evornn.errors import EvornnError
from evornn.networks import REGISTRY as NETWORKS
from evornn.networks import Network
from evornn.tasks import REGISTRY as TASKS
from evornn.tasks import Task

SMOOTH = [  # a task that needs optional libraries is asked without making one
    name for name, task in TASKS.items() if (task if task.requires else task.example()).smooth
]


def meet(network: int, task: int, each: int = 3) -> bool:
    """Whether these are a pair that is tried by default: every task meets `each` networks, taking turns, and so every
    network as many tasks or more. As many pairs for each new one, not for each new one times all there are.
    """
    networks, tasks = len(NETWORKS), len(TASKS)
    most, turn = (networks, network - task) if networks <= tasks else (tasks, task - network)
    return turn % most in {k * most // each for k in range(each)}


def turn(places: Iterable[int], every: int) -> bool:
    """Whether a combination, given by the places of its parts in their lists, is one of those tried by default."""
    return sum(places) % every == 0


def by_turns(*choices: Iterable[Any], every: int, shift: int = 0) -> list[Any]:
    """Parameters of a test: all combinations of the choices, of which one in `every` is run by default, so that each
    choice has its turns with others; all of them under -m slow. shift: move on by so many turns.
    """
    combinations = product(*map(list, map(enumerate, choices)))
    return [
        pytest.param(
            *(value for _, value in each), marks=() if turn((shift, *(k for k, _ in each)), every) else pytest.mark.slow
        )
        for each in combinations
    ]


def small(task: str) -> Task:
    """The task's small example; without the optional libraries that it needs, the test is skipped."""
    for library in TASKS[task].requires:
        pytest.importorskip(library)
    return TASKS[task].example()


def fitting(network: str, task: str) -> tuple[Network, Task]:
    """The network as it is, or with an output layer of its own where the task has more actions than it has units."""
    world, maker = small(task), NETWORKS[network]
    try:
        maker().bind(world.observations, world.actions)
    except EvornnError:
        return maker(readout="tanh"), world  # type: ignore[call-arg]
    return maker(), world
