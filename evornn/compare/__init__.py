"""Comparisons: methods on problems over seeds, and what may be concluded from them.

    results = evornn.compare.run("runs/compare/small.toml", "runs/out/small")
    results = evornn.compare.load("runs/out/small")
    spent, solved = results.runs("double_pole", "GA")

The names below load on first use: `run`, `load`, `from_csv`, `import_csv`, `Comparison`, `Results`, `Row`,
`write_report`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evornn.compare.report import write_report
    from evornn.compare.results import Results, from_csv, import_csv, load
    from evornn.compare.rows import Row
    from evornn.compare.session import run
    from evornn.compare.spec import Comparison

__all__ = ["Comparison", "Results", "Row", "from_csv", "import_csv", "load", "run", "write_report"]

_HOMES = {
    "Comparison": "spec",
    "Results": "results",
    "Row": "rows",
    "from_csv": "results",
    "import_csv": "results",
    "load": "results",
    "run": "session",
    "write_report": "report",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evornn.compare' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"evornn.compare.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
