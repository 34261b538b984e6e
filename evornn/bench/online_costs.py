"""`evornn bench --online`: what a step of RTRL, truncated BPTT and their hybrid costs against the number of units N."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from evornn.bench.measure import Row, one_thread
from evornn.networks import FullyRecurrent
from evornn.problem import Problem
from evornn.tasks import Sequence
from evornn.training.online.episodes import Episodes, estimator
from evornn.training.online.estimator import GradientEstimator

UNITS = (4, 8, 16, 32, 64, 128, 256)
METHODS = {"RTRL": ("rtrl", 4), "hybrid": ("hybrid", 3), "TBPTT(10, 20)": ("tbptt", 2)}  # name, power of N expected
STEPS = 2048  # in an episode: at least two blocks of the hybrid at the largest N


def measure_online(seconds: float, units: tuple[int, ...] = UNITS) -> list[Row]:
    """One row for each N: microseconds a step; then the slopes over the last two doublings, and what theory says."""
    rows: list[dict[str, float]] = []
    for n in units:
        problem = _problem(n)
        row: dict[str, float] = {"N": n, "weights": problem.dimension}
        for label, (method, _) in METHODS.items():
            row[label] = 1e6 * seconds_per_step(problem, estimator(method), seconds)
        rows.append(row)
    last, before = rows[-1], rows[max(0, len(rows) - 3)]
    growth = {label: np.log(last[label] / before[label]) / np.log(last["N"] / before["N"]) for label in METHODS}
    slopes: Row = {"N": f"power of N, {before['N']} to {last['N']}", "weights": ""}
    theory: Row = {"N": "operations, in theory", "weights": "N^2"}
    return [
        *(Row(row) for row in rows),
        slopes | {label: f"{growth[label]:.2f}" for label in METHODS},
        theory | {label: f"N^{power}" for label, (_, power) in METHODS.items()},
    ]


def table(rows: list[Row]) -> list[Row]:
    """The rows with times as people read them."""
    return [{k: _figure(v) for k, v in r.items()} if _measured(r) else r for r in rows]


def _figure(value: str | float | None) -> str:
    """A number with three digits, or whole."""
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def seconds_per_step(problem: Problem, method: GradientEstimator, seconds: float) -> float:
    """The fastest of the windows of steps (one block, or what goes back together) that fit into `seconds`, of three at
    least: neighbours on the machine only add. All on one core, gradients only.
    """
    lessons = Episodes(problem, method)
    genome = 0.3 * problem.space.sample(np.random.default_rng(0), 1)[0]
    window = max(10, method.window())
    spent: list[float] = []
    began = 0.0
    with one_thread():
        while len(spent) < 4 or time.perf_counter() - began < seconds:
            if not spent or method.run.steps + window > STEPS:
                method.begin(genome, problem.scenarios[0], lessons.data[0])
            start = time.perf_counter()
            for _ in range(window):
                method.step()
            spent.append((time.perf_counter() - start) / window)
            began = began or time.perf_counter()  # the first window compiles
    return min(spent[1:])


def draw_online(rows: list[Row], path: str | Path) -> None:
    """The measured rows as a figure with logarithmic axes, beside the powers of N that theory gives."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from evornn.plots.run_figure import LINES, STYLE
    from evornn.plots.style import GREY

    measured = [row for row in rows if _measured(row)]
    n = np.array([row["N"] for row in measured])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.4), layout="constrained")
        FigureCanvasAgg(figure)  # needs no display
        axis = figure.add_subplot()
        for (label, (_, power)), colour in zip(METHODS.items(), (LINES[0], LINES[1], LINES[2]), strict=True):
            cost = np.array([row[label] for row in measured])
            axis.loglog(n, cost, "o-", color=colour, lw=1.8, ms=4.5, label=label)
            far = n >= n[-1] / 8
            axis.loglog(n[far], cost[-1] * (n[far] / n[-1]) ** power, "--", color=GREY, lw=1.0, zorder=1)
            axis.annotate(f"$N^{power}$", (n[-1], cost[-1]), (6, 0), textcoords="offset points", color="#555555",
                          va="center")  # fmt: skip
        axis.set(title="A step of online learning: fully recurrent network of N units", xlabel="units N",
                 ylabel="microseconds a step, one core, float32")  # fmt: skip
        axis.set_xticks(n, [str(k) for k in n])
        axis.minorticks_off()
        axis.legend(frameon=False, loc="upper left")
        figure.savefig(path, dpi=110)


def _problem(units: int) -> Problem:
    inputs = np.random.default_rng(1).normal(size=(1, STEPS, 1))
    return Problem(
        FullyRecurrent(units, range=4.0 / np.sqrt(units)), Sequence(inputs, np.roll(inputs, 1, 1)), workers=1
    )


def _measured(row: Row) -> bool:
    return isinstance(row["N"], int)
