"""evornn evolves recurrent neural networks: pick a network, a task and a search, and get solved, verified controllers.

ARCHITECTURE.md beside this file is the map of the package. The names below load on first use, so `import evornn` costs
next to nothing: `Problem`, `run`, `resume`, `predict`, `EvornnError`, and the packages `networks`, `tasks`, `search`,
`gradient`, `formula`, `compare`, `suites`, `automata`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evornn import automata, compare, formula, networks, search, tasks
    from evornn import training as gradient
    from evornn.errors import EvornnError
    from evornn.experiment.estimate import Prediction, predict
    from evornn.experiment.launch import resume
    from evornn.experiment.run import Result, run
    from evornn.problem import Problem
    from evornn.spec import suites

__version__ = "0.1.0"
__all__ = [
    "EvornnError", "Prediction", "Problem", "Result", "automata", "compare", "formula", "gradient", "networks",
    "predict", "resume", "run", "search", "suites", "tasks",
]  # fmt: skip

_HOMES = {  # public name -> (module, attribute in it); None: the module itself
    "EvornnError": ("evornn.errors", "EvornnError"),
    "Problem": ("evornn.problem", "Problem"),
    "Prediction": ("evornn.experiment.estimate", "Prediction"),
    "predict": ("evornn.experiment.estimate", "predict"),
    "Result": ("evornn.experiment.run", "Result"),
    "run": ("evornn.experiment.run", "run"),
    "resume": ("evornn.experiment.launch", "resume"),
    "automata": ("evornn.automata", None),
    "compare": ("evornn.compare", None),
    "formula": ("evornn.formula", None),
    "gradient": ("evornn.training", None),
    "networks": ("evornn.networks", None),
    "search": ("evornn.search", None),
    "suites": ("evornn.spec.suites", None),
    "tasks": ("evornn.tasks", None),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evornn' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    found = importlib.import_module(module)
    value = found if attribute is None else getattr(found, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
