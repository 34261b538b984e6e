"""Graph to text: statements over intrinsics, the same for all targets.

Read `values` (what text is made of), then `body`, which puts the emitter together: `core` has leaves, elementwise
operations and loops, `structure` slices, reductions and noise, `uniform` whole numbers, `products` matrix-vector
products, `accumulation` what adds to gradients.
"""
