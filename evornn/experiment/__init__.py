"""Runs: the loop of ask, evaluate and tell, with exact budgets, in a directory that survives a crash.

Read `run` first. `driver` talks with the search, `verification` tests champions in float64, `validation` compares the
best on unseen episodes, `duplicates` counts genomes asked again, `estimate` and `pilot` foretell time and memory,
`launch` begins from a spec and resumes.
"""
