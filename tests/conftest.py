"""Shared by all tests: signals as a terminal has them, tests that need extras, and what the tests cost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # tests run side by side: more threads only get in each other's way

import pytest
from hypothesis import settings

from tests.needs import NEEDS, missing

pytest_plugins = ["pytester", "tests.costs"]

settings.register_profile("evornn", deadline=None)  # compiling a kernel for the first example is slow, and that is fine
settings.load_profile("evornn")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as in a terminal, here and in processes that are started: `make test &` has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# tests that need extras -----------------------------------------------------------------------------------------------
def pytest_addoption(parser: pytest.Parser) -> None:
    """--only-needing."""
    parser.addoption(
        "--only-needing",
        default="",
        metavar="NAME,...",
        help=f"run only the tests marked as needing one of these; none may be skipped: {', '.join(NEEDS)}",
    )


def _wanted(config: pytest.Config) -> set[str]:
    return set(filter(None, config.getoption("--only-needing").split(",")))


def _needed(item: pytest.Item) -> set[str]:
    return {name for mark in item.iter_markers("needs") for name in mark.args}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what cannot run; with --only-needing, keep what these extras add."""
    wanted = _wanted(config)
    if wrong := (wanted | {name for item in items for name in _needed(item)}) - NEEDS.keys():
        raise pytest.UsageError(f"nothing is known of what is needed: {sorted(wrong)}; known: {sorted(NEEDS)}")
    if wanted:
        gone = [item for item in items if not _needed(item) & wanted]
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if _needed(item) & wanted]
    for item in items:
        if why := "; ".join(filter(None, map(missing, sorted(_needed(item))))):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With --only-needing a skipped test is one that was lost."""
    report = yield
    if report.skipped and _wanted(item.config) and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped, but all that it needs was promised: {report.longrepr}"
    return report
