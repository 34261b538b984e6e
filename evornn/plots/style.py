"""The look that all figures share, as settings of matplotlib."""

from __future__ import annotations

from typing import Any

GREY = "#8a93a0"
LOOK: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": "#333333",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "svg.hashsalt": "evornn",  # the same runs give the same file
}
