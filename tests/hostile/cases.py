"""What hostile values are tried on: every registered class, with a tiny use of what was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import evornn
from evornn import networks, search, tasks, training
from evornn.genome import Space
from tests.hostile.values import options

SPACE = Space(np.full(6, -1.0), np.full(6, 2.0), neurons=np.array([0, 0, 1, 1, 2, -1]))
TOGETHER = {  # words by which messages name an option that is part of another one
    "layers": ["layer", "stack"],
    "inputs": ["data", "arrays"],
    "tau": ["dt"],
    "targets": ["inputs"],
    "mask": ["inputs"],
    "delay": ["length"],
    "bits": ["length"],
    "longest": ["test"],
    "islands": ["island "],
}


class Case(NamedTuple):
    """A constructor or a function, the options tried, and how to call it with some of them."""

    name: str
    options: list[str]
    call: Callable[[dict[str, Any]], Any]


def use_network(network: Any) -> None:
    problem = evornn.Problem(network, tasks.Pendulum(steps=2), "plain")
    problem.evaluate(problem.space.sample(np.random.default_rng(0), 2))


def use_task(task: Any) -> None:
    network = networks.FullyRecurrent(units=2, readout="linear")
    problem = evornn.Problem(network, task, "plain")
    problem.evaluate(problem.space.sample(np.random.default_rng(0), 1), steps=1)


def use_search(method: Any) -> None:
    for _ in range(3):
        genomes = method.ask()
        assert np.isfinite(genomes).all()
        assert ((genomes >= SPACE.lower) & (genomes <= SPACE.upper)).all()
        method.tell(genomes, genomes.sum(axis=1), np.ones_like(genomes))
    method.state_dict()


def _case(kind: Any, use: Callable[[Any], None], *given: Any) -> Case:
    names = [name for name in options(kind) if name != "space"]
    return Case(kind.__name__, names, lambda chosen: use(kind(*given, **chosen)))


def _small(kind: Any) -> Case:
    def call(chosen: dict[str, Any]) -> None:
        use_task(kind(**(getattr(kind, "SMALL", {}) | chosen)))

    return Case(kind.__name__, options(kind), call)


def _problem(chosen: dict[str, Any]) -> None:
    given = {"network": networks.FullyRecurrent(units=1), "task": tasks.Pendulum(steps=2), "backend": "plain"}
    with evornn.Problem(**(given | chosen)) as problem:
        problem.space.sample(np.random.default_rng(0), 1)


def _runner(begin: Callable[..., Any]) -> Callable[[dict[str, Any]], Any]:
    def call(chosen: dict[str, Any]) -> None:
        problem = evornn.Problem(networks.FullyRecurrent(units=1), tasks.Pendulum(steps=2), "plain")
        given = {"problem": problem, "search": search.RandomGuessing(problem.space, 2), "evaluations": 4}
        begin(**(given | chosen | ({"evaluations": 4} if begin is evornn.run else {})))

    return call


RUN = [name for name in options(evornn.run) if name not in ("evaluations", "spec", "out", "resume")]
CASES = [
    *(_case(kind, use_network) for kind in networks.REGISTRY.values()),
    *(_small(kind) for kind in tasks.REGISTRY.values()),
    *(_case(kind, use_search, SPACE) for kind in [*search.REGISTRY.values(), *training.REGISTRY.values()]),
    Case("Problem", options(evornn.Problem, "backend"), _problem),
    Case("run", RUN, _runner(evornn.run)),
    Case("predict", options(evornn.predict), _runner(evornn.predict)),
]
