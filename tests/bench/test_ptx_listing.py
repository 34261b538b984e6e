"""PTX as text: its instructions, and what tests ask of a kernel's text."""

from __future__ import annotations

import pytest

from evornn.bench.ptx.listing import Local, approximations, contractions, local_bytes, parse, uses_double
from evornn.errors import EvornnError
from tests.bench.ptx_examples import KERNEL, REGISTERS, kernel


def test_functions_branches_and_predicates_are_read() -> None:
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
    assert [i.operation for i in listing.instructions] == [
        "ld.param.f32", "sqrt.rn.f32", "st.param.f32", "ret",
        "brx.idx", "add.rn.f32", "st.param.f32", "call.uni", "ld.param.f32", "setp.lt.f32", "bra", "ret",
    ]  # fmt: skip
    assert len(parse(KERNEL).instructions) == 26


def test_text_that_is_no_ptx_is_refused() -> None:
    with pytest.raises(EvornnError, match="no PTX"):
        parse("define void @kernel()")
    with pytest.raises(EvornnError, match="inside a function"):
        parse(kernel("ret;")[:-3])


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
