"""The other side of the speed table does the same work: its numbers are the kernels'."""

from __future__ import annotations

import numpy as np
import pytest

from evornn.bench.array_reader import ArrayRollout
from evornn.bench.command import markdown, networks
from evornn.bench.measure import take_turns
from evornn.bench.search_costs import pycma_step, table
from evornn.bench.workloads import Workload, ctrnn, double_pole, lstm


@pytest.mark.parametrize("workload", [double_pole(), ctrnn(8), lstm(16)], ids=lambda w: w.name)
def test_numpy_computes_what_the_kernels_compute(workload: Workload) -> None:
    problem = workload.problem()
    genomes = workload.population(9)
    values = problem.simulation.genome.values(genomes)
    ours = problem.evaluate(genomes, steps=20).fitness
    theirs = ArrayRollout(problem.simulation, problem.scenarios.shape[1], jit=False, chunk=9).run(
        values, problem.scenarios, 20
    )
    assert np.ptp(ours) > 0 or workload.name.startswith("W1"), "a benchmark must not measure zeros"
    np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-5)


@pytest.mark.needs("jax")
def test_networks_stand_beside_jax() -> None:
    """JAX gives the kernels' fitness, or a row could not be measured; sparse products among them."""
    for row in networks("LiquidState", seconds=0.0):
        assert "x)" in str(row["JAX"])


def test_everyone_takes_turns() -> None:
    order: list[str] = []
    timings = take_turns({name: lambda n=name: order.append(n) for name in "ab"}, seconds=0, least=3)
    assert order == ["a", "b"] * 4, "one round to warm up, then three"
    assert timings["a"].ratio == 1.0
    assert "| b |" in markdown([{"x": "a"}, {"x": "b"}], "title")


def test_searches_take_turns_with_the_reference() -> None:
    """Ratios are of neighbouring turns: a machine that becomes slower changes none of them."""
    pace = iter(range(1, 1000))
    now = [1.0]

    def reference() -> float:
        now[0] = float(next(pace))
        return 10.0 * now[0]

    rows = table({"twice": lambda: lambda: 20.0 * now[0], "a tenth": lambda: lambda: now[0]}, reference, rounds=3)
    assert [(row["search"], row["of DEAP's"]) for row in rows] == [
        ("twice", "200.00%"), ("a tenth", "10.00%"), ("DEAP eaSimple", "100.00%"),
    ]  # fmt: skip
    assert pycma_step()() > 0.0
