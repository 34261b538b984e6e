"""The figure of a run: how fitness grew with evaluations, and what the champion does."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.atomic_files import disk_errors, write_atomic
from evornn.plots.style import GREY, LOOK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evornn.results import Trajectory

BLUE, RED = "#1f5fa8", "#c8452d"
LINES = (BLUE, "#d98c21", "#3f8f5b", "#8a5aa8")
MAX_PANELS = 4
STYLE: dict[Any, Any] = LOOK | {"axes.titlesize": 10, "axes.titlelocation": "left"}


def draw(
    path: Path,
    history: np.ndarray,
    title: str,
    solved_at: int | None = None,
    trajectory: Trajectory | None = None,
    panels: Mapping[str, tuple[str, ...]] | None = None,
    targets: np.ndarray | None = None,
) -> list[Path]:
    """Draw a run's history (fields of `Record`) beside the champion's trajectory; writes path.svg and path.png.

    solved_at: evaluation that found the champion. panels: label -> names of the trajectory's states to show together
    (default: the scalar states, those of one letter together). targets [T, A]: what the outputs should have been.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        shown = _shown(trajectory, panels, targets) if trajectory is not None else {}
        figure = Figure(figsize=(10.5 if shown else 6.0, 4.2), layout="constrained")
        FigureCanvasAgg(figure)  # needs no display
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, color="#222222")
        grid = figure.add_gridspec(max(1, len(shown)), 2 if shown else 1, width_ratios=[1.15, 1] if shown else [1])
        _learning_curve(figure.add_subplot(grid[:, 0]), history, solved_at)
        axes = [figure.add_subplot(grid[row, 1]) for row in range(len(shown))]
        for axis, (label, curves) in zip(axes, shown.items(), strict=True):
            _curves(axis, label, curves, last=axis is axes[-1])
        if axes:
            axes[0].set_title("What the champion does")
            figure.align_ylabels(axes)
        files = [path.with_suffix(".svg"), path.with_suffix(".png")]
        for file in files:
            metadata: dict[str, Any] = {"Date": None} if file.suffix == ".svg" else {}
            drawn = io.BytesIO()
            figure.savefig(drawn, format=file.suffix[1:], dpi=110, metadata=metadata)
            with disk_errors(file.parent):
                write_atomic(file, drawn.getvalue())  # whole, and never through a link
    return files


def _learning_curve(axis: Axes, history: np.ndarray, solved_at: int | None) -> None:
    axis.plot(history["evaluations"], history["median"], color=GREY, lw=0.9, label="median of a generation")
    axis.plot(history["evaluations"], history["top"], color=BLUE, lw=0.9, alpha=0.4, label="best of a generation")
    axis.plot(history["evaluations"], history["best"], color=BLUE, lw=2.0, label="best so far")
    if solved_at is not None:
        axis.axvline(solved_at, color=RED, lw=1.2, ls="--", label=f"solved by evaluation {solved_at:,}")
    axis.set(title="Fitness", xlabel="evaluations", xlim=(0, None))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.legend(frameon=False, fontsize=8, loc="best")
    axis.grid(axis="y", color="#e6e8eb", lw=0.8)


def _shown(
    trajectory: Trajectory, panels: Mapping[str, tuple[str, ...]] | None, targets: np.ndarray | None
) -> dict[str, dict[str, np.ndarray]]:
    """Panel label -> {curve label: values [T]}: the states asked for, then the network's outputs."""
    scalar = {name: np.asarray(values) for name, values in trajectory.states.items() if np.ndim(values) == 1}
    if not panels:
        stems: dict[str, list[str]] = {}
        for name in scalar:
            stems.setdefault(name.rstrip("0123456789"), []).append(name)
        panels = {", ".join(names): tuple(names) for names in stems.values()}
    chosen = {
        label: {name: scalar[name] for name in names if name in scalar}
        for label, names in list(panels.items())[: MAX_PANELS - 1]
    }
    outputs = np.asarray(trajectory.actions)
    many = outputs.shape[1] > 1
    curves = {f"output {i + 1}" if many else "output": column for i, column in enumerate(outputs.T[:2])}
    if targets is not None:
        wanted = np.asarray(targets)[: len(outputs)]
        curves |= {f"target {i + 1}" if many else "target": column for i, column in enumerate(wanted.T[:2])}
    chosen["output"] = curves
    return {label: curves for label, curves in chosen.items() if curves}


def _curves(axis: Axes, label: str, curves: dict[str, np.ndarray], last: bool) -> None:
    for (name, values), color in zip(curves.items(), LINES, strict=False):
        axis.plot(values, color=color, lw=1.0, label=name)
    axis.set_ylabel(label, fontsize=8)
    axis.margins(x=0.01)
    axis.grid(axis="y", color="#e6e8eb", lw=0.8)
    if len(curves) > 1:
        axis.legend(fontsize=8, ncols=len(curves), loc="upper right", framealpha=0.85, edgecolor="none", borderpad=0.2)
    if last:
        axis.set_xlabel("control steps")
    else:
        axis.tick_params(labelbottom=False)
