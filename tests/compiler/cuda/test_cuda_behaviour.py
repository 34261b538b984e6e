"""CUDA kernels in the simulator: threads, blocks and chunks do not matter; the ends of ranges; sums; noise; words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from evornn.compiler.lanes.numpy_lanes import evaluate as by_numpy
from tests.backends.harness import LAYOUTS
from tests.backends.test_operations import OF_MATRICES
from tests.compiler.cuda import cuda_cases as cases
from tests.compiler.cuda.cuda_cases import Batch, Way, evaluate
from tests.pairs import turn

POLES, MEMORY = ("FullyRecurrent", "DoublePole"), ("LSTM", "Sequence")


# the calls of one process of the simulator each: by default, and the others under -m slow
WORK: dict[str, list[Any]] = {group + part: [] for group in ("control", "numbers", "words") for part in ("", "-slow")}
PARTS = pytest.mark.parametrize("part", ["", pytest.param("-slow", marks=pytest.mark.slow)], ids=["turn", "others"])


def in_turns(group: str, calls: Iterable[Any], every: int, shift: int = 0) -> dict[str, list[Any]]:
    """One in `every` of these calls is made by default. Those of either part, which are put into the group's work."""
    found: dict[str, list[Any]] = {"": [], "-slow": []}
    for k, call in enumerate(calls):
        found["" if turn((k, shift), every) else "-slow"].append(call)
    for part, some in found.items():
        WORK[group + part] += some
    return found


def parameters(parts: dict[str, list[Any]]) -> list[Any]:
    """A test's parameters: the calls of both parts."""
    return [pytest.param(c, marks=pytest.mark.slow if part else ()) for part, some in parts.items() for c in some]


def calls(batches: Iterable[Batch], ways: Iterable[Way]) -> list[Any]:
    """Every batch in every way."""
    ways = list(ways)
    return [(evaluate, (batch, way)) for batch in batches for way in ways]


@pytest.fixture(scope="module")
def outcome(simulator: Any) -> Any:
    """outcome(call): what it gave in the simulator."""

    def of(call: Any) -> Any:
        group = next(name for name, work in WORK.items() if call in work)
        return simulator(f"behaviour-{group}", WORK[group])[call].checked()

    return of


def named(call: Any) -> str:
    """A call's name as a parameter."""
    batch, way = call[1]
    return f"{batch}-{way}"


def equal(found: Iterable[Any], wanted: Iterable[Any], **bounds: Any) -> None:
    """All arrays are the same, NaN where NaN is."""
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(ours, theirs, **bounds)


# threads, blocks, grids, chunks, neighbours ---------------------------------------------------------------------------
LANES, UNITS = Batch(cases.pair, (*POLES, 7, 3), 5), Batch(cases.pair, (*POLES, 7, 2), 2)
WAYS = [
    *({"block": block} for block in (1, 2, 3, 5, 8)),
    {"block": 4, "grid": 1},
    {"block": 2, "grid": 3},
    {"block": 4, "chunk": 2},
    {"block": 3, "grid": 2, "chunk": 3},
    {"block": 4, "chunk": 1},
]
ALONE = (0, 3, 6)


def same_numbers(layout: str, shift: int) -> dict[str, list[Any]]:
    """Calls for all individuals, and for some of them alone; half of both by default."""
    batch = UNITS if layout == "units" else LANES
    ways = [Way(layout, "float32", **way) for way in (*WAYS, *({"one": i} for i in ALONE))]
    return in_turns("control", calls([batch], ways), 2, shift)


SAME = {layout: same_numbers(layout, i) for i, layout in enumerate(LAYOUTS)}


@PARTS
@pytest.mark.parametrize("layout", LAYOUTS)
def test_threads_blocks_chunks_and_neighbours_do_not_matter(layout: str, part: str, outcome: Any) -> None:
    wanted = SAME[layout][part][0][1][0].cpu("float32")
    for call in SAME[layout][part]:
        _, way = call[1]
        one = slice(None) if way.one is None else slice(way.one, way.one + 1)
        equal(outcome(call), [a[one] for a in wanted], err_msg=str(way))


# the ends of ranges ---------------------------------------------------------------------------------------------------
ENDS = [
    *(Batch(cases.pair, (*POLES, p, e), t) for p, e, t in ((1, 1, 4), (1, 3, 1), (17, 1, 1), (3, 9, 2), (2, 3, 0))),
    *(Batch(cases.pair, (*MEMORY, p), t) for p, t in ((1, 1), (2, 2), (2, 0))),  # its mask begins with zeros
]
END_WAYS = [Way("individuals", block=8), Way("episodes", block=8), Way("units", block=4)]
WORK["control"] += calls(ENDS, END_WAYS)


@pytest.mark.parametrize("way", END_WAYS, ids=LAYOUTS)
@pytest.mark.parametrize("batch", ENDS, ids=str)
def test_small_batches_and_short_episodes(batch: Batch, way: Way, outcome: Any) -> None:
    found = outcome((evaluate, (batch, way)))
    for ours, exact in zip(found, batch.plain(), strict=True):
        np.testing.assert_allclose(ours, exact, rtol=1e-10, atol=1e-10)


EXTREME = [Batch(cases.extreme, p, 5) for p in (POLES, ("GRU", "Parity"), ("CTRNN", "EmbeddedReber"))]
EXTREME_WAYS = [Way("individuals", "float32", 4), Way("episodes", "float32", 3), Way("units", "float32", 4)]
EXTREME_CALLS = in_turns("numbers", calls(EXTREME, EXTREME_WAYS), 4)  # each of both in one of its three by default


@pytest.mark.parametrize("call", parameters(EXTREME_CALLS), ids=named)
def test_overflow_nan_and_infinity_stay_as_they_are_on_the_cpu(call: Any, outcome: Any) -> None:
    wanted = call[1][0].cpu("float32")
    assert 0.2 < np.isfinite(wanted[0]).mean() < 0.9
    equal(outcome(call), wanted)


MORTAL = [Batch(cases.mortal, (early_exit,), 5) for early_exit in (True, False)]
MORTAL_WAYS = [Way(layout, block=block) for layout in LAYOUTS for block in (1, 3, 8)]
MORTAL_CALLS = in_turns("control", calls(MORTAL, MORTAL_WAYS), 2)
PROBLEM = (cases.problem, ("cuda",))
WORK["control"].append(PROBLEM)


@PARTS
def test_episodes_end_on_their_own_with_early_exit_and_without(part: str, outcome: Any) -> None:
    fitness, steps, failed = MORTAL[0].plain()
    assert steps.tolist() == [[0, 1, 2, 3, 4, 5, 5]] * 3, "episode 0 is over when it begins"
    assert failed.tolist() == [[True] * 6 + [False]] * 3
    for call in MORTAL_CALLS[part]:
        found = outcome(call)
        np.testing.assert_allclose(found[0], fitness, rtol=1e-12, err_msg=str(call[1]))
        equal(found[1:], (steps, failed))


def test_a_problem_is_the_cpu_s_with_nan_and_infinite_genomes(outcome: Any) -> None:
    fitness, steps, failed = outcome(PROBLEM)
    wanted = cases.problem("cpu")
    assert np.isnan(fitness).tolist() == [False, True, False, True, False]
    np.testing.assert_allclose(fitness, wanted[0], rtol=1e-14)
    equal((steps, failed), wanted[1:])


# sums over episodes ---------------------------------------------------------------------------------------------------
RNG = np.random.default_rng(5)
ROWS = tuple(
    map(
        tuple,
        [
            *RNG.normal(0, 1, (3, 9)),
            *(RNG.normal(0, 1, (4, 9)) * 10 ** RNG.uniform(-12, 12, (4, 9))),
            [1e8, 1.0, -1e8, 0.5, 1e8, -1e8, 2.0**-20, 3.0, -0.25],  # what is lost on the way must come back
            [0.1] * 9,
            [np.inf, *[1.0] * 8],
            [1.0, -np.inf, *[1.0] * 7],
            [1.0, np.inf, -np.inf, *[1.0] * 6],
            [1.0, np.nan, np.inf, *[1.0] * 6],
            [*[0.0] * 8, np.nan],
        ],
    )
)
GIVEN = [Batch(cases.given, (ROWS,)), Batch(cases.given, (tuple(row[:1] for row in ROWS),)), MORTAL[0]]
SUMS = [Way(layout, precision, 4, sums=True) for layout in LAYOUTS for precision in ("float64", "float32")]
SUMS += [Way("individuals", "float32", 4, chunk=2, sums=True)]
SUM_CALLS = in_turns("numbers", calls(GIVEN, SUMS), 2)  # seven ways: each of them with another batch than its neighbour


@pytest.mark.parametrize(
    "call", parameters(SUM_CALLS), ids=lambda call: f"{len(call[1][0].plain()[0][0])}-{call[1][1]}"
)
def test_sums_over_episodes_are_those_of_all_the_numbers(call: Any, outcome: Any) -> None:
    fitness, steps, failed, mean, all_steps, any_failed = outcome(call)
    way = call[1][1]
    equal((all_steps, any_failed), (steps.sum(axis=1), failed.any(axis=1)))
    assert all_steps.dtype == np.int64
    tolerance = 1e-15 if way.precision == "float64" else 1e-12
    for row, found in zip(fitness, mean, strict=True):
        exact = math.fsum(row) / len(row) if np.isfinite(row).all() else sum(row.tolist())
        np.testing.assert_allclose(found, exact, rtol=tolerance, atol=tolerance * np.abs(row).mean())


# noise and words ------------------------------------------------------------------------------------------------------
SEEDS = (0, 7, 2**32 - 1)
NOISE = [Batch(cases.noise, (), 6, seed) for seed in SEEDS]
NOISE_WAYS = [
    Way("individuals", "float64", 3),
    Way("episodes", "float64", 2),  # episodes 2, 4 and 6 are the first of their blocks
    Way("units", "float64", 2),
    Way("episodes", "float64", 8, one=1),
    Way("individuals", "float64", 4, grid=1, chunk=1),
]
SINGLE_NOISE = [Way("individuals", "float32", 3), Way("episodes", "float32", 2)]
WORK["numbers"] += calls(NOISE, NOISE_WAYS + SINGLE_NOISE)


@pytest.mark.parametrize("batch", NOISE, ids=lambda batch: f"seed {batch.seed}")
def test_noise_is_the_same_stream(batch: Batch, outcome: Any) -> None:
    exact = batch.plain()[0]
    uniforms = [0, 1, 6]
    assert len(np.unique(exact[0])) == 7
    np.testing.assert_array_equal(exact[0, :5], exact[1, :5])
    for way in NOISE_WAYS:
        found = outcome((evaluate, (batch, way)))[0]
        wanted = exact if way.one is None else exact[way.one : way.one + 1]
        np.testing.assert_array_equal(found[:, uniforms], wanted[:, uniforms], err_msg=str(way))
        np.testing.assert_allclose(found, wanted, rtol=1e-12, err_msg=str(way))
    for way in SINGLE_NOISE:
        equal(outcome((evaluate, (batch, way))), batch.cpu("float32"), err_msg=str(way))


OPERATIONS = [Batch(cases.operation, (name, n)) for n in (5, 19) for name in ("elementwise", "vectors", "functions")]
OPERATIONS += [Batch(cases.operation, (name, 5)) for name in ("registered", *OF_MATRICES)]
PRODUCTS = [Batch(cases.operation, ("lanes_only", n)) for n in (5, 19)]
LANE_CALLS = in_turns("words", calls(OPERATIONS + PRODUCTS, [Way("individuals", block=8), Way("episodes", block=8)]), 5)
SINGLE_CALLS = in_turns("words", calls(OPERATIONS, [Way("individuals", "float32", 8)]), 5)
UNIT_CALLS = in_turns(
    "words", calls([Batch(b.maker, (*b.arguments, 1)) for b in OPERATIONS], [Way("units", block=4)]), 4, shift=2
)
FUNCTIONS = {p: calls([Batch(cases.functions, ())], [Way("individuals", p, 64)])[0] for p in ("float32", "float64")}
WORK["words"] += FUNCTIONS.values()
OPERATION_CALLS = [one for some in (LANE_CALLS, SINGLE_CALLS, UNIT_CALLS) for one in parameters(some)]


@pytest.mark.parametrize("call", OPERATION_CALLS, ids=named)
def test_operations_give_the_cpu_s_bits(call: Any, outcome: Any) -> None:
    batch, way = call[1]
    found = outcome(call)
    equal(found, batch.cpu(way.precision))
    tolerance = 1e-11 if way.precision == "float64" else 2e-5
    np.testing.assert_allclose(found[0], batch.plain()[0], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("precision", FUNCTIONS)
def test_elementary_functions_have_the_algebra_s_bits(precision: str, outcome: Any) -> None:
    x = cases.functions()[1][:, 0].astype(precision)
    assert {"exp", "log", "tanh", "sigmoid", "softplus", "sin", "cos"} <= set(cases.FUNCTIONS)
    for name, found in zip(cases.FUNCTIONS, outcome(FUNCTIONS[precision])[0].T, strict=True):
        np.testing.assert_array_equal(found.astype(precision), by_numpy(name, x), err_msg=name)
