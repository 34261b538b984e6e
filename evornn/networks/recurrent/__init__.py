"""Simple recurrent networks: every unit a weighted sum and an activation. Read `fully_recurrent` and `elman` first.

`jordan` and `narx` feed outputs back, `rmlp` has layers, `fir_net` filters as synapses, `second_order` products,
`masked` a topology that evolves.
"""

TITLE = "classic"
