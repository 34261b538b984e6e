"""Graph to text: statements over intrinsics, the same for all targets.

Read `values` (what text is made of), then `body`, which puts the emitter together: `places` has names and leaves,
`core` elementwise operations and loops, `structure` slices, reductions and noise, `uniform` whole numbers, `products`
those of matrices, `accumulation` what adds to gradients.
"""
