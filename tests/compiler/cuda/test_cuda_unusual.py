"""Networks of unusual kinds, and long sums, in the CUDA simulator: the oracle's numbers, in float32 the CPU's bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backends.harness import LAYOUTS
from tests.backends.test_long_sums import paid
from tests.backends.test_unusual_networks import STEPS
from tests.backends.unusual_networks import KINDS, SIZES
from tests.compiler.cuda.cuda_cases import Batch, Way, evaluate, unusual

BLOCKS = {"individuals": 4, "episodes": 2, "units": 4}  # threads a block


def call(kind: Any, n: int, layout: str, precision: str) -> tuple[Any, ...]:
    return evaluate, (Batch(unusual, (kind, n), STEPS), Way(layout, precision, BLOCKS[layout]))


CASES = {  # every kind in one layout, in a size from 17 on by turns; all layouts and sizes under -m slow
    (kind, n, layout, ("float64", "float32")[(i + k) % 2]): (k, n) == (i % len(LAYOUTS), (17, 30)[(i + k) % 2])
    for i, kind in enumerate(KINDS)
    for n in SIZES
    for k, layout in enumerate(LAYOUTS)
}
SUM = (evaluate, (Batch(paid, (0.1, 20_000), 20_000), Way("individuals", "float32", 4)))
GROUPS = {
    name: [call(*c) for c, quick in CASES.items() if quick == (name == "unusual")] + [SUM] * (name == "unusual")
    for name in ("unusual", "unusual-slow")
}
PARAMETERS = [pytest.param(*c, marks=() if quick else pytest.mark.slow) for c, quick in CASES.items()]


@pytest.mark.parametrize(("kind", "n", "layout", "precision"), PARAMETERS)
def test_threads_evaluate_as_numpy_does(kind: Any, n: int, layout: str, precision: str, simulator: Any) -> None:
    asked = call(kind, n, layout, precision)
    group = "unusual" if CASES[kind, n, layout, precision] else "unusual-slow"
    found = simulator(group, GROUPS[group])[asked].checked()
    fitness, steps, failed = asked[1][0].plain()
    tolerance = 1e-10 if precision == "float64" else 1e-4
    np.testing.assert_allclose(found[0], fitness, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(found[1], steps)
    np.testing.assert_array_equal(found[2], failed)
    if precision == "float32":
        np.testing.assert_array_equal(found[0], asked[1][0].cpu("float32")[0])


def test_a_long_sum_is_right(simulator: Any) -> None:
    """Added plainly in float32, 20,000 tenths come to 2000.09."""
    found = simulator("unusual", GROUPS["unusual"])[SUM].checked()
    assert found[0].item() == np.float32(np.float64(np.float32(0.1)) * 20_000)
