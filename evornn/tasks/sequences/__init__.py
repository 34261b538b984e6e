"""Sequences with something to remember. Read `adding` first; `multiplication` is its variant, `noise_free_lag` and
`temporal_order` come from the same paper, `copy`, `repeat_copy` and
`associative_recall` from that on neural Turing machines, `delayed_xor` and `digits` from elsewhere.
"""
