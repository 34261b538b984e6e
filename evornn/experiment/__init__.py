"""Runs: a TOML spec, the ask / evaluate / tell loop with exact budgets, a run directory that survives a crash."""
