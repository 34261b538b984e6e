"""What backends read of a simulation, and what they give: the types between `Simulation` and those who compute it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from evornn.compiler.specialization import Shape
from evornn.formula import State
from evornn.genome import Genome
from evornn.networks.base import Network
from evornn.tasks.base import Task

Results = tuple[np.ndarray, np.ndarray, np.ndarray]  # fitness, steps, failed: each [P, E]
Means = tuple[np.ndarray, np.ndarray, np.ndarray]  # mean fitness, all steps, whether any episode failed: each [P]
Differentiated = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # results, and d fitness / d values [P, D]
Slopes = tuple[np.ndarray, np.ndarray]  # fitness and its slopes along directions: each [P, E]


class Places(Protocol):
    """Where each parameter lies among an individual's values."""

    @property
    def slices(self) -> dict[str, slice]: ...


class Program(Protocol):
    """What a kernel's text is made for: a simulation, or one with tangents beside its parameters."""

    @property
    def early_exit(self) -> bool: ...
    @property
    def task(self) -> Task: ...
    @property
    def genome(self) -> Places: ...
    def title(self) -> str: ...


class SimulationLike(Program, Protocol):
    """A closed loop of a network and a task, see `evornn.simulation.Simulation`."""

    @property
    def network(self) -> Network: ...
    @property
    def genome(self) -> Genome: ...
    @property
    def parameters(self) -> dict[str, tuple[int, ...]]: ...
    @property
    def series(self) -> dict[str, tuple[int, ...]]: ...
    def start(self, p: State, scenario: np.ndarray) -> State: ...
    def step(self, p: State, carry: State, now: State) -> State: ...
    def silenced(self, carry: State) -> State: ...
    def finish(self, carry: State) -> State: ...
    def describe(self) -> str: ...


class Written(Protocol):
    """A kernel as text, before or after it is compiled."""

    @property
    def text(self) -> str: ...
    @property
    def shape(self) -> Shape: ...
