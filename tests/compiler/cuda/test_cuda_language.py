"""What users may write in words of Python and NumPy, in the CUDA simulator: the oracle's numbers, infinite ones too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backends.harness import LAYOUTS
from tests.compiler.cuda.cuda_cases import Batch, Way, evaluate, target
from tests.pairs import by_turns

FORMULAS = ("powers_and_remainders", "names_of_numpy", "conditions", "infinities")
BLOCKS = {"individuals": 2, "episodes": 4, "units": 4}
ASKED = by_turns(FORMULAS, LAYOUTS, every=3)
CALLS = {
    (name, layout): (evaluate, (Batch(target, (name,), 2), Way(layout, "float64", BLOCKS[layout])))
    for name, layout in (one.values for one in ASKED)
}
GROUPS = {
    name: [CALLS[one.values] for one in ASKED if bool(one.marks) == (name == "language-slow")]
    for name in ("language", "language-slow")
}


@pytest.mark.parametrize(("name", "layout"), ASKED)
def test_threads_read_formulas_as_numpy_does(name: str, layout: str, simulator: Any) -> None:
    asked = CALLS[name, layout]
    group = next(name for name, calls in GROUPS.items() if asked in calls)
    found = simulator(group, GROUPS[group])[asked].checked()
    expected = asked[1][0].plain()[0]
    assert np.isfinite(expected).all() == (name != "infinities")
    np.testing.assert_allclose(found[0], expected, rtol=1e-10, atol=1e-10)
