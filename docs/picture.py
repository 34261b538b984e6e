"""Draws docs/picture.png, the picture of the README: `python docs/picture.py` (two minutes on one core).

Left: how many evaluations searches need until two poles are balanced without seeing velocities; the runs (problem,
settings, seeds) are those of runs/reproduce/gomez2008.toml. Right: a champion's first seconds, to scale.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import evornn as en
from evornn.plots.style import LOOK

SEARCHES = {
    "CMA-ES": (en.search.CMAES, {"restart_after": 20}),
    "SNES": (en.search.SNES, {"sigma": 0.05, "restart_after": 20}),
    "CoSyNE": (en.search.CoSyNE, {}),
    "ESP": (en.search.ESP, {}),
    "CNE": (en.search.CNE, {}),
}
COLOURS = ("#1f5fa8", "#c8452d", "#d98c21", "#3f8f5b", "#8a5aa8")
BUDGET = 100_000
CONTROL_STEP, BETWEEN = 0.02, 20  # s; control steps from frame to frame
CART, LENGTHS = (0.5, 0.2), (1.0, 0.1)  # m: width and height of the cart as drawn; the poles' lengths


def curves(problem: en.Problem, seeds: range, evaluations: int) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """Search -> evaluations of each run that solved the task; and a champion's genome."""
    spent, champion = {}, None
    for name, (search, options) in SEARCHES.items():
        runs = [en.run(problem, search(problem.space, seed=seed, **options), evaluations=evaluations) for seed in seeds]
        spent[name] = np.sort([run.best.evaluation for run in runs if run.solved and run.best])
        champion = next((run.best.genome for run in runs if champion is None and run.solved and run.best), champion)
    return spent, champion


def draw_curves(axis: Axes, spent: dict[str, np.ndarray], runs: int) -> None:
    """Share of runs that have solved the task against evaluations."""
    for (name, solved), colour in zip(spent.items(), COLOURS, strict=True):
        x = np.concatenate([[1], solved, [BUDGET]])
        y = np.concatenate([np.arange(len(solved) + 1), [len(solved)]]) / runs
        axis.step(x, y, where="post", color=colour, lw=1.8, label=name)
    axis.set(xscale="log", xlim=(50, 30_000), ylim=(0, 1.02), xlabel="evaluations", ylabel="runs that have solved it")
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.grid(axis="y", color="#e6e8eb", lw=0.8)
    axis.legend(frameon=False, loc="upper left")
    axis.set_title(f"Two poles on a cart, velocities unseen: {runs} runs of each search", loc="left", fontsize=10)


def draw_champion(axis: Axes, states: dict[str, np.ndarray], frames: int = 12) -> None:
    """Frames of the cart and its poles from top to bottom, the track below each."""
    width, height = CART
    for frame in range(frames):
        at, column, row = frame * BETWEEN, frame % 4, frame // 4
        x, y = 2.4 * column + states["x"][at], -1.9 * row
        axis.plot([2.4 * column - 0.9, 2.4 * column + 0.9], [y, y], color="#c9ced6", lw=1)
        axis.add_patch(Rectangle((x - width / 2, y), width, height, color="#333a45"))
        for angle, length, colour, place in zip(("t1", "t2"), LENGTHS, COLOURS, (-0.08, 0.14), strict=False):
            tilt = states[angle][at]
            tip = (x + place + length * np.sin(tilt), y + height + length * np.cos(tilt))
            axis.plot([x + place, tip[0]], [y + height, tip[1]], color=colour, lw=3.5, solid_capstyle="round")
        axis.text(2.4 * column - 0.9, y - 0.28, f"{at * CONTROL_STEP:.1f} s", fontsize=8, color="#555555")
    axis.set(xlim=(-1.2, 8.3), ylim=(-4.3, 1.5), aspect="equal", anchor="N")
    axis.axis("off")
    axis.set_title("What a champion does in its first seconds", loc="left", fontsize=10)


def main(file: Path, seeds: range = range(101, 151), evaluations: int = BUDGET) -> None:
    """Run the searches and write the picture."""
    task = en.tasks.DoublePole(velocities=False, fitness="damping")
    with en.Problem(en.networks.FullyRecurrent(units=2, bias=False), task, workers=1) as problem:
        spent, champion = curves(problem, seeds, evaluations)
        states = problem.rollout(problem.space.lower * 0 if champion is None else champion).states
    with mpl.rc_context(LOOK):
        figure = Figure(figsize=(10.5, 3.9), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
        draw_curves(left, spent, len(seeds))
        draw_champion(right, {name: np.pad(states[name], (0, 300), "edge") for name in ("x", "t1", "t2")})
        figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png"))
