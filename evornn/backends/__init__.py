"""Module to numbers: the oracle in NumPy, SIMD kernels on the CPU, CUDA, and single steps with their Jacobians."""
