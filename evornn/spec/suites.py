"""Problems to compare methods on, as named lists: poles, sequences, small. When one is solved, its task says.

    for entry in evornn.spec.suites.poles:
        problem = entry.problem(seed=1)

In the spec of a comparison: `[[problems]]` with `suite = "poles"`. A spec may put other networks in their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from evornn.problem import Problem


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A named problem: the tables [network], [task] and [problem] of a spec, and limits of its own."""

    name: str
    network: dict[str, Any]
    task: dict[str, Any]
    options: dict[str, Any] = {}
    limits: dict[str, Any] = {}

    def problem(self, seed: int = 0, **options: Any) -> Problem:
        """The problem; `options` of `Problem`, such as backend="plain", come before the entry's own."""
        from evornn.spec.run import build_problem

        return build_problem(self.network, self.task, self.options | options, seed, self.name)


def _entry(name: str, network: dict[str, Any], task: str, **options: Any) -> Entry:
    return Entry(name=name, network=network, task={"name": task, **options})


RECURRENT = {"name": "FullyRecurrent", "units": 5}

# One pole or two, with or without velocities, rewarded for the steps balanced or for little motion (damping, Gruau
# 1996). Solved: 100,000 steps balanced; under damping also 200 of 625 starts (Gomez, Schmidhuber & Miikkulainen 2008).
poles: list[Entry] = [
    _entry(f"{name}{seen}{fitness}", RECURRENT, task, velocities=not seen, fitness=fitness[1:] or "steps")
    for name, task in (("single_pole", "CartPole"), ("double_pole", "DoublePole"))
    for seen in ("", "_no_velocities")
    for fitness in ("", "_damping")
]

ELMAN, LSTM = {"name": "Elman", "units": 3}, {"name": "LSTM", "units": 3}

# Grammars, bits and numbers to remember, roughly from easy to hard. Solved: fresh sequences, longer than those of the
# training where the task has such, are all correct.
sequences: list[Entry] = [
    *(_entry(f"tomita_{n}", RECURRENT | {"units": 3}, "Tomita", grammar=n, loss="mse") for n in (1, 2, 4)),
    _entry("parity", ELMAN, "Parity", length=8, test_length=20, sequences=64, loss="mse"),
    _entry("a_n_b_n", LSTM | {"units": 2}, "AnBn", longest=6, test=10, loss="mse"),
    _entry("delayed_xor", RECURRENT | {"units": 6}, "DelayedXOR", delay=1, length=24, loss="mse"),
    _entry("temporal_order", LSTM, "TemporalOrder", length=10, sequences=128),
    _entry("adding", LSTM | {"readout": "linear"}, "Adding", length=8, sequences=128),
]

# A few methods, ten seeds and 5,000 evaluations: less than a minute on two cores.
small: list[Entry] = [
    *(entry for entry in poles if entry.name in ("single_pole", "single_pole_no_velocities")),
    *(entry for entry in sequences if entry.name == "tomita_1"),
]

SUITES: dict[str, list[Entry]] = {"poles": poles, "sequences": sequences, "small": small}
