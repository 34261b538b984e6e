"""The elementary functions on NumPy lanes: error over all exponents, special values, exactness of the lanes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from ulp import EXTENDED, NAMES, max_ulp, sample, truth, ulps

from evornn.compiler.lanes.coefficients import DOUBLE, SINGLE
from evornn.compiler.lanes.elementary import sincos
from evornn.compiler.lanes.numpy_lanes import NumpyLanes, evaluate

SINGLE_LIMIT = {
    "exp": 1.1,
    "log": 2.0,
    "tanh": 3.5,
    "sigmoid": 2.5,
    "softplus": 2.9,
    "sin": 2.1,
    "cos": 2.1,
    "atan": 2.0,
}
DOUBLE_LIMIT = {
    "exp": 1.1,
    "log": 2.0,
    "tanh": 3.5,
    "sigmoid": 2.5,
    "softplus": 2.9,
    "sin": 2.1,
    "cos": 2.1,
    "atan": 2.0,
}
BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


SHARES = pytest.mark.parametrize("share", [5, pytest.param(1, marks=pytest.mark.slow)])


@SHARES
@pytest.mark.parametrize("name", NAMES)
def test_error_single(name, share):
    worst, where = max_ulp(name, lambda x: evaluate(name, x), np.float32, share)
    assert worst <= SINGLE_LIMIT[name], f"{worst} ulp at {where!r}"


@pytest.mark.skipif(not EXTENDED, reason="long double is no wider than float64 here")
@SHARES
@pytest.mark.parametrize("name", NAMES)
def test_error_double(name, share):
    worst, where = max_ulp(name, lambda x: evaluate(name, x), np.float64, share)
    assert worst <= DOUBLE_LIMIT[name], f"{worst} ulp at {where!r}"


def test_the_ruler_sees_errors():
    assert max_ulp("sin", lambda x: np.sin(x) * np.float32(1 + 2**-20), np.float32, 5)[0] > 7
    assert max_ulp("sin", lambda x: np.sin(x.astype(float)).astype(np.float32), np.float32, 5)[0] <= 0.5
    flushed = np.float32([0.0, 1e-39])
    np.testing.assert_array_equal(ulps(flushed, np.float64([2.0**-147, flushed[1]])), [4, 0])
    assert ulps(np.float32([np.nan]), np.float64([1.0]))[0] == np.inf


SPECIAL = {  # at -inf, -0, 0, inf
    "exp": (0, 1, 1, np.inf),
    "log": (np.nan, -np.inf, -np.inf, np.inf),
    "tanh": (-1, -0.0, 0.0, 1),
    "sigmoid": (0, 0.5, 0.5, 1),
    "softplus": (0, np.log(2), np.log(2), np.inf),
    "sin": (np.nan, -0.0, 0.0, np.nan),
    "cos": (np.nan, 1, 1, np.nan),
    "atan": (-np.pi / 2, -0.0, 0.0, np.pi / 2),
}


@BOTH
@pytest.mark.parametrize("name", NAMES)
def test_special_values(name, dtype):
    got = evaluate(name, np.array([-np.inf, -0.0, 0.0, np.inf], dtype))
    wanted = np.array(SPECIAL[name], dtype)
    np.testing.assert_array_equal(got, wanted)
    numbers = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(got[numbers]), np.signbit(wanted[numbers]))


@pytest.mark.parametrize("name", NAMES)
def test_nan_of_any_payload_stays(name):
    """Integer arithmetic on a NaN's bits could make a number of it."""
    single = np.array([0x7FC00000, 0x7FC00001, 0x7FFFFFFF, 0xFFC12345, 0x7F800001], np.uint32).view(np.float32)
    double = np.array([0x7FF8 << 48, (0x7FF8 << 48) + 1, (1 << 63) - 1, (0xFFF8 << 48) + 77], np.uint64).view(float)
    assert np.isnan(evaluate(name, single)).all()
    assert np.isnan(evaluate(name, double)).all()


@BOTH
def test_odd_and_even(dtype):
    for name in ("tanh", "sin", "cos", "atan"):
        x = sample(name, dtype, 5)
        x = x[x > 0]
        np.testing.assert_array_equal(evaluate(name, -x), evaluate(name, x) if name == "cos" else -evaluate(name, x))


@BOTH
def test_ranges_and_clamps(dtype):
    everywhere = sample("tanh", dtype, 5)
    assert np.abs(evaluate("tanh", everywhere)).max() == 1
    squashed = evaluate("sigmoid", everywhere)
    assert squashed.min() == 0
    assert squashed.max() == 1
    assert (evaluate("softplus", everywhere) >= np.maximum(everywhere, 0)).all()
    assert np.abs(evaluate("sin", everywhere)).max() <= 1
    t = SINGLE if dtype is np.float32 else DOUBLE
    beyond = dtype(2.0) ** np.arange(0, 100, dtype=dtype)
    for name, edge, limit in (
        ("tanh", t.tanh_clamp, 1),
        ("sigmoid", t.sigmoid_high, 1),
        ("sigmoid", t.exp_low, 0),
        ("exp", t.exp_high, np.inf),
        ("exp", t.exp_low, 0),
        ("softplus", t.exp_low, 0),
    ):
        assert (evaluate(name, beyond * dtype(edge)) == limit).all(), (name, edge)


@BOTH
def test_rising_functions_rise(dtype):
    """Neighbours may swap within the error, no further: on a grid coarser than the error every function rises."""
    spans = {"tanh": (-4, 4), "sigmoid": (-85, 8), "exp": (-85, 88), "softplus": (-85, 100), "log": (1, 90)}
    for name, (low, high) in spans.items():
        assert (np.diff(evaluate(name, np.linspace(low, high, 20_001, dtype=dtype))) > 0).all(), name


@pytest.mark.skipif(not EXTENDED, reason="long double is no wider than float64 here")
def test_sine_next_to_its_zeros():
    """Floats next to multiples of pi/2 (numerators of its convergents among them), where the reduction cancels most."""
    digits = 157079632679489661923132169163975144209858469968755291048747229615390820314310449931
    value, (p, q), (p0, q0) = Fraction(digits, 10**83), (1, 0), (0, 1)
    hard = []
    while p < DOUBLE.trig_limit:
        whole = value.numerator // value.denominator
        (p, q), (p0, q0) = (whole * p + p0, whole * q + q0), (p, q)
        hard.append(float(p))
        value = 1 / (value - whole)
    hard += [float(k * Fraction(digits, 10**83)) for k in (1, 2, 3, 12345, 2**20 + 1, 2**38 + 3)]
    x = np.array([h for h in hard if h < DOUBLE.trig_limit])
    assert len(x) > 15
    for name in ("sin", "cos"):
        assert ulps(evaluate(name, x), truth(name, x)).max() < 2


@BOTH
def test_far_angles_are_patched_lane_by_lane(dtype):
    limit = (SINGLE if dtype is np.float32 else DOUBLE).trig_limit
    x = np.array([0.5, limit * 1.5, -3.0, -limit * 1e4, np.inf], dtype)
    with np.errstate(all="ignore"):
        s, c = sincos(NumpyLanes(dtype), x)
    near = x[[0, 2]]
    np.testing.assert_array_equal(s[[0, 2]], evaluate("sin", near))
    np.testing.assert_array_equal(c[[0, 2]], evaluate("cos", near))
    for found, name in ((s, "sin"), (c, "cos")):
        assert ulps(found[[1, 3]], truth(name, x[[1, 3]])).max() < 2
    assert np.isnan([s[4], c[4]]).all()


@BOTH
def test_scalars_give_what_arrays_give(dtype):
    x = np.array([-120.0, -3.0, -0.1, 0.7, 5.0, 1e6, np.nan], dtype)
    for name in NAMES:
        np.testing.assert_array_equal([evaluate(name, v) for v in x], evaluate(name, x))


@BOTH
def test_fma_rounds_once(dtype):
    """Against exact rational arithmetic, with products that nearly cancel the addend and sums that fall half-way."""
    rng = np.random.default_rng(3)
    a, b = (rng.standard_normal(3000).astype(dtype) for _ in range(2))
    c = np.where(
        rng.random(3000) < 0.5,
        -(a * b),
        rng.standard_normal(3000).astype(dtype) * dtype(2.0) ** rng.integers(-40, 40, 3000),
    )
    half = dtype(2.0) ** -(np.finfo(dtype).nmant + 1)  # 1 + half + a little less than nothing, and more
    a = np.concatenate([a, dtype([1 + 2 * half, 1 + 2 * half, half, half])])
    b = np.concatenate([b, dtype([half, -half, 1 + half * 2, 1])])
    c = np.concatenate([c, dtype([1, 1, 1, 1])]).astype(dtype)
    for u, v, w, got in zip(a, b, c, NumpyLanes(dtype).fma(a, b, c), strict=True):
        exact = Fraction(float(u)) * Fraction(float(v)) + Fraction(float(w))
        off, up, down = (
            abs(exact - Fraction(float(g)))
            for g in (got, np.nextafter(got, dtype(np.inf)), np.nextafter(got, dtype(-np.inf)))
        )
        assert off <= min(up, down), (u, v, w)
        if off == min(up, down) and off:
            assert int(got.view(np.int32 if dtype is np.float32 else np.int64)) % 2 == 0, "ties go to even"


def test_wrong_lanes_are_refused():
    with pytest.raises(TypeError, match="float16"):
        NumpyLanes(np.float16)
