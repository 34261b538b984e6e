"""Graph to module: what every backend runs is written, compiled and kept here.

`memory_plan` says where numbers live, `layout` what lanes hold, `specialization` what a kernel is compiled for,
`target` how intrinsics are spelt. `programs` writes whole kernels by `emit`, over the intrinsics of `simd` or `cuda`,
which share the mathematics of `lanes`. Read `module_cache` first, then `programs.episode`; `cache_folder` and
`object_code` keep compiled code, `host` knows the processor.
"""
