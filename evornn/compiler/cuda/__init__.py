"""The GPU as target: the text of the CPU's kernels, its intrinsics functions of one thread's numbers.

Read `device` first, the one door to numba-cuda, then `source`, which writes a module, and `layout`, which says what
threads do. `target` spells intrinsics, `intrinsics` writes them by `algebra`, `loops` and `primitives`, `far_angle`
one, `transfers` are the kernels around a simulation, `types` what is on a device, `assembler` makes machine code
without a driver.
"""
