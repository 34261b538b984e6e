"""Time series to predict, then to go on with. Read `mso` first, the shortest; `base` has what they share.
`mackey_glass`, `lorenz` and `narma10` are computed, `sunspots` and `co2` are real data.
"""
