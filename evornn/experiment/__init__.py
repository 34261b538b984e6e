"""Runs as data: a TOML spec, the ask / evaluate / tell loop with exact budgets, and a run directory that survives a crash."""
