"""Comparisons: methods on problems over seeds, and what may be concluded from them.

    results = evornn.compare.run("runs/compare/small.toml", "runs/out/small")
    results = evornn.compare.load("runs/out/small")
    spent, solved = results.runs("double_pole", "GA")

Read `runner` first. `cells` are the runs and where they lie, `tasks` what a worker process does, `stored` and
`imported` read them, `table` and `results` hold them; the folders judge (`statistics`), tell (`report`) and hand on
(`export`). The names below load on first use: `run`, `load`, `from_csv`, `import_csv`, `Comparison`, `Results`, `Row`,
`write_report`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evornn.compare.report.page import write_report
    from evornn.compare.results import Results, from_csv, import_csv, load
    from evornn.compare.runner import run
    from evornn.compare.table import Row
    from evornn.spec.comparison import Comparison

__all__ = ["Comparison", "Results", "Row", "from_csv", "import_csv", "load", "run", "write_report"]

_HOMES = {
    "Comparison": "evornn.spec.comparison",
    "Results": "evornn.compare.results",
    "Row": "evornn.compare.table",
    "from_csv": "evornn.compare.results",
    "import_csv": "evornn.compare.results",
    "load": "evornn.compare.results",
    "run": "evornn.compare.runner",
    "write_report": "evornn.compare.report.page",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evornn.compare' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
