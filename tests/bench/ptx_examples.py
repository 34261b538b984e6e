"""PTX for the tests of its readers."""

from __future__ import annotations

HEAD = ".version 8.0\n.target sm_80\n.address_size 64\n"
REGISTERS = ".reg .pred %p<9>;\n.reg .f32 %f<20>;\n.reg .f64 %fd<4>;\n.reg .b32 %r<20>;\n.reg .b64 %rd<20>;\n"


def kernel(body: str, before: str = "") -> str:
    return (
        f"{HEAD}{before}.visible .entry kernel(.param .u64 kernel_0, .param .u32 kernel_1)\n{{\n{REGISTERS}{body}\n}}\n"
    )


KERNEL = kernel(
    """
	.local .align 16 .b8 	__local_depot0[64];
	.shared .align 4 .f32 weights[8][2];
	ld.param.u64 	%rd1, [kernel_0]; // an .f64 in a comment
	ld.param.u32 	%r1, [kernel_1];
	mov.u32 	%r2, %tid.x;
$L_individuals:
	ld.global.f32 	%f1, [%rd1];
	mov.u32 	%r3, 0;
$L_steps:
	mov.u32 	%r4, 4;
$L_units:
	ld.shared.v2.f32 	{%f2, %f3}, [%rd2+8];
	fma.rn.f32 	%f1, %f2, %f3, %f1;
	add.s32 	%r4, %r4, -1;
	setp.ne.s32 	%p1, %r4, 0;
	@%p1 bra 	$L_units;

	div.rn.f32 	%f1, %f1, %f4;
	setp.leu.f32 	%p2, %f1, 0fC0A00000;
	@%p2 bra 	$L_done;

	setp.lt.f32 	%p3, %f1, 0f00000000;
	@%p3 bra 	$L_usual;
	sqrt.rn.f32 	%f1, %f1;
	st.local.f32 	[%rd3], %f1;

$L_usual:
	add.s32 	%r3, %r3, 1;
	setp.lt.s32 	%p4, %r3, %r1;
	@%p4 bra 	$L_steps;

$L_done:
	st.global.f32 	[%rd1], %f1;
	add.s64 	%rd1, %rd1, %rd4;
	setp.lt.s64 	%p5, %rd1, %rd5;
	@%p5 bra 	$L_individuals;
	ret;
"""
)
