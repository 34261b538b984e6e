"""Formal languages: say what may come next (`embedded_reber`, `a_n_b_n`, `a_n_b_n_c_n` by `counting`), or whether a
string belongs (`tomita`, `parity`). Read `tomita` first.
"""
