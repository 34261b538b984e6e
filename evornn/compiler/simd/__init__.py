"""The CPU as target: vectors of lanes and their intrinsics, as LLVM instructions.

Read `vector` first, the Numba type and its algebra, then `intrinsics`, what emitted kernels are written in for one
precision, number of lanes and layout. `products` and `outer_products` are the inner loops, `loops` what
programs over arrays are made of, `gathers` the rest, `builder` and `llvm` the tools, `far_angles` a detour.
"""
