"""Compiled GPU kernels read without a GPU: what `evornn kernel --backend cuda --cc` and the tests ask of them.

Read `report` first. `listing` finds instructions that no kernel may have, `resources` registers and spills, `occupancy`
how many warps a multiprocessor holds.
"""
