"""Formal languages: say what may come next (`embedded_reber`, `a_n_b_n`, `a_n_b_n_c_n` and
`a_n_b_n_c_b_m_a_m` by `counting`, `dyck`), or whether a
string belongs (`tomita`, `parity`). Read `tomita` first.
"""
