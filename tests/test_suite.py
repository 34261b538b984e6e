"""The suite itself: what it may skip, and limits of wall time."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.guards import HANGS
from tests.needs import NEEDS, missing

TESTS = Path(__file__).parent
BROUGHT = {
    "sklearn": "scikit-learn",
    "numba_cuda": "numba-cuda",
    "matplotlib.pyplot": "matplotlib",
}  # module -> package
LEAST = 300.0  # seconds, of a guard against hanging
LIMITS = re.compile(
    r"(?:\btimeout(?:: float)? ?= ?|\.(?!alarm\(0\))(?:wait|join|result|communicate|alarm)\()(\d[\d.]*)"
)
FILES = [path for path in sorted(TESTS.rglob("*.py")) if path.name != Path(__file__).name]


def test_only_marked_tests_need_more_than_what_is_installed_for_tests() -> None:
    """Otherwise they would be skipped where everybody runs them, and missing where the extras are."""
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    brought = {re.split(r"[\[>=]", name)[0] for name in [*project["dependencies"], *extras["test"], *extras["data"]]}
    for path in FILES:
        for module in re.findall(r'importorskip\(\s*"([\w.]+)"', path.read_text()):
            package = BROUGHT.get(module, module.split(".")[0])
            assert BROUGHT.get(package, package) in brought, f'{path}: mark it @pytest.mark.needs("...")'


def test_no_test_has_a_limit_of_wall_time_but_against_hanging() -> None:
    for path in FILES:
        for limit in LIMITS.findall(path.read_text()):
            assert float(limit) >= LEAST, f"{path} waits {limit} s at most: use HANGS of tests/guards.py"
    assert HANGS >= LEAST


def test_what_is_needed_is_told_in_words() -> None:
    for name in NEEDS:
        assert not missing(name) or "pip install" in missing(name)


def test_a_test_that_is_skipped_where_its_extra_was_promised_fails(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from tests.conftest import *\npytest_plugins = []")
    pytester.makepyfile(
        "import pytest\nfrom tests import needs\n"
        "needs.NEEDS['torch'] = 'not here'.strip\nneeds.NEEDS['iohinspector'] = str\nneeds.missing.cache_clear()\n"
        "@pytest.mark.needs('torch')\ndef test_marked(): pass\n"
        "@pytest.mark.needs('iohinspector')\ndef test_here(): pass\n"
        "@pytest.mark.needs('iohinspector')\ndef test_gone(): pytest.skip('lost')\n"
        "def test_plain(): pass\n"
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2, skipped=2)
    pytester.runpytest_subprocess("--only-needing", "torch,iohinspector").assert_outcomes(
        passed=1, failed=1, errors=1, deselected=1
    )
    assert pytester.runpytest_subprocess("--only-needing", "tensorflow").ret == pytest.ExitCode.USAGE_ERROR
