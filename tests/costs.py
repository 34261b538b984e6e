"""What the tests cost: processor seconds of each, children's included, and how many of them went into compiling.

Told at the end of every run, over all of pytest-xdist's workers: a suite that grows slow does so a test at a time.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

SHOWN = int(os.environ.get("SHOWN_COSTS", "15"))
_compiling = {"seconds": 0.0, "kernels": 0}
_spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])  # test -> seconds, of them compiling
_kernels = [0.0]
_charged = [0.0]


def charge(seconds: float) -> None:
    """Add what another process, no child of this one, has spent for the test that runs."""
    _charged[0] += seconds


def _processor() -> float:
    return sum(os.times()[:4]) + _charged[0]


def _own() -> float:
    return sum(os.times()[:2])


def _listen() -> None:
    """Count what Numba compiles in this process."""
    from numba.core import event

    class Compiling(event.Listener):
        def __init__(self) -> None:
            self.depth, self.began = 0, 0.0

        def on_start(self, _: Any) -> None:
            if not self.depth:
                self.began = _own()
            self.depth += 1

        def on_end(self, _: Any) -> None:
            self.depth -= 1
            if not self.depth:
                _compiling["seconds"] += _own() - self.began
                _compiling["kernels"] += 1

    event.register("numba:compile", Compiling())


def pytest_configure(config: pytest.Config) -> None:
    """Begin."""
    _listen()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what a test has cost, with the fixtures made for it."""
    processor, compiling, kernels = _processor(), _compiling["seconds"], _compiling["kernels"]

    def cost() -> tuple[float, float, float]:
        return _processor() - processor, _compiling["seconds"] - compiling, _compiling["kernels"] - kernels

    item.cost = cost  # type: ignore[attr-defined]
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Send it along with the test's last report."""
    report = yield
    if call.when == "teardown":
        report.user_properties = [*report.user_properties, ("cost", item.cost())]  # type: ignore[attr-defined]
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather, in the process that tells."""
    for name, cost in report.user_properties:
        if name == "cost":
            _spent[report.nodeid] = list(cost[:2])
            _kernels[0] += cost[2]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell."""
    if len(_spent) < 2:
        return
    seconds, compiling = (sum(cost[k] for cost in _spent.values()) for k in (0, 1))
    terminalreporter.section("processor seconds")
    terminalreporter.write_line(
        f"{seconds:,.0f} s in {len(_spent):,} tests; {compiling:,.0f} s of them compiling {_kernels[0]:,.0f} kernels"
        " (and more in the processes that tests start)"
    )
    for test, (spent, made) in sorted(_spent.items(), key=lambda pair: -pair[1][0])[:SHOWN]:
        terminalreporter.write_line(f"{spent:7.1f} s, {made:6.1f} compiling  {test}")
