"""The workloads of the speed table: each a problem, a population, and a number of steps, with no early exit: the same
work for all.

W1 closed loop: two poles without velocities, 5 fully recurrent units, RK4. W2 open loop: a CTRNN of N units, Euler. W3:
LSTM, 4 inputs, 8 sequences of 200 steps shared by all individuals (or other numbers of them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evornn.networks import CTRNN, LSTM, REGISTRY, FullyRecurrent
from evornn.networks.base import Network
from evornn.problem import Problem
from evornn.tasks import DoublePole, Sequence
from evornn.tasks.base import Task


@dataclass(frozen=True)
class Workload:
    """A network in a task; `flops` are the multiply-adds of the network's products, twice, for one individual's
    step.
    """

    name: str
    network: Network
    task: Task
    steps: int
    flops: float

    def problem(self, workers: int | None = 1, backend: str = "cpu") -> Problem:
        """The problem, every step simulated even after a failure."""
        return Problem(self.network, self.task, backend, workers=workers, early_exit=False)

    def population(self, count: int) -> np.ndarray:
        """`count` genomes: small random weights, so that activities stay in the curved part of the activation."""
        space = self.problem().space
        centre, half = (space.lower + space.upper) / 2, (space.upper - space.lower) / 2
        return centre + half * np.clip(np.random.default_rng(0).normal(0, 0.15, (count, space.dimension)), -1, 1)


def double_pole() -> Workload:
    """W1."""
    task = DoublePole(velocities=False, fitness="steps", steps=1000, friction=5e-4, start_angle=0.0785)
    return Workload("W1 double pole, 5 units", FullyRecurrent(units=5), task, 1000, 2 * 40)


def ctrnn(units: int) -> Workload:
    """W2."""
    time = np.arange(1000) * 0.01
    drive = np.sin(2 * np.pi * time) + 0.5 * np.sin(2 * np.pi * 2.7 * time)
    goal = 0.5 + 0.4 * np.sin(2 * np.pi * time - 0.8)
    network = CTRNN(units=units, tau=(0.02, 1.0), dt=0.01, signed=False)
    return Workload(
        f"W2 CTRNN, {units} units",
        network,
        Sequence(drive[None, :, None], goal[None, :, None]),
        1000,
        2 * units * (units + 1),
    )


def lstm(units: int, sequences: int = 8) -> Workload:
    """W3."""
    network = LSTM(units=units, readout="linear", range=1.0)
    flops = sequences * 2 * (4 * units * (units + 4) + units)
    return Workload(f"W3 LSTM, {units} cells, {sequences} sequences", network, noise(sequences, 200), 200, flops)


def noise(sequences: int, steps: int) -> Sequence:
    """4 inputs of noise; the target is a product of two of them, two steps late."""
    x = np.random.default_rng(99).normal(size=(sequences, steps, 4))
    return Sequence(x, np.roll(x[:, :, :1] * x[:, :, 1:2], 2, axis=1))


def every_network() -> list[Workload]:
    """Each registered network as it is by default, on 8 sequences of 50 steps."""
    return [Workload(name, network(), noise(8, 50), 50, 0) for name, network in REGISTRY.items() if name != "Stacked"]


def all_workloads() -> list[tuple[Workload, list[int]]]:
    """Every workload with the populations it is measured at."""
    return [
        (double_pole(), [64, 1024, 16384]),
        *((ctrnn(n), [64, 1024] if n < 128 else [64]) for n in (8, 32, 128)),
        *((lstm(n), [64]) for n in (16, 64)),
    ]
