"""The text of whole kernels: who calls what, in which order, around what `emit` writes.

Read `episode` first: start, the loop over steps, finish. `backprop` goes the same way back, `function` makes any traced
function a kernel.
"""
