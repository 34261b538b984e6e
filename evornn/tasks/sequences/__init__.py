"""Sequences with something to remember. Read `adding` first; `multiplication` is its variant, `noise_free_lag` and
`temporal_order` come from the same paper, `delayed_xor` and `digits` from elsewhere.
"""
