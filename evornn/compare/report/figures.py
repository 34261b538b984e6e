"""The figures of a comparison's report as SVG text that can stand in an HTML page: no script, no link, text as text."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evornn.compare.statistics.analysis import Overall
from evornn.compare.statistics.curves import Quartiles
from evornn.compare.statistics.resampling import Estimate
from evornn.plots.style import GREY, LOOK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#1f5fa8", "#d9731a", "#2f8f5b", "#8a4fa8", "#c23b3b", "#6b6f76", "#a07800", "#0f8ea3")
DASHES = ((), (5, 2), (1.5, 1.5), (6, 2, 1.5, 2))
WIDTH, HEIGHT = 4.4, 2.7  # inches: at a phone's width letters are as large as the page's
STYLE: dict[Any, Any] = LOOK | {
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e9ebee",
    "svg.fonttype": "none",
    "text.parse_math": False,  # names from elsewhere may hold a dollar sign
}


def style(number: int) -> tuple[str, tuple[float, ...]]:
    """(colour, dashes) of a comparison's method number `number`; different for the first 32."""
    return COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]


class Figures:
    """Draws for methods of these names, each in its own colour and dashes throughout."""

    def __init__(self, methods: Sequence[str]) -> None:
        self._looks = {name: style(i) for i, name in enumerate(methods)}
        self._drawn = 0

    def shares(self, at: np.ndarray, shares: Mapping[str, np.ndarray], budget: float) -> str:
        """Empirical distribution functions: share [B] against evaluations [B], the budget marked."""
        with self._axes() as (axis, finish):
            axis.axvline(budget, color=GREY, lw=1.0, ls=":")
            for name, values in shares.items():
                axis.step(at, values, where="post", lw=1.6, **self._line(name))
            axis.set(ylim=(-0.02, 1.02), ylabel="share reached")
            _evaluations(axis, at)
            return finish()

    def fitness(self, at: np.ndarray, found: Mapping[str, Quartiles]) -> str:
        """Median best fitness and its interquartile range against evaluations [B]."""
        with self._axes() as (axis, finish):
            for name, q in found.items():
                finite = np.isfinite(q.lower) & np.isfinite(q.upper)
                colour = self._looks[name][0]
                axis.fill_between(at, q.lower, q.upper, where=finite, step="post", color=colour, alpha=0.13, lw=0)
                axis.step(at, np.where(np.isfinite(q.median), q.median, np.nan), where="post", lw=1.6,
                          **self._line(name))  # fmt: skip
            _fit(axis, np.concatenate([q.median for q in found.values()]))
            axis.set_ylabel("best fitness")
            _evaluations(axis, at)
            return finish()

    def intervals(self, estimates: Mapping[str, Estimate], label: str) -> str:
        """A point and an interval for each method, one under the other."""
        with self._axes(height=0.62 + 0.26 * len(estimates)) as (axis, finish):
            for row, (name, (value, low, high)) in enumerate(estimates.items()):
                colour = self._looks[name][0]
                if np.isfinite([low, high]).all():
                    axis.plot([low, high], [row, row], color=colour, lw=2.2, solid_capstyle="butt")
                axis.plot([value], [row], marker="o", ms=5, color=colour)
            axis.set_yticks(range(len(estimates)), list(estimates))
            axis.set(ylim=(len(estimates) - 0.4, -0.6), xlabel=label)
            axis.grid(axis="y", visible=False)
            return finish()

    def ranks(self, overall: Overall) -> str:
        """The critical-difference diagram (Demsar 2006): average ranks, bars over what the test cannot tell apart."""
        names, ranks = overall.methods, overall.friedman.ranks
        order = np.argsort(ranks, kind="stable").tolist()
        left = (len(order) + 1) // 2  # the better half is written on the left
        deepest = 0.9 + 0.32 * len(overall.groups)
        with self._axes(height=0.55 + 0.26 * (left + len(overall.groups))) as (axis, finish):
            k = len(names)
            pad = 0.3 * (k - 1)
            axis.set(xlim=(1 - pad, k + pad), ylim=(deepest + 0.55 * left, -1.25))
            axis.set_axis_off()
            axis.plot([1, k], [0, 0], color="#333333", lw=1)
            for tick in range(1, k + 1):
                axis.plot([tick, tick], [0, -0.15], color="#333333", lw=1)
                axis.text(tick, -0.22, str(tick), ha="center", va="bottom", color="#555555", fontsize=8)
            _difference(axis, overall.difference, k)
            for place, i in enumerate(order):
                near = place < left
                depth = deepest + 0.55 * (place if near else k - 1 - place)
                end = 1 - 0.04 * k if near else k + 0.04 * k
                axis.plot([ranks[i], ranks[i], end], [0, depth, depth], color=self._looks[names[i]][0], lw=1.2)
                beside = -0.02 * k if near else 0.02 * k
                axis.text(
                    end + beside, depth, f"{names[i]} {ranks[i]:.2f}", ha="right" if near else "left", va="center"
                )
            for row, group in enumerate(overall.groups):
                spread = [ranks[names.index(name)] for name in group]
                axis.plot([min(spread) - 0.03, max(spread) + 0.03], [0.4 + 0.32 * row] * 2, color="#333333", lw=3.2,
                          solid_capstyle="butt")  # fmt: skip
            return finish()

    def _line(self, name: str) -> dict[str, Any]:
        colour, dashes = self._looks[name]
        return {"color": colour, "dashes": dashes or (None, None)}

    @contextlib.contextmanager
    def _axes(self, height: float = HEIGHT) -> Iterator[tuple[Axes, Callable[[], str]]]:
        """An axis to draw on, and what to call at the end for the SVG."""
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(WIDTH, height), layout="constrained")
            FigureCanvasSVG(figure)  # needs no display
            self._drawn += 1
            yield figure.add_subplot(), lambda: _inline(figure, f"f{self._drawn}-")


def _inline(figure: Figure, prefix: str) -> str:
    """The figure without what only a file of its own needs; its ids, where something refers to them, are unique."""
    text = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(text, format="svg", metadata=nothing, transparent=True)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    used = {*re.findall(r'xlink:href="#([^"]+)"', svg), *re.findall(r"url\(#([^)]+)\)", svg)}
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r'xlink:href="#|url\(#', lambda m: m[0] + prefix, svg)
    width, height = (float(value) for value in re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2])
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" xmlns:xlink="http://www.w3.org/1999/xlink">'
    return re.sub(r"^<svg[^>]*>", head, svg).strip()


def _evaluations(axis: Axes, at: np.ndarray) -> None:
    from matplotlib.ticker import EngFormatter, NullFormatter

    axis.set(xlabel="evaluations", xscale="log", xlim=(at[0], at[-1]))
    axis.xaxis.set_major_formatter(EngFormatter())  # 100 k, 1 M: whole numbers of seven digits meet their neighbours
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(axis="x", which="minor", visible=False)


def _fit(axis: Axes, values: np.ndarray) -> None:
    """A scale on which medians of very different sizes can be read."""
    values = values[np.isfinite(values)]
    sizes = np.abs(values[values != 0.0])
    if sizes.size and sizes.max() > 100.0 * sizes.min():
        threshold = 10.0 ** np.floor(np.log10(max(np.quantile(sizes, 0.02), sizes.max() * 1e-8)))
        axis.set_yscale("symlog", linthresh=threshold)
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if abs(value) >= 1.0 else f"{value:g}")
    elif values.size and values.max() > values.min():
        room = 0.06 * (values.max() - values.min())
        axis.set_ylim(values.min() - room, values.max() + room)


def _difference(axis: Axes, difference: float, k: int) -> None:
    """The critical difference to scale, above the ranks."""
    shown = min(difference, k - 1.0)
    axis.plot([1, 1 + shown], [-0.85, -0.85], color="#333333", lw=1.4, solid_capstyle="butt")
    for end in (1, 1 + shown) if difference <= k - 1.0 else (1,):
        axis.plot([end, end], [-0.95, -0.75], color="#333333", lw=1.4)
    more = "" if difference <= k - 1.0 else ", longer than the axis"
    axis.text(1 + shown + 0.03 * k, -0.85, f"critical difference {difference:.2f}{more}", va="center", fontsize=8)
