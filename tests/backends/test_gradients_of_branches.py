"""Gradients through kernels, the reader, forward mode and online learning do not see the branch that is not taken."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import evornn.formula as f
from evornn.formula import State
from evornn.problem import Problem
from evornn.tasks import Sequence
from evornn.training.forward import jvp
from evornn.training.online.episodes import Episodes, estimator
from tests.backends.unusual_networks import Unusual

STEPS = 12


class Branches(Unusual):
    """Every partial function where it is defined, of a signal, of the state and of a parameter alone."""

    def state(self) -> dict[str, tuple[int, ...]]:
        """One number of memory."""
        return {"h": (1,)}

    def step(self, p: Any, s: Any, x: Any) -> Any:
        """NaN, infinity and overflow in the branches not taken."""
        u = self.drive(p, x) + 0.3 * s.h[0]
        some = f.where(u > 0.0, f.sqrt(u) + f.log(u) * u + 1.0 / u + u**-2 + f.sin(u) / u, 0.5 * u)
        big = f.where(u < 1.0, 0.0, f.exp(800.0 * u) * 0.0) + f.where(u > 0.0, f.exp(-800.0 * u), 0.0)
        own = f.where(p.v > 0.0, f.sqrt(p.v) + f.log(p.v) + 1.0 / p.v, p.v)
        return State(h=f.concat(f.tanh(0.5 * u))), own * f.tanh(0.1 * some) + big


@cache
def case(backend: str) -> tuple[Problem, np.ndarray, np.ndarray]:
    """The problem, genomes, and slopes by central differences."""
    signal = np.random.default_rng(0).uniform(-0.9, 0.9, (2, STEPS, 1))
    problem = Problem(Branches(1), Sequence(signal, np.roll(signal, 1, axis=1)), backend, "float64")
    genomes = np.array([[0.8, 0.6], [0.8, -0.6], [-0.7, 0.5]])
    sides = []
    for k in range(problem.dimension):
        ahead = 1e-6 * np.eye(problem.dimension)[k]
        sides.append((problem.evaluate(genomes + ahead).fitness - problem.evaluate(genomes - ahead).fitness) / 2e-6)
    assert np.isfinite(sides).all()
    return problem, genomes, np.transpose(sides)


@pytest.mark.parametrize("backend", ["cpu", "plain"])
def test_backpropagation_and_forward_mode(backend: str) -> None:
    problem, genomes, slopes = case(backend)
    np.testing.assert_allclose(problem.gradient(genomes).gradients, slopes, rtol=1e-5, atol=1e-7)
    _, along = jvp(problem, genomes, np.array([1.0, -0.5]))
    np.testing.assert_allclose(along, slopes @ np.array([1.0, -0.5]), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", ["rtrl", "hybrid"])
def test_online_learning(method: str) -> None:
    problem, genomes, slopes = case("cpu")
    lessons = Episodes(problem, estimator(method, **({"block": 3} if method == "hybrid" else {})))
    for genome, expected in zip(genomes, slopes, strict=True):
        found = np.mean([lessons.gradient(genome, episode)[1] for episode in range(2)], axis=0)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
