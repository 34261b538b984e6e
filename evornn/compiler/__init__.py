"""Graph to module: what every backend runs is written, compiled and kept here.

`memory_plan` says where numbers live, `layout` what lanes hold, `specialization` what a kernel is compiled for,
`target` how intrinsics are spelt. `programs` writes whole kernels by `emit`, over the intrinsics of `simd` or `cuda`,
which share the mathematics of `lanes`. Read `object_code` first, which loads kernels and calls them, then
`programs.episode`; `module_cache` names kernels, `cache_folder` keeps them, `host` knows the processor.
"""
