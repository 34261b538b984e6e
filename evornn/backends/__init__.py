"""Module to numbers: everything that can evaluate a simulation, each a `Backend`.

Read `base` first, then `reference`, the oracle: the formulas read by NumPy in float64. `cpu` runs SIMD kernels in
threads (`cpu_kernel`, `threads`, `memory`), `cpu_gradient` and `cpu_tangent` differentiate, `cuda` runs on a GPU,
`select` chooses by name. `stepwise` and `step_jacobians` take single steps, for online learning and analysis;
`interpreter` reads a graph with an array library.
"""
