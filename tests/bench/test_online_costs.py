"""The measurement of online learning's costs runs through, and its figure is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from evornn.bench.command import Options, main, markdown
from evornn.bench.online_costs import METHODS, draw_online, measure_online, table
from evornn.errors import EvornnError


def test_costs_are_measured_and_drawn(tmp_path: Path) -> None:
    rows = measure_online(0.0, units=(2, 3))
    assert [row["N"] for row in rows[:2]] == [2, 3]
    assert [row["weights"] for row in rows[:2]] == [2 * (1 + 2 + 1), 3 * (1 + 3 + 1)]
    assert all(row[label] > 0 for row in rows[:2] for label in METHODS)
    assert rows[2]["N"] == "power of N, 2 to 3"
    assert rows[3] == {"N": "operations, in theory", "weights": "N^2", "RTRL": "N^4", "hybrid": "N^3",
                       "TBPTT(10, 20)": "N^2"}  # fmt: skip
    assert "| 3 | 15 |" in markdown(table(rows), "title")
    draw_online(rows, tmp_path / "costs.png")
    assert (tmp_path / "costs.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_of_nothing_is_refused() -> None:
    with pytest.raises(EvornnError, match="--figure draws what --online measures"):
        main(Options(figure=Path("x.png")))
