"""PTX as text: blocks, loops and their passes, counts of a step, and what tests ask of a kernel's text."""

from __future__ import annotations

import numpy as np
import pytest

from evornn.bench.ptx.counts import classified, step_counts
from evornn.bench.ptx.listing import Local, approximations, contractions, local_bytes, parse, uses_double
from evornn.bench.ptx.loops import Flow
from evornn.errors import EvornnError
from tests.bench.ptx_examples import HEAD, KERNEL, REGISTERS, kernel


def test_the_loop_over_the_steps_is_found_and_counted() -> None:
    step = step_counts(parse(KERNEL))
    assert step is not None
    assert (step.label, step.depth, step.guessed) == ("$L_steps", 2, 0)
    assert {kind: number for kind, number in step.always.kinds.items() if number} == {
        "moves and signs": 1,
        "loads and stores": 4,
        "fused multiply-adds": 4,
        "whole numbers": 4 + 1,
        "comparisons and choices": 4 + 3,
        "quotients": 1,
        "branches": 4 + 3,
    }
    assert step.always.loaded == {"shared": 32}
    assert step.always.machine == {"fp32": 4 + 5, "special": 2, "integer": 5 + 7, "memory": 4, "control": 7 + 3}
    assert step.sometimes.kinds == {"square roots": 1, "loads and stores": 1}
    assert step.sometimes.stored == {"local": 4}
    load, products, quotient, test = 30, 4 * 4, 5 * 4 + 2 * 20, 4
    assert step.chain == load + products + quotient + test


def test_long_inner_loops_are_extrapolated_exactly() -> None:
    steps = [step_counts(parse(KERNEL.replace("%r4, 4;", f"%r4, {passes};"))) for passes in (7, 8, 9, 64)]
    chains = [step.chain for step in steps if step]
    assert np.diff(chains).tolist() == [4, 4, 55 * 4]
    assert steps[-1] is not None
    assert steps[-1].always.kinds["fused multiply-adds"] == 64


@pytest.mark.parametrize(
    ("before", "inside", "passes"),
    [
        ("mov.u32 %r1, 0;", "add.s32 %r1, %r1, 1; setp.lt.u32 %p1, %r1, 40; @%p1 bra $L;", 40),
        ("mov.u32 %r1, 0;", "setp.lt.u32 %p1, %r1, 40; add.s32 %r1, %r1, 1; @%p1 bra $L;", 41),
        ("mov.u32 %r9, 8; mov.u32 %r1, %r9;", "add.s32 %r1, %r1, -2; setp.eq.s32 %p1, %r1, 0; @!%p1 bra $L;", 4),
        ("mov.b64 %rd1, 0;", "add.s64 %rd2, %rd1, 4; setp.ne.s64 %p1, %rd2, 256; mov.b64 %rd1, %rd2; @%p1 bra $L;", 64),
        (  # a counter as Numba writes it: stepped only while it is not 0
            "mov.u64 %rd1, 39;",
            "setp.ne.s64 %p1, %rd1, 0; selp.b64 %rd2, -1, 0, %p1; add.s64 %rd1, %rd1, %rd2; @%p1 bra $L;",
            40,
        ),
        ("mov.u32 %r1, 0;", "setp.ge.s32 %p1, %r1, 5; @%p1 bra $E; add.s32 %r1, %r1, 1; bra.uni $L;", 5),
        ("mov.u32 %r1, -3;", "add.s32 %r1, %r1, 1; setp.lt.s32 %p1, %r1, 0; @%p1 bra $L;", 3),
        ("mov.u32 %r1, -3;", "add.s32 %r1, %r1, 1; setp.lt.u32 %p1, %r1, 0; @%p1 bra $L;", 1),
        ("ld.param.u32 %r2, [a];mov.u32 %r1, 0;", "add.s32 %r1, %r1, 1; setp.lt.s32 %p1, %r1, %r2; @%p1 bra $L;", None),
        ("mov.u32 %r1, %tid.x;", "add.s32 %r1, %r1, 1; setp.lt.s32 %p1, %r1, 40; @%p1 bra $L;", None),
        (
            "mov.u32 %r1, 0;",
            "setp.gt.f32 %p2, %f1, %f2; @%p2 bra $E; add.s32 %r1, %r1, 1; setp.lt.s32 %p1, %r1, 40; @%p1 bra $L;",
            None,
        ),
        ("mov.u32 %r1, 0;", "@%p2 add.s32 %r1, %r1, 1; setp.lt.s32 %p1, %r1, 40; @%p1 bra $L;", None),
    ],
)  # fmt: skip
def test_constant_passes(before: str, inside: str, passes: int | None) -> None:
    flow = Flow(parse(kernel(f"{before}\n$L:\n{inside}\n$E:\nret;")).entry)
    (loop,) = flow.loops
    assert flow.passes(loop) == passes


def test_branches_by_a_table_and_functions_are_read() -> None:
    function = f"""
.func (.param .b32 result) helper(.param .b32 a)
{{
{REGISTERS}
	ld.param.f32 %f1, [a];
	sqrt.rn.f32 %f1, %f1;
	st.param.f32 [result], %f1;
	ret;
}}
.extern .func elsewhere(.param .b32 a);
"""
    body = """
$L:
	ts: .branchtargets $A, $B;
	brx.idx %r1, ts;
$A:
	add.rn.f32 %f1, %f1, %f2;
$B:
	{ // callseq 0, 0
	.param .b32 param0;
	st.param.f32 [param0+0], %f1;
	call.uni (retval0),
	helper,
	(
	param0
	);
	ld.param.f32 %f1, [retval0+0];
	} // callseq 0
	setp.lt.f32 %p1, %f1, %f2;
	@%p1 bra $L;
	ret;
"""
    listing = parse(kernel(body, before=function))
    assert set(listing.functions) == {"kernel", "helper"}
    step = step_counts(listing)
    assert step is not None
    assert (step.always.kinds["square roots"], step.sometimes.kinds["sums"], step.always.kinds["sums"]) == (1, 1, 0)


def test_kernels_without_loop_and_text_that_is_no_ptx() -> None:
    assert step_counts(parse(kernel("ret;"))) is None
    with pytest.raises(EvornnError, match="no PTX"):
        parse("define void @kernel()")
    with pytest.raises(EvornnError, match="0 kernels"):
        _ = parse(HEAD).entry
    with pytest.raises(EvornnError, match="inside a function"):
        parse(kernel("ret;")[:-3])


@pytest.mark.parametrize(
    ("operation", "kind", "units"),
    [
        ("fma.rn.f32", "fused multiply-adds", {"fp32": 1}),
        ("fma.rn.f32x2", "fused multiply-adds", {"fp32": 2}),
        ("sub.rn.f64", "sums", {"fp64": 1}),
        ("mul.rn.f32", "products", {"fp32": 1}),
        ("div.rn.f32", "quotients", {"fp32": 5, "special": 2, "control": 3}),
        ("sqrt.rn.f32", "square roots", {"fp32": 4, "special": 1, "integer": 2, "control": 3}),
        ("ex2.approx.f32", "approximate functions", {"special": 1}),
        ("setp.lt.f32", "comparisons and choices", {"integer": 1}),
        ("setp.lt.f64", "comparisons and choices", {"fp64": 1}),
        ("selp.b64", "comparisons and choices", {"integer": 2}),
        ("cvt.rni.f32.f32", "conversions", {"special": 1}),
        ("cvt.rzi.s32.f32", "conversions", {"special": 1}),
        ("cvt.rn.f32.s64", "conversions", {"special": 1}),
        ("cvt.u32.u64", "moves and signs", {}),
        ("neg.f32", "moves and signs", {}),
        ("add.s64", "whole numbers", {"integer": 2}),
        ("mul.lo.s64", "whole numbers", {"integer": 4}),
        ("mad.lo.s32", "whole numbers", {"integer": 1}),
        ("mul.wide.s32", "whole numbers", {"integer": 1}),
        ("and.pred", "whole numbers", {"integer": 1}),
        ("shl.b64", "whole numbers", {"integer": 2}),
        ("ld.param.u64", "moves and signs", {}),
        ("ld.global.nc.v4.f32", "loads and stores", {"memory": 1}),
        ("bar.sync", "barriers", {"control": 1}),
        ("bra.uni", "branches", {"control": 1}),
        ("tcgen05.something", "others", {"integer": 1}),
    ],
)
def test_operations(operation: str, kind: str, units: dict[str, int]) -> None:
    assert classified(operation) == (kind, units)


def test_what_tests_ask_of_the_text() -> None:
    assert not uses_double(kernel("mov.f32 %f1, 0f3F800000;").replace(".reg .f64 %fd<4>;", ""))
    assert not uses_double(KERNEL.replace(".reg .f64 %fd<4>;", "")), "comments do not count"
    assert uses_double(kernel("ret;")), "a register"
    assert uses_double(kernel("mov.b64 %rd1, 0d3FF0000000000000;").replace(".reg .f64 %fd<4>;", "")), "a number"
    assert local_bytes(KERNEL) == Local(64, 0, 4)
    assert not local_bytes(kernel("ld.f32 %f1, [%rd1];")), "no local memory is declared: global"
    assert local_bytes(kernel(".local .b8 a[8];\nld.v2.f32 {%f1, %f2}, [%rd1];")) == Local(8, 8, 0)
    loose = kernel("ex2.approx.ftz.f32 %f1, %f1;\ndiv.full.f32 %f1, %f1, %f2;\nadd.ftz.f32 %f1, %f1, %f2;")
    assert approximations(loose) == {"ex2.approx.ftz.f32": 1, "div.full.f32": 1, "add.ftz.f32": 1}
    assert approximations(KERNEL) == {}
    free = kernel("mul.f32 %f1, %f2, %f3;\nadd.rn.f32 %f1, %f1, %f2;\nadd.f32 %f1, %f1, %f2;\nadd.s32 %r1, %r1, 1;")
    assert contractions(free) == ["mul.f32 %f1, %f2, %f3", "add.f32 %f1, %f1, %f2"]
    assert parse(KERNEL).shared_bytes == 64
