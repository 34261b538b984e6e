"""Fixtures of the tests of kernels."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.compiler.cuda.simulated import Call, Outcome, simulate


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Sequence[Call]], dict[Call, Outcome]]:
    """simulator(name, calls): outcomes of calls in the CUDA simulator, by call. Every test that gives the name gives
    the same calls: they are run once, also where several processes run tests.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "simulator"
    known: dict[str, dict[Call, Outcome]] = {}

    def run(name: str, calls: Sequence[Call]) -> dict[Call, Outcome]:
        if name not in known:
            known[name] = dict(zip(calls, simulate(calls, Path(folder, name)), strict=True))
        return known[name]

    return run
