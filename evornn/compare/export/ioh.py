"""A comparison's runs as IOHprofiler data, for IOHanalyzer, IOHinspector and whatever else reads what IOHexperimenter
writes (de Nobel et al. 2024).

    METHOD/IOHprofiler_f1_PROBLEM.json                   what was run, and the best of every run
    METHOD/data_f1_PROBLEM/IOHprofiler_f1_DIM50.dat      evaluations and best fitness so far, where it rose and at last

A function's number is the problem's place in the comparison; its dimension is the number of genes; an instance is a
seed, or its place among the seeds if one needs more than the 16 bits that readers give it. Fitness is maximised.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import evornn
from evornn.atomic_files import disk_errors, write_atomic
from evornn.compare.cells import Cell
from evornn.compare.results import Results
from evornn.compare.table import Row
from evornn.errors import EvornnError
from evornn.experiment.storage import run_directory
from evornn.spec.comparison import folder

VERSION = "0.3.18"  # of IOHexperimenter, whose format this is
HEADER = "evaluations raw_y"
MOST = 2**16 - 1


def export(results: Results, directory: str | Path) -> list[Path]:
    """Write the comparison's own runs into `directory`, a folder a method; gives the JSON files.

    Methods from elsewhere have no curves and are left out. Raises EvornnError if no run can be written.
    """
    files = [file for method in results.methods for file in _method(results, method, Path(directory))]
    if not files:
        raise EvornnError("there is no run with a curve to export; results from elsewhere have none")
    return files


def _method(results: Results, method: str, directory: Path) -> Iterator[Path]:
    if results.out is None or results.comparison is None or method in results.foreign:
        return
    search = results.comparison.methods[method].search
    for number, problem in enumerate(results.problems, 1):
        rows = results.select(problem, method)
        if rows:
            yield _function(results, rows, f"f{number}_{folder(problem)}", number, directory / folder(method), search)


def _function(
    results: Results, rows: list[Row], name: str, number: int, directory: Path, search: dict[str, Any]
) -> Path:
    """The files of one method on one problem: runs of one dimension are a scenario."""
    scenarios: dict[int, list[dict[str, Any]]] = {}
    texts: dict[int, list[str]] = {}
    wide = max(row.seed for row in rows) > MOST
    for place, row in enumerate(rows, 1):
        evaluations, best, genome = _run(results, row)
        scenarios.setdefault(genome.size, []).append({
            "instance": place if wide else row.seed,
            "evals": row.spent,
            "best": {"evals": int(evaluations[-1]), "y": float(best[-1]), "x": genome.tolist()},
        })  # fmt: skip
        texts.setdefault(genome.size, []).append(_lines(evaluations, best, row.spent))
    paths = {d: f"data_{name}/IOHprofiler_f{number}_DIM{d}.dat" for d in sorted(scenarios)}
    content = {
        "version": VERSION,
        "suite": "evornn",
        "function_id": number,
        "function_name": rows[0].problem,
        "maximization": True,
        "algorithm": {"name": rows[0].method, "info": msgspec.json.encode(search).decode()},
        "experiment_attributes": [{"evornn": evornn.__version__}],
        "attributes": HEADER.split(),
        "scenarios": [{"dimension": d, "path": path, "runs": scenarios[d]} for d, path in paths.items()],
    }
    file = directory / f"IOHprofiler_{name}.json"
    with disk_errors(directory):
        (directory / f"data_{name}").mkdir(parents=True, exist_ok=True)
        for d, path in paths.items():
            write_atomic(directory / path, "".join(texts[d]).encode())
        write_atomic(file, msgspec.json.format(msgspec.json.encode(content), indent=2))
    return file


def _run(results: Results, row: Row) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(evaluations [k], best [k]) up to what the run counts as spent, and its best genome [D]."""
    curve = results.curve(row)
    assert curve is not None
    assert results.out is not None
    evaluations, best = curve
    there = evaluations <= row.spent
    genome, _ = run_directory.read_best(Cell(row.problem, row.method, row.seed).directory(results.out))
    if not there.any() or genome is None:
        raise EvornnError(
            f"{row.method} on {row.problem}, seed {row.seed} has no finite fitness, which the format needs"
        )
    return evaluations[there], best[there], genome


def _lines(evaluations: np.ndarray, best: np.ndarray, spent: int) -> str:
    """A run's part of a .dat file: from evaluation 1, by which readers tell runs apart, to its last."""
    points = list(zip(evaluations.tolist(), best.tolist(), strict=True))
    if points[0][0] > 1:
        points.insert(0, (1, -np.inf))
    if points[-1][0] < spent:
        points.append((spent, points[-1][1]))
    return "\n".join([HEADER, *(f"{at} {y!r}" for at, y in points), ""])
