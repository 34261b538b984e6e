"""Core of all searches, and all that a family of searches may import.

Read `search` first: ask, tell, exact budgets, states that resume bit for bit. `types`, `checks`, `memory` are for every
search; `restarts`, `step_sizes`, `shaping`, `optimizers`, `operators`, `inversion`, `streams`, `nested` for those that
need them; `registry` is filled above.
"""
